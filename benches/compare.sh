#!/bin/bash
# tcpviz beside its peers on the same large captures: benches/compare.sh [RUNS]
#
# Makes the captures (under $TCPVIZ_BENCH, by default /tmp/tcpviz-bench; 2.4 GB), runs everything RUNS times (5) in turn, the
# files in the page cache, and prints medians and ratios. Installs nothing; what is missing is named and left out.
# docs/performance.md tells what came out, and what each line is for. For quiet figures nothing else may run.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-5}
dir=${TCPVIZ_BENCH:-/tmp/tcpviz-bench}
mkdir -p "$dir"

cargo build --release --bin tcpviz --example big_capture
tcpviz=$PWD/target/release/tcpviz
make=$PWD/target/release/examples/big_capture
[ -s "$dir/big.pcap" ] || "$make" "$dir/big.pcap" 7000
[ -s "$dir/tenth.pcap" ] || "$make" "$dir/tenth.pcap" 700
[ -s "$dir/small.pcap" ] || "$make" "$dir/small.pcap" 80
[ -s "$dir/large.pcap" ] || "$make" "$dir/large.pcap" 1000 --large
[ -s "$dir/big.pcap.gz" ] || gzip -1 -k "$dir/big.pcap"

for tool in tcpdump tshark tcptrace gzip; do
    command -v "$tool" > /dev/null || echo "missing: $tool (its lines are left out)"
done

# How long a command takes, in seconds, and its largest memory in kilobytes: one line, appended to a file.
cat > "$dir/measure.py" << 'PY'
import os, resource, subprocess, sys, time
begun = time.monotonic()
done = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
wall = time.monotonic() - begun
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "a") as out:
    print(f"{wall:.4f} {used.ru_utime + used.ru_stime:.4f} {used.ru_maxrss}", file=out)
sys.exit(done.returncode)
PY
command -v python3 > /dev/null || { echo "missing: python3, which measures"; exit 1; }

names=() commands=()
line() { # NAME TOOL COMMAND...
    local name=$1 tool=$2
    shift 2
    command -v "$tool" > /dev/null || return 0
    names+=("$name")
    commands+=("$(printf '%q ' "$@")")
    rm -f "$dir/$name.times"
}
b=$dir/big.pcap t=$dir/tenth.pcap s=$dir/small.pcap l=$dir/large.pcap
line cat cat cat "$b"
line tcpdump-copy tcpdump tcpdump -r "$b" -w /dev/null
line connections cargo "$tcpviz" -F connections "$b"
line tenth-connections cargo "$tcpviz" -F connections "$t"
line tenth-tcptrace tcptrace tcptrace -n -l "$t"
line tenth-tshark tshark tshark -q -z conv,tcp -r "$t"
line tenth-tcpdump-text tcpdump tcpdump -nn -r "$t"
line tenth-json cargo "$tcpviz" -F json "$t"
line tenth-tcpdump-format cargo "$tcpviz" -F tcpdump "$t"
line small-connections cargo "$tcpviz" -F connections "$s"
line small-json cargo "$tcpviz" -F json "$s"
line large-cat cat cat "$l"
line large-connections cargo "$tcpviz" -F connections "$l"
line gzip gzip gzip -dc "$b.gz"
line gzip-connections cargo "$tcpviz" -F connections "$b.gz"

cat "$b" "$t" "$s" "$l" "$b.gz" > /dev/null
for run in $(seq "$runs"); do
    for i in "${!names[@]}"; do
        eval "python3 '$dir/measure.py' '$dir/${names[$i]}.times' ${commands[$i]}"
    done
    echo "run $run of $runs done" >&2
done

median() { # NAME COLUMN
    [ -s "$dir/$1.times" ] || { echo "-"; return; }
    sort -n -k "$2" "$dir/$1.times" | awk -v column="$2" '{ value[NR] = $column } END { print value[int((NR + 1) / 2)] }'
}
echo
printf '%-22s %10s %10s %12s   (medians of %s)\n' command 'wall s' 'CPU s' 'memory MB' "$runs"
for name in "${names[@]}"; do
    printf '%-22s %10s %10s %12s\n' "$name" "$(median "$name" 1)" "$(median "$name" 2)" \
        "$(median "$name" 3 | awk '{ printf "%.1f", $1 / 1024 }')"
done
ratio() { # WORDS NAME OVER [FACTOR]
    local a b
    a=$(median "$2" 1) b=$(median "$3" 1)
    if [ "$a" = - ] || [ "$b" = - ]; then
        printf '%-76s %s\n' "$1" "not measured"
    else
        awk -v a="$a" -v b="$b" -v factor="${4:-1}" -v words="$1" 'BEGIN { printf "%-76s %.2f\n", words, a / b * factor }'
    fi
}
echo
ratio 'connections / tcpdump copy (goal: at most 0.35)' connections tcpdump-copy
ratio 'tshark -z conv,tcp / connections, on the tenth (goal: at least 150)' tenth-tshark tenth-connections
ratio 'tcptrace / connections, on the tenth (goal: at least 40)' tenth-tcptrace tenth-connections
ratio 'tcpdump -nn / json, on the tenth (goal: at least 5)' tenth-tcpdump-text tenth-json
ratio 'tcpdump -nn / --format tcpdump, on the tenth (goal: at least 5)' tenth-tcpdump-text tenth-tcpdump-format
ratio 'large segments: cat / connections (goal: at least 0.8)' large-cat large-connections
ratio 'gzip: connections / gzip -dc (goal: at most 1)' gzip-connections gzip
ratio 'growth: time a segment, 8.8 M / 0.1 M (goal: at most 1.3)' connections small-connections 0.0114286
echo 'The terminal UI: cargo bench --bench open; frames: cargo bench --bench frame'
