#!/usr/bin/env bash
# Runs the tests, which `make test` has built, with what they want to find in the environment. Options go to `swift test`.

source "$(dirname "$0")/lib.sh"

eval "$("$checkout/scripts/environment.sh")"
cd "$checkout"
output=$(mktemp)
trap 'rm -f "$output"' EXIT

# --disable-xctest: nothing here is XCTest, and its "Executed 0 tests" would read as if no test had run.
swift test -c release --skip-build --disable-xctest "$@" 2>&1 | tee "$output"
grep -q 'Test run with [1-9][0-9]* test.* passed' "$output" ||
    fail "no test was run: name at least one in ARGS=\"--filter …\", or build them with make test."
