#!/usr/bin/env python3
"""Mixed traffic for an hour, captured live by tcpviz, and judged: see docs/soak.md. Run by benches/soak.sh."""

import argparse
import ctypes
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import time
import fcntl
import termios

import soak_traffic as traffic
from soak_judge import Judge, Memory, captured, compare_captures, connection_filter, ended, read_lines

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
# Finished connections in memory: reached after some minutes, so that what comes later may not grow.
LIMIT = 2000


def libc(name, *arguments):
    if getattr(LIBC, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def ends_with_parent():
    libc("prctl", 1, signal.SIGKILL)


def run(*command):
    subprocess.run(command, check=True)


class Host:
    """A network namespace with one end of the wire and a line to its kernel's sock_diag."""

    def __init__(self, side):
        libc("unshare", CLONE_NEWNET)
        self.net = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.tun = os.open("/dev/net/tun", os.O_RDWR)
        # TUNSETIFF with IFF_TUN | IFF_NO_PI: whole packets, with checksums, never longer than the MTU.
        fcntl.ioctl(self.tun, 0x400454CA, struct.pack("16sH22x", b"tun0", 0x1001))
        run("ip", "link", "set", "lo", "up")
        run("ip", "address", "add", traffic.HOSTS[4][side] + "/24", "dev", "tun0")
        run("ip", "address", "add", traffic.HOSTS[6][side] + "/64", "dev", "tun0", "nodad")
        run("ip", "link", "set", "tun0", "up", "txqueuelen", "5000")
        settings = dict(tcp_syn_retries=2, tcp_retries2=4, tcp_orphan_retries=3, ip_forward=int(side == 1),
                        icmp_ratelimit=0)
        for name, value in settings.items():
            with open(f"/proc/sys/net/ipv4/{name}", "w") as file:
                file.write(str(value))
        if side == 0:
            run("ip", "route", "add", "default", "dev", "tun0")
            run("ip", "-6", "route", "add", "default", "dev", "tun0")
        else:
            with open("/proc/sys/net/ipv6/conf/all/forwarding", "w") as file:
                file.write("1")
            run("ip", "route", "add", "unreachable", traffic.NOBODY[4])
            run("ip", "-6", "route", "add", "unreachable", traffic.NOBODY[6])
        self.diag = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 4)
        self.diag.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)

    def enter(self):
        libc("setns", self.net, CLONE_NEWNET)

    def spawn(self, body):
        """A process of its own in this namespace."""
        pid = os.fork()
        if pid == 0:
            try:
                ends_with_parent()
                self.enter()
                body()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(0)
        return pid

    def packets(self):
        """Received, sent and lost by the interface."""
        self.enter()
        with open("/proc/thread-self/net/dev") as file:
            fields = next(line for line in file if "tun0:" in line).split()
        return dict(received=int(fields[2]), sent=int(fields[10]), lost=int(fields[4]) + int(fields[12]))

    def sockets(self):
        """All but listeners: (own end, peer's end) to (state's number, timer, retransmissions, octets to send)."""
        found = {}
        for family in (socket.AF_INET, socket.AF_INET6):
            request = struct.pack("=IHHII", 72, 20, 0x301, 1, 0)
            request += struct.pack("=BBBxI", family, 6, 0, ~(1 << 10) & 0xFFFFFFFF)
            self.diag.send(request + bytes(40) + b"\xff" * 8)
            while not self.take_answer(self.diag.recv(1 << 20), found):
                pass
        return found

    @staticmethod
    def take_answer(octets, found):
        while len(octets) >= 16:
            length, kind = struct.unpack_from("=IH", octets)
            if kind == 3:
                return True
            if kind == 2:
                raise OSError("sock_diag refuses")
            body = octets[16:length]
            family, state, timer, retransmits, sport, dport = struct.unpack_from("!BBBBHH", body)
            width, af = (4, socket.AF_INET) if family == socket.AF_INET else (16, socket.AF_INET6)
            own, peer = (socket.inet_ntop(af, body[at:at + width]) for at in (8, 24))
            (to_send,) = struct.unpack_from("=I", body, 60)
            found[traffic.shown(own, sport), traffic.shown(peer, dport)] = (state, timer, retransmits, to_send)
            octets = octets[(length + 3) & ~3:]
        return False


class Program:
    """A tcpviz under test: its process, its figures, and what it prints."""

    def __init__(self, name, pid, out):
        self.name, self.pid, self.out = name, pid, out
        self.memory = Memory(name)

    def look(self, now):
        try:
            with open(f"/proc/{self.pid}/status") as file:
                status = dict(line.split(":", 1) for line in file)
            with open(f"/proc/{self.pid}/stat") as file:
                fields = file.read().rsplit(") ", 1)[1].split()
            files = len(os.listdir(f"/proc/{self.pid}/fd"))
        except (FileNotFoundError, ProcessLookupError):
            return
        if "VmRSS" not in status:
            return
        kilobytes = {key: int(status[key].split()[0]) for key in ("VmRSS", "VmHWM", "RssAnon")}
        processor = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        self.memory.add(now, kilobytes, processor, int(status["Threads"]), files)


def start_lines(program, limit, folder):
    """tcpviz -F json, its lines in a pipe."""
    read, write = os.pipe()
    command = [program, "-i", "tun0", "-F", "json", "--limit", str(limit), "-w", f"{folder}/lines.pcap", "--force"]
    errors = open(f"{folder}/lines.err", "w")
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=write, stderr=errors)
    os.close(write)
    fcntl.fcntl(read, 1031, 1 << 20)
    return Program("JSON", child.pid, read)


def start_screen(program, limit, folder):
    """tcpviz with its screen, in a pseudo-terminal."""
    pid, master = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", LANG="C.UTF-8")
        command = [program, "-i", "tun0", "--limit", str(limit), "-w", f"{folder}/screen.pcap", "--force"]
        os.execv(program, command)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
    return Program("screen", pid, master)


def start_peer(folder):
    """tcpdump, the judge of what there was to capture."""
    command = ["tcpdump", "-Z", "root", "-i", "tun0", "-B", "65536", "--nano", "-w", f"{folder}/tcpdump.pcap"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=open(f"{folder}/tcpdump.err", "w"),
                            preexec_fn=ends_with_parent)


class Soak:
    # What somebody at the screen would press: moving, panels, filters.
    KEYS = [b"\x1b[B", b"\x1b[A", b"\t", b"\r", b"d", b"v", b"v", b"v", b"x", b"x", b"d", b"s", b"\x1b[F", b"\t", b"\t",
            b"\\ending:reset\r", b"\x1b[B", b"\x1b", b"\x1b[6~", b"\x1b[5~", b"c", b"c", b"p", b"p", b"\x1b[F"]

    def __init__(self, arguments):
        self.arguments, self.folder = arguments, arguments.out
        self.hosts = [Host(0), Host(1)]
        read, write = os.pipe()
        os.set_blocking(read, False)
        self.lost, self.judge = read, Judge(self.folder)
        program = arguments.program
        self.hosts[0].enter()
        self.peer = start_peer(self.folder)
        self.programs = [start_lines(program, arguments.limit, self.folder), start_screen(program, arguments.limit, self.folder)]
        self.lines, self.screen = self.programs
        self.said = bytearray()
        self.await_start()
        wire = traffic.Wire([host.tun for host in self.hosts], os.fdopen(write, "wb", 0))
        self.wire = self.hosts[0].spawn(lambda: wire.run(f"{self.folder}/wire.json"))
        server, client = (f"{self.folder}/{name}.jsonl" for name in ("server", "client"))
        seconds, rate = arguments.seconds, arguments.rate
        self.server = self.hosts[1].spawn(lambda: traffic.run_host(traffic.serve, server))
        time.sleep(1)
        call = lambda log: traffic.call(rate, seconds, log)
        self.client = self.hosts[0].spawn(lambda: traffic.run_host(call, client))

    def await_start(self):
        """Until all three capture: tcpviz says so by its first line and its title, tcpdump on standard error."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            self.take(0.1)
            with open(f"{self.folder}/tcpdump.err") as file:
                if self.judge.begun and b"received" in self.said and "listening on" in file.read():
                    return
        sys.exit("soak: a program didn't begin to capture: see " + self.folder)

    def take(self, seconds):
        """Takes what the programs and the wire say, for so long."""
        until = time.monotonic() + seconds
        sources = [self.lines.out, self.screen.out, self.lost]
        while (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select([fd for fd in sources if fd is not None], [], [], left)
            for fd in ready:
                self.take_from(fd)

    def take_from(self, fd):
        try:
            octets = os.read(fd, 1 << 18)
        except OSError:
            octets = b""
        if fd == self.lost:
            self.judge.take_lost(octets)
        elif fd == self.lines.out:
            if not octets:
                self.lines.out = None
            self.judge.take_lines(octets)
        else:
            if not octets:
                self.screen.out = None
            # The last screens are enough.
            self.said += octets
            del self.said[:-200_000]

    def run(self):
        begun = time.monotonic()
        keys, ended_at = 0, begun + self.arguments.seconds + 12
        while (now := time.monotonic()) < ended_at:
            self.take(2)
            before = time.time_ns()
            sockets = [host.sockets() for host in self.hosts]
            self.judge.sample(before, time.time_ns(), sockets)
            for program in self.programs:
                program.look(now - begun)
            if self.screen.out is not None:
                os.write(self.screen.out, self.KEYS[keys % len(self.KEYS)])
            keys += 1
            if keys % 30 == 0:
                print(f"{now - begun:6.0f} s  {self.judge.told()}  "
                      + "  ".join(program.memory.told() for program in self.programs), flush=True)
        self.silence()
        return self.stop()

    def silence(self):
        """Nothing is sent any more: without addresses there is no route, so all captures end with the same segment."""
        for pid in (self.client, self.server):
            os.kill(pid, signal.SIGTERM)
        self.take(2)
        for host in self.hosts:
            host.enter()
            run("ip", "address", "flush", "dev", "tun0")
            run("ip", "-6", "address", "flush", "dev", "tun0")
        self.take(3)
        os.kill(self.wire, signal.SIGTERM)

    def stop(self):
        """Ends the captures; what they say of drops."""
        os.kill(self.lines.pid, signal.SIGINT)
        os.kill(self.screen.pid, signal.SIGINT)
        until = time.monotonic() + 30
        while time.monotonic() < until and (self.lines.out or self.screen.out) is not None:
            self.take(0.2)
        codes = {}
        for program in self.programs:
            _, status, _ = os.wait4(program.pid, 0)
            codes[program.name] = os.waitstatus_to_exitcode(status)
        self.peer.send_signal(signal.SIGINT)
        self.peer.wait()
        return codes


def drops(soak):
    """Frames that each capture says it lost."""
    with open(f"{soak.folder}/tcpdump.err") as file:
        peer = int(re.search(r"(\d+) packets? dropped by kernel", file.read())[1])
    said = soak.said.decode(errors="replace")
    screen = re.search(r"tcpviz: ([\d,]+) frames? dropped", said)
    return dict(tcpdump=peer, JSON=soak.judge.dropped, screen=int(screen[1].replace(",", "")) if screen else 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", type=int, nargs="?", default=3600)
    parser.add_argument("--rate", type=float, default=15, help="connections a second")
    parser.add_argument("--limit", type=int, default=LIMIT, help="connections that the programs keep of each kind")
    parser.add_argument("--program", required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    soak = Soak(arguments)
    print(f"{arguments.seconds} s at {arguments.rate:g} connections a second; all of it in {arguments.out}", flush=True)
    codes = soak.run()
    failed = report(soak, codes)
    sys.exit(1 if failed else 0)


def report(soak, codes):
    folder, judge = soak.folder, soak.judge
    criteria = []

    def demand(holds, words):
        criteria.append((holds, words))
        return "" if holds else "  <-- "

    print("\n== exit codes and drops")
    demand(set(codes.values()) == {0}, f"both programs end with 0: {codes}")
    lost = drops(soak)
    demand(not any(lost.values()), f"nothing dropped: {lost}")
    print("\n== the wire, and the client's interface")
    wire = json.load(open(f"{folder}/wire.json"))
    print(wire, soak.hosts[0].packets())
    print("\n== the files")
    files = {name: captured(f"{folder}/{name}.pcap") for name in ("tcpdump", "lines", "screen")}
    for name, file in files.items():
        print(f"{name:8} {file.segments:9} TCP segments {file.octets:12} octets")
    for name in ("lines", "screen"):
        same = compare_captures(files["tcpdump"], files[name])
        demand(same is None, f"{name}.pcap has each of tcpdump's TCP segments, octet by octet" + (f": {same}" if same else ""))
    demand(judge.segments == files["tcpdump"].segments, f"a line of JSON for each segment: {judge.segments}")
    print("\n== endings: what was done, what tcpviz told")
    ended(judge, read_lines(folder), demand)
    print("\n== states: tcpviz's against the kernels', of connections at rest")
    cut = judge.compared(demand)
    print("\n== memory, processor time")
    for program in soak.programs:
        program.memory.judge(demand)
    for number, key in enumerate(cut):
        run("tcpdump", "-r", f"{folder}/lines.pcap", "-w", f"{folder}/wrong-{number + 1}.pcap", connection_filter(key))
    print("\n== criteria")
    for holds, words in criteria:
        print("ok    " if holds else "FAILED", words)
    return [words for holds, words in criteria if not holds]


if __name__ == "__main__":
    main()
