#!/bin/sh
# Which lines of src/ the inputs reach, in a table a file: fuzz/coverage.sh [TARGET...]
# Counts what lies in corpus/ and target/grown/. Needs g++, and `rustup component add llvm-tools`.
set -eu
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- read decode follow write query

host=$(rustc -vV | sed -n 's/^host: //p')
tools=$(rustc --print sysroot)/lib/rustlib/$host/bin
RUSTFLAGS="-Cinstrument-coverage --cfg fuzzing" cargo build --quiet --locked --release --target "$host" --target-dir target/coverage

rm -f target/coverage/*.profraw
programs=
for target; do
    mkdir -p "target/grown/$target"
    program=target/coverage/$host/release/$target
    LLVM_PROFILE_FILE=target/coverage/$target.profraw "$program" -runs=0 "corpus/$target" "target/grown/$target" > /dev/null 2>&1
    programs="$programs ${programs:+-object} $program"
done
"$tools/llvm-profdata" merge -sparse target/coverage/*.profraw -o target/coverage/all.profdata
# shellcheck disable=SC2086 # several words on purpose
"$tools/llvm-cov" report $programs -instr-profile=target/coverage/all.profdata \
    -ignore-filename-regex='/(registry|rustc|fuzz)/' -show-region-summary=false -show-branch-summary=false
