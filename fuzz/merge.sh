#!/bin/sh
# Chooses from what grew in target/grown, and from what is in corpus/, the few inputs that together cover as much: fuzz/merge.sh [TARGET...]
# Run fuzz/run.sh before, which builds the targets.
set -eu
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- read decode follow write query

host=$(rustc -vV | sed -n 's/^host: //p')
for target; do
    chosen=$(mktemp -d)
    "target/$host/release/$target" -set_cover_merge=1 -use_counters=0 -max_len=1024 "$chosen" "corpus/$target" "target/grown/$target" > "target/$target.merge.log" 2>&1
    rm -rf "corpus/$target"
    mkdir "corpus/$target"
    cp "$chosen"/* "corpus/$target"
    rm -rf "$chosen"
    printf '%s: %s inputs, %s octets\n' "$target" "$(ls "corpus/$target" | wc -l)" "$(cat "corpus/$target"/* | wc -c)"
done
