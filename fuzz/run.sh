#!/bin/sh
# Fuzzes every target, or those named, for so many seconds each: fuzz/run.sh SECONDS [TARGET...]
# Needs g++ (Debian: g++) for libFuzzer, and nothing but the stable toolchain. What it finds lies in fuzz/found/TARGET, and
# is run again with: fuzz/run.sh 0 TARGET
set -eu
cd "$(dirname "$0")"
seconds=${1:?'how many seconds for each target? fuzz/run.sh 60'}
shift
[ $# -gt 0 ] || set -- read decode follow write query

host=$(rustc -vV | sed -n 's/^host: //p')
# Coverage for libFuzzer by LLVM's own pass: what cargo-fuzz takes from a nightly toolchain.
coverage='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters'
coverage="$coverage -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
RUSTFLAGS="$coverage --cfg fuzzing -Ccodegen-units=1" cargo build --quiet --locked --release --target "$host"

for target; do
    mkdir -p "corpus/$target" "found/$target" "target/grown/$target"
    fuzzer=target/$host/release/$target
    printf '== %s\n' "$target"
    if [ "$seconds" -eq 0 ]; then
        # Each input once: the corpus, and what was found.
        "$fuzzer" -runs=0 -rss_limit_mb=2048 -timeout=10 "corpus/$target" "found/$target" 2>&1 | tail -n 3
        continue
    fi
    # What grows goes into target/; corpus/ keeps only what was chosen (fuzz/merge.sh).
    "$fuzzer" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -max_len=16384 -print_final_stats=1 \
        -artifact_prefix="found/$target/" "target/grown/$target" "corpus/$target" > "target/$target.log" 2>&1 ||
        { tail -n 40 "target/$target.log"; echo "fuzz/run.sh: $target found something: see fuzz/found/$target" >&2; exit 1; }
    grep -E 'cov:' "target/$target.log" | tail -n 1
    grep -E 'number_of_executed_units|peak_rss' "target/$target.log"
done
