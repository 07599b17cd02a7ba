#!/bin/bash
# The floods of tests/floods against a release build, larger than in CI: benches/floods.sh [SIZE]
#
# SIZE connections (or segments; 1,000,000), in a network of its own; some minutes. Fails where memory passes its bound, or the
# file lacks a frame. docs/memory.md has the figures. It needs what tests/live needs: root, or user namespaces.
set -euo pipefail
cd "$(dirname "$0")/.."
FLOOD=${1:-1000000} cargo test --release --test floods -- --nocapture
