#!/bin/bash
# An hour of mixed traffic, captured live and judged: benches/soak.sh [SECONDS] [--rate CONNECTIONS-A-SECOND]
#
# Works as root or where ordinary users may have namespaces; all traffic stays in two network namespaces. Needs python3, ip and
# tcpdump. What it leaves is in $TCPVIZ_SOAK, by default /tmp/tcpviz-soak (some 200 MB a capture file for an hour; there are three).
# docs/soak.md tells what it does and what came out. Ends with 1 if a criterion isn't met.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
for tool in python3 ip tcpdump; do
    command -v "$tool" > /dev/null || { echo "soak: $tool is needed (Debian: python3 iproute2 tcpdump)" >&2; exit 2; }
done
export PYTHONDONTWRITEBYTECODE=1
cargo build --release --locked --quiet --bin tcpviz
run=(python3 "$here/soak.py" --program "$PWD/target/release/tcpviz" --out "${TCPVIZ_SOAK:-/tmp/tcpviz-soak}" "$@")
if [ "$(id -u)" = 0 ]; then
    exec "${run[@]}"
fi
exec unshare --user --map-root-user "${run[@]}"
