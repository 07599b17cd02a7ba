#!/bin/sh
# Tries docs/fleet.md as it stands there: makes the connections of three hosts from captures/, then runs its SQL in DuckDB and in
# ClickHouse (chDB, the same engine in a process). Needs editcap, mergecap and capinfos (Debian: wireshark-common), and
# Python with duckdb and chdb:
#   python3 -m venv /tmp/fleet && /tmp/fleet/bin/pip install duckdb chdb
#   PYTHON=/tmp/fleet/bin/python docs/fleet/try.sh
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
tcpviz=${TCPVIZ:-$root/target/debug/tcpviz}
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# An hour of a host: these captures, a minute apart.
hour() {
    host=$1 hour=$2
    shift 2
    begin=$(date -u -d "$hour:00" +%s)
    for name; do
        begin=$((begin + 60))
        first=$(capinfos -Tra -S "$root/captures/$name.pcap" | cut -f2 | cut -d. -f1 | cut -d, -f1)
        editcap -t $((begin - first)) "$root/captures/$name.pcap" "part$begin.pcap"
    done
    mkdir -p "fleet/$host"
    mergecap -w "$host.pcap" part*.pcap
    rm part*.pcap
    "$tcpviz" -F json "$host.pcap" | grep '^{"type":"connection"' | gzip > "fleet/$host/$hour.jsonl.gz"
}

hour web-1 2026-11-20T08 orderly-close orderly-close.server-first linger-zero close-with-unread-data
hour web-1 2026-11-20T09 orderly-close close-with-unread-data close-with-unread-data.small close-with-unread-data.slow-reader
hour web-2 2026-11-20T08 orderly-close both-shutdown-wr article-002-question connection-refused
hour web-2 2026-11-20T09 article-002-question article-002-question-2writes article-002-question-60s fork-refcount-close
hour db-1 2026-11-20T08 orderly-close article-004-kill-child
hour db-1 2026-11-20T09 server-host-reboot server-host-reboot.close shutdown-rd.close-unread syn-timeout

# The code blocks below a heading.
sql() {
    awk -v heading="## $1" '/^## /{on = ($0 == heading)} /^```/{block = on && $0 == "```sql"; next} block' "$root/docs/fleet.md"
}

sql DuckDB > duckdb.sql
sql ClickHouse > clickhouse.sql
"$python" - "$root/docs/fleet.md" << 'PYTHON'
import re, sys

# The rows of every table on the page.
told = {tuple(cell.strip() for cell in line.split("│")[1:-1]) for line in open(sys.argv[1]) if "│" in line}

def statements(name):
    text = open(name).read()
    found = [one.strip() for one in re.split(r";\s*(?:\n|$)", text) if one.strip()]
    assert len(found) >= 3, f"{name}: {len(found)} statements"
    return found

def check(rows):
    missing = [row for row in rows if tuple(map(str, row)) not in told]
    assert rows and not missing, f"docs/fleet.md is old, it lacks {missing}"

import duckdb
print("DuckDB", duckdb.__version__)
with duckdb.connect() as fleet:
    for one in statements("duckdb.sql"):
        if one.startswith("SELECT"):
            fleet.sql(one).show(max_width=200, max_rows=100)
            check(fleet.sql(one).fetchall())
        else:
            fleet.execute(one)

from chdb.session import Session
with Session() as fleet:
    print("ClickHouse", fleet.query("SELECT version()", "TabSeparated").data().strip())
    for one in statements("clickhouse.sql"):
        if one.startswith("SELECT"):
            print(fleet.query(one, "PrettyCompactMonoBlock").data())
            check([row.split("\t") for row in fleet.query(one, "TabSeparated").data().splitlines()])
        else:
            fleet.query(one)
PYTHON
