"""The soak's judgement: states against the kernels', files against tcpdump's, endings against what was done, memory."""

import collections
import json
import struct
import zlib

import soak_traffic as traffic

KERNEL = {1: "ESTABLISHED", 2: "SYN-SENT", 3: "SYN-RECEIVED", 4: "FIN-WAIT-1", 5: "FIN-WAIT-2", 6: "TIME-WAIT", 7: "CLOSED",
          8: "CLOSE-WAIT", 9: "LAST-ACK", 11: "CLOSING", 12: "SYN-RECEIVED"}
NONE = (7, 0, 0, 0)
SECOND = 1_000_000_000
# Compared are connections of which nothing was captured for so long before the kernels were asked,
REST = 300_000_000
# nor so long after it: what was under way has arrived by then.
AFTER = 50_000_000
# TIME-WAIT and a closed socket's FIN-WAIT-2 end about then; neither is compared in between.
MINUTE = (58 * SECOND, 64 * SECOND)


class Entry:
    """A connection as tcpviz tells it."""

    __slots__ = ("number", "client", "server", "states", "certainty", "frame", "last", "newest", "flags",
                 "has_error", "noted")

    def __init__(self, number, client, server):
        self.number, self.client, self.server = number, client, server
        self.newest = {"client": 0, "server": 0}
        self.has_error = False
        # What was written of it already.
        self.noted = set()

    def take(self, line):
        self.states = line["client_state"], line["server_state"]
        self.certainty, self.frame, self.last = line["state_certainty"], line["frame"], line["time_ns"]
        self.newest[line["from"]] = self.last
        self.flags = line["flags"]


class Judge:
    def __init__(self, folder):
        self.begun, self.dropped, self.segments, self.ended = False, None, 0, None
        self.rest_of_lines = self.rest_of_lost = b""
        self.entries, self.by_number = {}, {}
        # (source, destination) to when the wire lost a segment last.
        self.lost = {}
        self.samples = collections.deque()
        self.tally = collections.Counter()
        self.wrong = {}
        self.connections = {}
        self.out = open(f"{folder}/states.jsonl", "w")

    def told(self):
        return (f"{self.segments} segments, {len(self.connections)} connections over, "
                f"{self.tally['agree']} states agree, {len(self.wrong)} connections don't")

    def take_lost(self, octets):
        *lines, self.rest_of_lost = (self.rest_of_lost + octets).split(b"\n")
        for line in lines:
            when, source, destination = line.decode().split(" ")
            self.lost[source, destination] = int(when)

    def take_lines(self, octets):
        *lines, self.rest_of_lines = (self.rest_of_lines + octets).split(b"\n")
        for line in lines:
            line = json.loads(line)
            taken = getattr(self, "take_" + line["type"], None)
            if taken:
                taken(line)

    def take_capture(self, line):
        self.begun = True

    def take_end(self, line):
        self.dropped, self.ended = line["dropped"], line["segments"]

    def take_segment(self, line):
        self.segments += 1
        while self.samples and line["time_ns"] > self.samples[0][1] + 4 * AFTER:
            self.compare(*self.samples.popleft())
        number = line["connection"]
        entry = self.by_number.get(number)
        if entry is None:
            client, server = (line["src"], line["dst"])[:: 1 if line["from"] == "client" else -1]
            before = self.entries.get((client, server))
            if before:
                self.by_number.pop(before.number, None)
            entry = self.by_number[number] = self.entries[client, server] = Entry(number, client, server)
        entry.take(line)

    def take_revision(self, line):
        entry = self.by_number.get(line["connection"])
        if entry and entry.frame == line["frame"]:
            entry.states = line["client_state"], line["server_state"]

    def take_connection(self, line):
        ending = line["ending"]
        causes = ending.get("causes") or []
        ids, certainty = tuple(cause["id"] for cause in causes), causes[0]["certainty"] if causes else None
        self.connections[line["connection"]] = (
            line["client"], line["server"], ending["kind"], ids, certainty, line["client_bytes"], line["server_bytes"])

    def take_icmp(self, line):
        entry = self.by_number.get(line["connection"])
        if entry:
            entry.has_error = True

    def sample(self, before, after, sockets):
        self.samples.append((before, after, sockets))

    def compare(self, before, after, sockets):
        """What both kernels had between `before` and `after`; all segments until some time later are taken."""
        for entry in list(self.entries.values()):
            if entry.last > before - REST:
                self.tally["not at rest"] += 1
                continue
            age = before - entry.last
            ends = entry.client, entry.server
            for side in (0, 1):
                self.compare_end(before, age, entry, side, sockets[side].get(ends[:: 1 - 2 * side], NONE))
            # By then a TIME-WAIT is over, and whoever got no answer has given up.
            if age > (3 if set(entry.states) <= {"CLOSED", "LISTEN"} else 130) * SECOND:
                del self.entries[ends]
                self.by_number.pop(entry.number, None)
        for own, peer in sockets[0]:
            # One that is bound and not yet connected has no peer.
            if (own, peer) not in self.entries and sockets[0][own, peer][0] != 6 and not peer.endswith(":0"):
                self.tally["unknown to tcpviz"] += 1
                self.out.write(json.dumps(dict(unknown=[own, peer], kernel=sockets[0][own, peer])) + "\n")
        for ends in [ends for ends, when in self.lost.items() if when < before - 300 * SECOND]:
            del self.lost[ends]

    def compare_end(self, before, age, entry, side, socket):
        kernel, told = KERNEL[socket[0]], entry.states[side]
        told = "CLOSED" if told == "LISTEN" else told
        if told == "TIME-WAIT" and age > MINUTE[0]:
            if age < MINUTE[1]:
                return
            told = "CLOSED"
        if kernel == told:
            self.tally["agree"] += 1
            self.tally["agree", "client" if side == 0 else "server", entry.certainty] += 1
            return
        why = self.excuse(entry, side, kernel, told, socket, age)
        self.tally[("differ", "client" if side == 0 else "server", kernel, told, entry.certainty, why)] += 1
        kind = kind_of(entry.server)
        line = dict(at=before, side=side, kernel=kernel, told=entry.states, certainty=entry.certainty, why=why, kind=kind,
                    client=entry.client, server=entry.server, number=entry.number, frame=entry.frame, age=age / SECOND,
                    flags=entry.flags, socket=socket)
        if why == "unexplained":
            self.wrong.setdefault((entry.client, entry.server, entry.number), line)
        if (side, kernel, told) not in entry.noted:
            entry.noted.add((side, kernel, told))
            self.out.write(json.dumps(line) + "\n")

    def excuse(self, entry, side, kernel, told, socket, age):
        """Why no observer on the client's host can know better (docs/states.md); else `unexplained`."""
        kind = kind_of(entry.server)
        if kernel == "CLOSED" and (kind.startswith("wire dies") or kind in ("never answered", "unreachable")):
            return "given up without a segment"
        if kernel == "CLOSED" and kind == "peer forgets" and side == 1:
            return "forgotten without a segment"
        if (kernel, told) == ("CLOSED", "SYN-SENT") and entry.has_error:
            return "Linux gives up at an ICMP error"
        if kernel == "CLOSED" and told == "FIN-WAIT-2" and age > MINUTE[0]:
            return "tcp_fin_timeout"
        queued = {("FIN-WAIT-1", "ESTABLISHED"), ("LAST-ACK", "CLOSE-WAIT"), ("CLOSING", "CLOSE-WAIT")}
        if (kernel, told) in queued and socket[3] > 1:
            return "FIN in its sender's queue"
        if side == 1:
            for name, ends in (("client", (entry.client, entry.server)), ("server", (entry.server, entry.client))):
                if self.lost.get(ends, 0) > entry.newest[name] - AFTER:
                    return f"the {name}'s newest segment was lost"
            ways = {"CLOSING": 0, "TIME-WAIT": 0, "LAST-ACK": 1, "CLOSED": 1}
            other_way = {ways.get(kernel), ways.get(told)} == {0, 1}
            if other_way and entry.certainty == "presumed" and (entry.server, entry.client) in self.lost:
                return "a segment of the server's was lost: whether the FINs crossed can't be told"
        return "unexplained"

    def compared(self, demand):
        """Tells; the connections that are to be looked at."""
        for key in sorted((key for key in self.tally if key[0] == "agree" and key != "agree"), key=str):
            print(f"{self.tally[key]:9} agree    {key[1]:7} {key[2]}")
        for key in sorted((key for key in self.tally if key[0] == "differ"), key=lambda key: -self.tally[key]):
            _, side, kernel, told, certainty, why = key
            print(f"{self.tally[key]:9} differ   {side:7} {certainty:9} kernel {kernel:12} tcpviz {told:12} {why}")
        print(f"{self.tally['not at rest']:9} not compared: segments came")
        for line in list(self.wrong.values())[:20]:
            print("  ", json.dumps(line))
        self.out.flush()
        proven = [line for line in self.wrong.values() if line["certainty"] == "proven"]
        demand(self.tally["agree"] > 0, f"states were compared: {self.tally['agree']} agree")
        demand(not proven, f"no proven state that the kernel contradicts: {len(proven)}")
        demand(not self.wrong, f"no other state that the kernel contradicts, if it can be known: {len(self.wrong)}")
        unknown = self.tally["unknown to tcpviz"]
        demand(not unknown, f"no socket of the client's that tcpviz doesn't know: {unknown}")
        return list(self.wrong)[:20]


def kind_of(server):
    port = int(server.rsplit(":", 1)[1])
    return traffic.ALL[port].name if port in traffic.ALL else "?"


class Memory:
    """A process's figures over time."""

    def __init__(self, name):
        self.name, self.samples, self.processor = name, [], 0
        self.threads = self.files = 0

    def add(self, now, kilobytes, processor, threads, files):
        self.samples.append((now, kilobytes["VmRSS"], kilobytes["RssAnon"], kilobytes["VmHWM"]))
        self.processor = processor
        self.threads, self.files = max(self.threads, threads), max(self.files, files)

    def told(self):
        _, resident, anonymous, peak = self.samples[-1] if self.samples else (0, 0, 0, 0)
        return (f"{self.name}: {resident} kB resident ({anonymous} anonymous, peak {peak}), {self.processor:.1f} s, "
                f"{self.threads} threads, {self.files} files")

    def judge(self, demand):
        if len(self.samples) < 8:
            return demand(False, f"{self.name}: memory was looked at")
        last = self.samples[-1][0]
        warm = min(600, last / 2)
        steady = [sample for sample in self.samples if sample[0] >= warm]
        quarter = len(steady) // 4
        print(self.told())
        for column, words in ((1, "resident"), (2, "anonymous")):
            values = [sample[column] for sample in steady]
            first, final = (sum(part) / len(part) for part in (values[:quarter], values[-quarter:]))
            slope = slope_of([(sample[0], sample[column]) for sample in steady]) * 3600
            told = (f"{self.name}: {words} memory {first:.0f} kB in the first quarter after {warm:.0f} s, {final:.0f} kB in the last; "
                    f"regression {slope:+.0f} kB an hour")
            print("  ", told)
            if last >= 1800:
                demand(final - first <= max(1024, first * 0.03), told)
        print(f"   {self.processor / last * 100:.1f} % of a processor")


def slope_of(points):
    """Of the least squares' line."""
    count = len(points)
    x, y = (sum(point[at] for point in points) / count for at in (0, 1))
    spread = sum((point[0] - x) ** 2 for point in points)
    return sum((point[0] - x) * (point[1] - y) for point in points) / spread if spread else 0


class Captured:
    def __init__(self):
        self.segments = self.octets = self.sum = 0
        self.by_connection = collections.Counter()


def captured(path):
    """The TCP segments of a capture file of raw IP packets: how many, octets, a sum of checksums whatever their order."""
    file = Captured()
    with open(path, "rb", 1 << 20) as stream:
        header = stream.read(24)
        order = "<" if header[0] in (0xD4, 0x4D) else ">"
        record = struct.Struct(order + "IIII")
        while len(head := stream.read(16)) == 16:
            packet = stream.read(record.unpack(head)[2])
            tcp, ends = traffic.Wire.ends(packet)
            if tcp is None:
                continue
            file.segments += 1
            file.octets += len(packet)
            file.sum += zlib.crc32(packet)
            file.by_connection[ends[:2] if ends[0] < ends[1] else ends[1::-1]] += 1
    return file


def compare_captures(one, other):
    """How they differ, or None."""
    if (one.segments, one.octets, one.sum) == (other.segments, other.octets, other.sum):
        return None
    differ = [(ends, one.by_connection[ends], other.by_connection[ends])
              for ends in one.by_connection | other.by_connection if one.by_connection[ends] != other.by_connection[ends]]
    return f"{one.segments} and {other.segments} segments; {len(differ)} connections differ: {differ[:5]}"


def connection_filter(key):
    def host_and_port(end):
        address, port = end.rsplit(":", 1)
        return f"host {address.strip('[]')} and tcp port {port}"

    return f"{host_and_port(key[0])} and {host_and_port(key[1])}"


def read_lines(folder):
    """(client, server) to what each side did, in the order of time."""
    done = {"client": collections.defaultdict(list), "server": collections.defaultdict(list)}
    for side in done:
        with open(f"{folder}/{side}.jsonl") as lines:
            for line in lines:
                line = json.loads(line)
                # Its port was still in use: no SYN was sent.
                if line["error"] == "EADDRNOTAVAIL":
                    continue
                done[side][line["client"], line["server"]].append(line)
    for lines in (*done["client"].values(), *done["server"].values()):
        lines.sort(key=lambda line: line["began"])
    return done


def ended(judge, done, demand):
    """A table of endings by kind; payload as sent and as told."""
    told = collections.defaultdict(list)
    for number in sorted(judge.connections):
        connection = judge.connections[number]
        told[connection[:2]].append((number, *connection[2:]))
    table = collections.defaultdict(collections.Counter)
    expected, missing, more = collections.Counter(), 0, 0
    payload = collections.Counter()
    certain = []
    for ends, lines in done["client"].items():
        connections = told.get(ends, [])
        if len(connections) < len(lines):
            missing += 1
            print("  missing:", ends, len(connections), "of", len(lines))
        more += len(connections) > len(lines)
        servers = done["server"].get(ends, [])
        for at, (line, connection) in enumerate(zip(lines, connections)):
            number, kind, causes, certainty, *octets = connection
            words = f"{kind}:{causes[0]}" if causes else kind
            wanted = next(it for it in traffic.ALL.values() if it.name == line["kind"]).endings
            # Where the wire looks the same, the right cause need not be the first.
            is_wanted = kind in wanted or any(f"{kind}:{cause}" in wanted for cause in causes)
            expected[line["kind"], is_wanted] += 1
            table[line["kind"]][f"{words} ({certainty})" if certainty else words] += 1
            if not is_wanted and certainty == "certain":
                certain.append((number, ends, line["kind"], words))
            if len(servers) == len(lines) == len(connections):
                check_payload(payload, number, line, servers[at], kind, octets)
    for name, counts in table.items():
        right, wrong = expected[name, True], expected[name, False]
        print(f"{right + wrong:7} {name:32} {right} as expected;",
              ", ".join(f"{count} {words}" for words, count in counts.most_common(8)))
    print("payload:", dict(payload))
    for it in certain[:20]:
        print("   certain and other than expected:", it)
    all_right, all_wrong = (sum(count for (_, right), count in expected.items() if right is which) for which in (True, False))
    demand(not missing, f"each connection that was made is told: {missing} aren't")
    demand(not more, f"none is told twice: {more} are")
    demand(all_wrong <= 0.02 * all_right, f"endings as expected, but for what the loss changed: {all_right}, {all_wrong} otherwise")
    demand(not payload["other than sent"], f"payload as both senders counted: {payload['as sent']} connections, "
           f"{payload['octets']} octets; {payload['other than sent']} otherwise")
    demand(judge.ended == judge.segments, f"the end line's count of segments: {judge.ended}")


def check_payload(payload, number, client, server, kind, octets):
    sent = [client["sent"], server["sent"]]
    if kind in ("orderly", "simultaneous"):
        is_right = octets == sent
    else:
        # What was thrown away unsent isn't on the wire.
        is_right = octets[0] <= sent[0] and octets[1] <= sent[1]
    payload["as sent" if is_right else "other than sent"] += 1
    payload["octets"] += sum(octets)
    if not is_right:
        print("   payload:", number, client["client"], client["server"], client["kind"], "sent", sent, "told", octets)
