#!/bin/sh
# Builds target/debian/tcpviz_VERSION_ARCH.deb from a clean clone: the program (with zstd), manual pages, completions, documentation, example
# captures. Needs what the README's first command installs, dpkg-dev, and cargo-deb (cargo install --locked cargo-deb).
# What is given is passed on to cargo-deb: packaging/deb.sh --deb-revision 2
set -eu
cd "$(dirname "$0")/.."
if ! command -v cargo-deb > /dev/null; then
    echo 'packaging/deb.sh: cargo-deb is missing: cargo install --locked cargo-deb' >&2
    exit 1
fi
# Cargo.toml names the files of the package below this folder.
export CARGO_TARGET_DIR=target
cargo build --locked --release --features zstd

made=target/packaging
tcpviz=target/release/tcpviz
mkdir -p "$made"
"$tcpviz" man > "$made/tcpviz.1"
"$tcpviz" man lab > "$made/tcpviz-lab.1"
for shell in bash zsh fish; do
    "$tcpviz" completions "$shell" > "$made/tcpviz.$shell"
done
cargo deb --locked --no-build "$@"
