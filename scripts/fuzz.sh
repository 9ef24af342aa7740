#!/usr/bin/env bash
# Fuzzes the readers of files with libFuzzer and AddressSanitizer.
#
#   scripts/fuzz.sh [SECONDS] [READER…]    each reader for so long, 10 s if nothing is said; all of them unless some are named
#   JOBS=2 scripts/fuzz.sh 60 recipe gguf  two at a time
#   scripts/fuzz.sh --counts               executions and seconds of each reader, of all runs here
#
# Built in .build-fuzz, so that the ordinary build stays as it is. New inputs of interest go to .build-fuzz/corpus, faults to
# .build-fuzz/faults; Fuzzing/Corpus holds the small corpus that is kept. Fails where a reader does.
source "$(dirname "$0")/lib.sh"
cd "$checkout"

counts=.build-fuzz/counts
if [ "${1-}" = --counts ]; then
    awk '{ runs[$1] += $2; time[$1] += $3 } END { for (r in runs) printf "%-12s %12d %7d s\n", r, runs[r], time[r] }' "$counts" | sort
    exit
fi

# What each program reads: Fuzzing/Programs.
program() {
    case $1 in
        recipe | claims) echo WinnowFuzzRecipes ;;
        losses | report) echo WinnowFuzzReports ;;
        *) echo WinnowFuzz ;;
    esac
}

# One reader: libFuzzer's words go to .build-fuzz/logs, and its count of executions to .build-fuzz/counts.
fuzz() {
    local reader=$1 seconds=$2 status=0 log=.build-fuzz/logs/$1
    mkdir -p ".build-fuzz/corpus/$reader" ".build-fuzz/faults/$reader" .build-fuzz/logs
    # -timeout is for what never ends: what takes a second of processor time is reported by the harness.
    ".build-fuzz/release/$(program "$reader")" "$reader" -max_total_time="$seconds" -timeout=60 -malloc_limit_mb=65 \
        -rss_limit_mb=2048 -dict="Fuzzing/Dictionaries/$reader" -artifact_prefix=".build-fuzz/faults/$reader/" -print_final_stats=1 \
        -print_funcs=0 ".build-fuzz/corpus/$reader" "Fuzzing/Corpus/$reader" >"$log" 2>&1 || status=$?
    awk -v reader="$reader" -v counts="$counts" '/^Done / { time = $5 } /number_of_executed_units/ { runs = $2 }
        END { if (runs) { print reader, runs, time >> counts; printf "%-12s %d executions in %d s\n", reader, runs, time } }' "$log"
    [ $status = 0 ] || {
        tail -40 "$log"
        printf '%s failed (status %s): the whole of it is in %s, the input in .build-fuzz/faults/%s\n' "$reader" $status "$log" "$reader"
        return 1
    }
}
export -f fuzz program
export counts


seconds=${1:-10}
shift || true
readers=("$@")
if [ ${#readers[@]} -eq 0 ]; then
    for folder in Fuzzing/Corpus/*/; do readers+=("$(basename "$folder")"); done
fi
# All three programs at once, or those that are asked for.
export WINNOW_FUZZING=1
if [ ${#readers[@]} = "$(ls Fuzzing/Corpus | wc -l)" ]; then
    swift build -c release --scratch-path .build-fuzz
else
    for name in $(for reader in "${readers[@]}"; do program "$reader"; done | sort -u); do
        swift build -c release --product "$name" --scratch-path .build-fuzz
    done
fi

# libFuzzer reports a trap itself; Swift's backtracer would only wait for it.
export SWIFT_BACKTRACE=enable=no
# Short stacks, a small quarantine and no filling: three times as many executions. Run an input of .build-fuzz/faults without these.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:malloc_context_size=3:quarantine_size_mb=4:max_malloc_fill_size=0
printf '%s\n' "${readers[@]}" | xargs -P "${JOBS:-1}" -I {} bash -euo pipefail -c 'fuzz {} '"$seconds"
