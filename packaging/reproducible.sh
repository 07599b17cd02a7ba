#!/bin/sh
# Builds the program twice from clean clones of what is committed, in two folders, each with a home of cargo of its own, and compares them octet by
# octet. Takes two release builds. What is given is passed on to cargo: packaging/reproducible.sh --features zstd
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)

# Folders stand in the places that a panic tells, those of generated sources, too: they must be nobody's.
build() {
    home=$work/$1
    shift
    git clone -q "$work/committed" "$home/tcpviz"
    (
        cd "$home/tcpviz"
        CARGO_HOME=$home/cargo CARGO_TARGET_DIR=$home/target \
            RUSTFLAGS="--remap-path-prefix=$home=/build" \
            cargo build --locked --release "$@"
    )
    sha256sum < "$home/target/release/tcpviz"
}

# What is committed meanwhile is in neither.
git clone -q --bare . "$work/committed"
one=$(build one "$@")
other=$(build a/second/that-is-longer "$@")
echo "$one" "$other"
if [ "$one" != "$other" ]; then
    echo "packaging/reproducible.sh: the two differ; both are left below $work" >&2
    exit 1
fi
rm -rf "$work"
