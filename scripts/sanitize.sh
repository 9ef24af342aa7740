#!/usr/bin/env bash
# Runs rooms' tests under AddressSanitizer, and CTorch's C++ under UndefinedBehaviorSanitizer as well: scripts/sanitize.sh ROOM…
#
#   scripts/sanitize.sh Torch Models              every test of two rooms
#   LEAKS=1 scripts/sanitize.sh Training          and what was never freed, libtorch's own by name excepted
#
# Built in .build-asan, so that the ordinary build stays as it is. libtorch itself is not instrumented.
source "$(dirname "$0")/lib.sh"

[ $# -gt 0 ] || fail "name a room, such as Torch, or a part of a test's name."
eval "$("$checkout/scripts/environment.sh")"
cd "$checkout"
# `vptr` and `function` need a C++ runtime of UBSan's that Swift's linker isn't given.
build=(--scratch-path .build-asan --sanitize address -Xcxx -fsanitize=undefined -Xcxx -fno-sanitize=vptr,function)
swift build --build-tests "${build[@]}"

filter=$(printf '|%s' "$@")
suppressions=$(mktemp)
trap 'rm -f "$suppressions"' EXIT
printf 'leak:%s\n' libtorch libc10 libgomp libswift libFoundation lib_Foundation libdispatch libTesting > "$suppressions"
# Swift's backtracer would wait for the sanitizer's report. libtorch allocates here and frees there.
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=${LEAKS:-0}:alloc_dealloc_mismatch=0:detect_stack_use_after_return=0
export LSAN_OPTIONS=suppressions=$suppressions:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
swift test --skip-build --disable-xctest "${build[@]}" --filter "${filter:1}"
