#!/usr/bin/env bash
# Runs tests under sanitizers: memory and undefined behaviour, leaks, or data races.
#
#   scripts/sanitize.sh TorchTests ModelsTests    under AddressSanitizer, CTorch's C++ under UndefinedBehaviorSanitizer as well
#   scripts/sanitize.sh --leaks VerifyCommandTests    the same, and every process says at its end what was never freed
#   scripts/sanitize.sh --threads CorporaTests    under ThreadSanitizer; of the rooms without libtorch, which it can't see into
#
# What follows is a part of tests' names. Built in .build-address or .build-thread, or in SCRATCH, so that the ordinary build stays as
# it is. libtorch, the C libraries and Swift's own are not instrumented.
source "$(dirname "$0")/lib.sh"

sanitizer=address leaks=0
case ${1-} in
    --leaks) leaks=1 && shift ;;
    --threads) sanitizer=thread && shift ;;
esac
[ $# -gt 0 ] || fail "name a room's tests, such as TorchTests, or a part of a test's name."
eval "$("$checkout/scripts/environment.sh")"
cd "$checkout"
build=(--scratch-path "${SCRATCH:-.build-$sanitizer}" --sanitize "$sanitizer")
if [ $sanitizer = thread ]; then
    export WINNOW_WITHOUT_LIBTORCH=1
else
    # `vptr` and `function` need a C++ runtime of UBSan's that Swift's linker isn't given.
    build+=(-Xcxx -fsanitize=undefined -Xcxx -fno-sanitize=vptr,function)
fi
swift build --build-tests "${build[@]}"

filter=$(printf '|%s' "$@")
suppressions=$(mktemp)
trap 'rm -f "$suppressions"' EXIT
# An operator's handle lives as long as the process. What Foundation and the test library keep is theirs. No more than these: a name
# that stands in every stack, such as libswift's, would hide every leak.
printf 'leak:%s\n' ct_operator_find libFoundation lib_Foundation libTesting > "$suppressions"
# Swift's backtracer would wait for the sanitizer's report. libtorch allocates here and frees there.
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=$leaks:alloc_dealloc_mismatch=0:detect_stack_use_after_return=0
export LSAN_OPTIONS=suppressions=$suppressions:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=0:exitcode=66
swift test --skip-build --disable-xctest "${build[@]}" --filter "${filter:1}"
