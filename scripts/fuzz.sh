#!/usr/bin/env bash
# Fuzzes the readers of files with libFuzzer and AddressSanitizer: scripts/fuzz.sh [SECONDS a reader] [READER…]
#
# Built in .build-fuzz, so that the ordinary build stays as it is. New inputs of interest go to .build-fuzz/corpus, faults to
# .build-fuzz/faults; Fuzzing/Corpus holds the small corpus that is kept.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-10}
shift || true
WINNOW_FUZZING=1 swift build -c release --product WinnowFuzz --scratch-path .build-fuzz \
    -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld
fuzzer=.build-fuzz/release/WinnowFuzz
readers=("$@")
if [ ${#readers[@]} -eq 0 ]; then
    for folder in Fuzzing/Corpus/*/; do readers+=("$(basename "$folder")"); done
fi

# libFuzzer reports a trap itself; Swift's backtracer would only wait for it.
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
for reader in "${readers[@]}"; do
    mkdir -p ".build-fuzz/corpus/$reader" ".build-fuzz/faults/$reader"
    echo "fuzzing $reader for $seconds s"
    "$fuzzer" "$reader" -max_total_time="$seconds" -timeout=5 -malloc_limit_mb=66 -rss_limit_mb=2048 -max_len=8192 \
        -artifact_prefix=".build-fuzz/faults/$reader/" -print_final_stats=1 -print_funcs=0 -verbosity=0 \
        ".build-fuzz/corpus/$reader" "Fuzzing/Corpus/$reader"
done
