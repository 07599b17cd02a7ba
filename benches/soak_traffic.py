"""The soak's traffic: every way to end a connection, between real sockets of two hosts, and the lossy wire between them.

Used by benches/soak.py. Both ends know from the port which scenario is played, and from the client's port how much is sent.
"""

import asyncio
import ctypes
import errno
import heapq
import json
import os
import random
import select
import signal
import socket
import struct
import time

FIRST_PORT = 7000
REFUSED, SILENT, UNREACHABLE = 7900, 7901, 7902
HOSTS = {4: ("10.99.0.1", "10.99.0.2"), 6: ("fd99::1", "fd99::2")}
NOBODY = {4: "10.99.9.9", 6: "fd99:9::9"}
TCP_REPAIR = 19
# A scenario that takes longer has lost its peer without being told.
PATIENCE = 100


def size(rng):
    """Octets: mostly a segment, seldom up to a megabyte."""
    dice = rng.random()
    if dice < 0.005:
        return rng.randint(100_000, 1_000_000)
    if dice < 0.1:
        return rng.randint(1500, 40_000)
    return int(1500 ** rng.random())


class End:
    """One end of a connection, which counts what the kernel took and gave."""

    def __init__(self, sock, rng):
        self.sock, self.rng = sock, rng
        self.sent = self.received = 0
        self.loop = asyncio.get_running_loop()

    async def send(self, count):
        left = memoryview(bytes(count))
        while left:
            try:
                taken = self.sock.send(left[:65536])
            except BlockingIOError:
                ready = self.loop.create_future()
                self.loop.add_writer(self.sock, lambda: ready.done() or ready.set_result(None))
                try:
                    await ready
                finally:
                    self.loop.remove_writer(self.sock)
                continue
            self.sent += taken
            left = left[taken:]

    async def receive(self, count):
        while count > 0:
            got = await self.loop.sock_recv(self.sock, min(count, 65536))
            if not got:
                return
            self.received += len(got)
            count -= len(got)

    async def until_closed(self):
        while got := await self.loop.sock_recv(self.sock, 65536):
            self.received += len(got)

    async def readable(self):
        ready = self.loop.create_future()
        self.loop.add_reader(self.sock, lambda: ready.done() or ready.set_result(None))
        try:
            await ready
        finally:
            self.loop.remove_reader(self.sock)

    def no_more(self):
        self.sock.shutdown(socket.SHUT_WR)

    def abort(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def keep_alive(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in ((socket.TCP_KEEPIDLE, 3), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 3)):
            self.sock.setsockopt(socket.IPPROTO_TCP, option, value)

    def forget(self):
        """Closes without a segment, as a host does that loses its power."""
        self.sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)

    async def exchange(self, is_client, asked=None, answered=None):
        asked = size(self.rng) if asked is None else asked
        answered = size(self.rng) if answered is None else answered
        if is_client:
            await self.send(asked)
            await self.receive(answered)
        else:
            await self.receive(asked)
            await self.send(answered)


async def closes_first(end, is_client, first):
    await end.exchange(is_client)
    if is_client != first:
        await end.until_closed()


async def simultaneous(end, is_client):
    if is_client:
        when = time.monotonic() + 0.1
        await end.loop.sock_sendall(end.sock, struct.pack("d", when))
        end.sent += 8
    else:
        (when,) = struct.unpack("d", await end.loop.sock_recv(end.sock, 8))
        end.received += 8
    await asyncio.sleep(max(0, when - time.monotonic()))
    end.no_more()
    await end.until_closed()


async def half_closed(end, is_client, first):
    await end.exchange(is_client)
    if is_client == first:
        end.no_more()
        await end.until_closed()
    else:
        await end.until_closed()
        for _ in range(end.rng.randint(2, 8)):
            await asyncio.sleep(end.rng.uniform(0.2, 2))
            await end.send(500)


async def aborts(end, is_client, who):
    await end.exchange(is_client)
    if is_client == who:
        await asyncio.sleep(0.05)
        end.abort()
    else:
        await end.until_closed()


async def leaves_unread(end, is_client, who):
    if is_client == who:
        await end.readable()
        await asyncio.sleep(0.05)
    else:
        await end.send(end.rng.randint(1, 1400))
        await end.until_closed()


async def written_after_close(end, is_client, who):
    """`who` closes; the other one writes."""
    await end.exchange(is_client)
    if is_client != who:
        await end.until_closed()
        await asyncio.sleep(0.05)
        await end.send(100)
        await asyncio.sleep(1)


async def cut(end, is_client, probes):
    """The wire dies (see Wire): who sends gives up."""
    end.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not is_client or probes:
        end.keep_alive()
    if is_client and not probes:
        for _ in range(10):
            await end.send(10)
            await asyncio.sleep(0.05)
    await end.until_closed()


async def orphaned(end, is_client):
    await end.exchange(is_client, 10, 10)
    if not is_client:
        await end.until_closed()
        await asyncio.sleep(70)
        await end.send(10)
        await asyncio.sleep(1)


async def killed(end, is_client):
    await end.exchange(is_client)
    if not is_client:
        return await end.until_closed()
    child = os.fork()
    if child == 0:
        here = end.sock.fileno()
        os.closerange(0, here)
        os.closerange(here + 1, 4096)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        # If nobody kills it.
        time.sleep(60)
        os._exit(0)
    end.sock.close()
    await asyncio.sleep(0.2)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


async def idle(end, is_client):
    while True:
        await end.exchange(is_client, 10, 10)
        if is_client:
            await asyncio.sleep(end.rng.uniform(2, 8))


async def forgotten(end, is_client):
    await end.exchange(is_client, 10, 10)
    if is_client:
        await asyncio.sleep(0.5)
        await end.send(10)
        await end.until_closed()
    else:
        await asyncio.sleep(0.1)
        end.forget()


async def slow_reader(end, is_client):
    count = end.rng.randint(100_000, 400_000)
    if is_client:
        end.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1_000_000)
        await end.send(count)
    else:
        await asyncio.sleep(3)
        await end.until_closed()


class Kind:
    """Who plays what, how often, and how it may end: `ending`, or `ending:cause`."""

    def __init__(self, name, weight, play, *endings):
        self.name, self.weight, self.play, self.endings = name, weight, play, endings


def both(name, weight, play, *endings):
    """Once with the client, once with the server as the one who does it."""
    return [
        Kind(f"{name}, {who}", weight, lambda end, is_client, it=it: play(end, is_client, it), *endings)
        for who, it in (("client", True), ("server", False))
    ]


KINDS = [
    *both("closes first", 15, closes_first, "orderly"),
    Kind("both close at once", 10, simultaneous, "simultaneous", "orderly"),
    *both("half-close lasts", 3, half_closed, "orderly"),
    *both("SO_LINGER 0", 6, aborts, "reset:linger-zero"),
    *both("closes with unread data", 6, leaves_unread, "reset:unread-data"),
    *both("written to after close", 6, written_after_close, "reset:data-after-close"),
    Kind("wire dies, sender", 1, lambda end, it: cut(end, it, False), "timed-out:retransmission-timeout"),
    Kind("wire dies, keep-alive", 1, lambda end, it: cut(end, it, True), "reset:keep-alive-timeout", "timed-out:keep-alive-timeout"),
    Kind("FIN-WAIT-2 for 60 s", 0.5, orphaned, "reset:orphan-timeout"),
    Kind("process killed", 2, killed, "orderly"),
    Kind("port reused", 4, lambda end, it: closes_first(end, it, False), "orderly"),
    Kind("peer forgets", 3, forgotten, "reset:no-such-connection"),
    Kind("slow reader", 1, slow_reader, "orderly"),
    Kind("long-lived", 0, idle, "open"),
]
PORTS = {FIRST_PORT + at: kind for at, kind in enumerate(KINDS)}
SPECIAL = {
    REFUSED: Kind("refused", 6, None, "refused"),
    SILENT: Kind("never answered", 1, None, "unanswered", "timed-out:retransmission-timeout"),
    UNREACHABLE: Kind("unreachable", 2, None, "timed-out:unreachable", "unanswered"),
}
ALL = {**PORTS, **SPECIAL}
CUT = [port for port, kind in PORTS.items() if kind.name.startswith("wire dies")]
REUSED = next(port for port, kind in PORTS.items() if kind.name == "port reused")
LONG = next(port for port, kind in PORTS.items() if kind.name == "long-lived")


def shown(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def families(version):
    return socket.AF_INET if version == 4 else socket.AF_INET6


async def play(sock, version, port, client_port, is_client, log):
    """Plays one end; a line of what it did."""
    began = time.time_ns()
    rng = random.Random(f"{client_port} {port} {version}")
    end = End(sock, rng)
    error = None
    try:
        await asyncio.wait_for(PORTS[port].play(end, is_client), None if port == LONG else PATIENCE)
    except asyncio.TimeoutError:
        error = "nothing more came"
    except OSError as why:
        error = errno.errorcode.get(why.errno, str(why))
    sock.close()
    tell(log, version, port, client_port, is_client, began, end.sent, end.received, error)


def tell(log, version, port, client_port, is_client, began, sent, received, error):
    client, server = HOSTS[version]
    if port == UNREACHABLE:
        server = NOBODY[version]
    line = dict(client=shown(client, client_port), server=shown(server, port), by="client" if is_client else "server",
                kind=ALL[port].name, began=began, sent=sent, received=received, error=error)
    log.write(json.dumps(line) + "\n")


async def serve(log):
    tasks = set()

    async def listen(version, port):
        listener = socket.create_server((HOSTS[version][1], port), family=families(version), backlog=512)
        listener.setblocking(False)
        if PORTS[port].name == "slow reader":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 30_000)
        loop = asyncio.get_running_loop()
        while True:
            sock, address = await loop.sock_accept(listener)
            task = asyncio.create_task(play(sock, version, port, address[1], False, log))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    await asyncio.gather(*(listen(version, port) for version in HOSTS for port in PORTS))


async def connect_and_play(version, port, bound, log):
    began = time.time_ns()
    sock = socket.socket(families(version), socket.SOCK_STREAM)
    sock.setblocking(False)
    address = NOBODY[version] if port == UNREACHABLE else HOSTS[version][1]
    if bound:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # An explicit bind, so that the port is known though the connection fails.
    sock.bind((HOSTS[version][0], bound))
    client_port = sock.getsockname()[1]
    try:
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except OSError as why:
        sock.close()
        tell(log, version, port, client_port, True, began, 0, 0, errno.errorcode.get(why.errno, str(why)))
        return
    await play(sock, version, port, client_port, True, log)


async def reuse(version, bound, log):
    """Three connections with the same ports, each while the server has the one before in TIME-WAIT."""
    for _ in range(3):
        await connect_and_play(version, REUSED, bound, log)
        await asyncio.sleep(1.2)


async def call(rate, seconds, log):
    """Begins `rate` connections a second."""
    rng = random.Random(1)
    ports, weights = zip(*((port, kind.weight) for port, kind in ALL.items() if port != LONG))
    tasks = {asyncio.create_task(connect_and_play(version, LONG, 0, log)) for version in (4, 6) for _ in range(10)}
    begun, made, reused = time.monotonic(), 0, 0
    while (now := time.monotonic() - begun) < seconds:
        if made >= now * rate:
            await asyncio.sleep(0.01)
            continue
        made += 1
        version = rng.choice((4, 6))
        (port,) = rng.choices(ports, weights)
        if port == REUSED:
            made += 2
            reused = (reused + 1) % 5000
            what = reuse(version, 20_000 + reused, log)
        else:
            what = connect_and_play(version, port, 0, log)
        task = asyncio.create_task(what)
        tasks.add(task)
        task.add_done_callback(lambda task: (tasks.discard(task), task.result()))
    # Those under way may end; the long-lived ones stay.
    await asyncio.sleep(10)
    log.flush()


def run_host(coroutine, log_path):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open(log_path, "w", buffering=1 << 16) as log:
        signal.signal(signal.SIGTERM, lambda *_: (log.flush(), os._exit(0)))
        asyncio.run(coroutine(log))
        log.flush()


class Wire:
    """Takes packets from one host to the other: a few milliseconds later, some later than others, some twice, some never.

    Packets to SILENT never arrive. Connections to CUT live for a few packets. Each TCP segment that is lost is told in a
    line: time, source, destination.
    """

    LOSS, TWICE, LATE = 0.01, 0.005, 0.02
    DELAY = 0.003

    def __init__(self, tuns, lost):
        self.tuns, self.lost = tuns, lost
        self.rng = random.Random(2)
        self.due, self.number = [], 0
        self.seen = {}
        self.counts = dict(packets=0, lost=0, twice=0, late=0, cut=0)

    def is_cut(self, server, client_port, flags):
        if server[1] == SILENT:
            return True
        if server[1] not in CUT:
            return False
        is_new = flags & 0x12 == 2
        count = 1 if is_new else self.seen.get((server, client_port), 0) + 1
        self.seen[server, client_port] = count
        return count > 6

    def take(self, packet, out):
        self.counts["packets"] += 1
        tcp, ends = self.ends(packet)
        if tcp is not None:
            (src, sport), (dst, dport), flags = ends
            server, port = ((dst, dport), sport) if FIRST_PORT <= dport < 8000 else ((src, sport), dport)
            cut = self.is_cut(server, port, flags)
            if cut or self.rng.random() < self.LOSS:
                self.counts["cut" if cut else "lost"] += 1
                self.lost.write(f"{time.time_ns()} {shown(src, sport)} {shown(dst, dport)}\n".encode())
                return
        wait = self.DELAY
        if self.rng.random() < self.LATE:
            self.counts["late"] += 1
            wait += self.rng.uniform(0.002, 0.02)
        self.put(wait, out, packet)
        if self.rng.random() < self.TWICE:
            self.counts["twice"] += 1
            self.put(wait + self.rng.uniform(0, 0.005), out, packet)

    def put(self, wait, out, packet):
        self.number += 1
        heapq.heappush(self.due, (time.monotonic() + wait, self.number, out, packet))

    @staticmethod
    def ends(packet):
        if packet[0] >> 4 == 4 and packet[9] == 6:
            tcp = (packet[0] & 15) * 4
            src, dst = (socket.inet_ntop(socket.AF_INET, packet[at:at + 4]) for at in (12, 16))
        elif packet[0] >> 4 == 6 and packet[6] == 6:
            tcp = 40
            src, dst = (socket.inet_ntop(socket.AF_INET6, packet[at:at + 16]) for at in (8, 24))
        else:
            return None, None
        sport, dport = struct.unpack_from("!HH", packet, tcp)
        return tcp, ((src, sport), (dst, dport), packet[tcp + 13])

    def run(self, counts_path):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        going = True

        def stop(*_):
            nonlocal going
            going = False

        signal.signal(signal.SIGTERM, stop)
        poll = select.poll()
        other = {}
        for one, to in (self.tuns, self.tuns[::-1]):
            os.set_blocking(one, False)
            poll.register(one, select.POLLIN)
            other[one] = to
        while going:
            now = time.monotonic()
            while self.due and self.due[0][0] <= now:
                _, _, out, packet = heapq.heappop(self.due)
                try:
                    os.write(out, packet)
                except OSError:
                    self.counts["lost"] += 1
            wait = (self.due[0][0] - now) * 1000 if self.due else 200
            for fd, _ in poll.poll(max(wait, 0.2)):
                for _ in range(64):
                    try:
                        packet = os.read(fd, 65536)
                    except BlockingIOError:
                        break
                    self.take(packet, other[fd])
        with open(counts_path, "w") as out:
            json.dump(self.counts, out)
