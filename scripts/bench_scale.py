"""Measures vgwd with much of everything: time, memory, and packets lost meanwhile.

usage: bench_scale.py [--quick] [--write], in a network namespace of its own
"""

import collections
import ipaddress
import os
import pathlib
import platform
import resource
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

import bench_control as control
from virtual_gateway import VirtualGateway
from virtual_gateway.ttypes import NextHop, NextHopKind, Route, RouteChanges, RouteGroup

VGW = control.ROOT / "target/release/vgw"
BEGIN, END = "<!-- begin: scale, written by scripts/bench-scale -->", "<!-- end: scale -->"
# Prefixes in one request: see PART in src/cli/run/load.rs.
PART = 16_384
DISCARD, UNREACHABLE = (NextHop(kind) for kind in (NextHopKind.DISCARD, NextHopKind.UNREACHABLE))
LIMITS = "[limits]\nroutes = 1000000\n"


class Own:
    """A connection to the own API. Requests can be encoded before the clock runs."""

    def __init__(self, folder):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(control.PATIENCE)
        self.connection.connect(str(folder / "sock"))

    @staticmethod
    def encoded(method, *arguments):
        buffer = TMemoryBuffer()
        getattr(VirtualGateway.Client(TBinaryProtocol(buffer)), f"send_{method}")(*arguments)
        return struct.pack(">I", len(buffer.getvalue())) + buffer.getvalue()

    def exchange(self, message):
        self.connection.sendall(message)
        answer = bytearray()
        while len(answer) < 4 or len(answer) < 4 + struct.unpack(">I", answer[:4])[0]:
            answer.extend(self.connection.recv(1 << 20))
        return bytes(answer[4:])

    def call(self, method, *arguments):
        answer = self.exchange(self.encoded(method, *arguments))
        return getattr(VirtualGateway.Client(TBinaryProtocol(TMemoryBuffer(answer))), f"recv_{method}")()


def vgw(folder, *words, config=None, text=None):
    """Milliseconds that a command takes."""
    about = ["--socket", folder / "sock"] if config is None else []
    files = [config] if config is not None else []

    def run():
        subprocess.run([VGW, *about, *words, *files], check=True, stdout=subprocess.DEVNULL, input=text, text=True)

    return control.timed(run)


def memory(daemon):
    """Resident bytes."""
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def gateways_file(count):
    element = '[[gateway]]\ninterface = "vgw{0}"\nrouting_instance = "network{0}"\nsubnets = ["{1}/24"]\n'
    return "".join(element.format(number, control.subnet(number)) for number in range(count))


def ports_file(count):
    """Two ports for each instance; all instances have the same addresses."""
    element = '[[port]]\nname = "t{0}x{1}"\nrouting_instance = "tenant{0}"\naddresses = ["10.0.0.{1}"]\n'
    return "".join(element.format(number // 2, number % 2 + 10) for number in range(count))


def gateways(count, folder):
    rows, repeats = {}, 3
    times = {"added in one call": [], "deleted in one call": [], "start, from the file": [], "stop": []}
    for _ in range(repeats):
        daemon = control.Daemon(folder)
        times["added in one call"].append(daemon.add(range(count)))
        times["deleted in one call"].append(daemon.delete(range(count)))
        daemon.stop()
        daemon = control.Daemon(folder, gateways_file(count))
        times["start, from the file"].append(daemon.start_ms)
        times["stop"].append(daemon.stop())
    rows |= {what: statistics.median(some) for what, some in times.items()}
    config = '[metrics]\nlisten = "127.0.0.1:9464"\n' + gateways_file(count)
    daemon = control.Daemon(folder, config)
    file = folder / "vgwd.toml"
    rows["`vgw check`"] = vgw(folder, "check", config=file)
    rows["`vgw diff`, nothing differs"] = vgw(folder, "diff", file)
    rows["`vgw apply`, nothing differs"] = vgw(folder, "apply", file)
    rows["`vgw gateway list`"] = vgw(folder, "gateway", "list")
    rows["`vgw status`"] = vgw(folder, "status")
    rows["metrics"] = control.timed(lambda: urllib.request.urlopen("http://127.0.0.1:9464/metrics").read())
    daemon.stop()
    daemon = control.Daemon(folder)
    daemon.add(range(count))
    daemon.stop()
    daemon = control.Daemon(folder)
    rows["start, from what calls had added"] = daemon.start_ms
    own = Own(folder)
    own.call("set_audit_timeout", 0)

    def expire():
        own.call("connect")
        # Is answered after what is due.
        if own.call("list_gateways"):
            sys.exit("the audit has left gateways")

    rows["expired by an audit"] = control.timed(expire)
    daemon.stop()
    return rows


def ports(count, folder):
    daemon = control.Daemon(folder, ports_file(count))
    return {"start": daemon.start_ms, "stop": daemon.stop()}


def instances(count, folder):
    """Memory and time with so many instances, each with one route."""
    daemon = control.Daemon(folder, LIMITS)
    own = Own(folder)
    requests = [own.encoded("add_route", Route(f"network{n}", "10.0.0.0/8", DISCARD)) for n in range(count)]
    rows, before, since = [], memory(daemon), time.perf_counter()
    for number, request in enumerate(requests, 1):
        own.exchange(request)
        if number in (count // 6, count):
            seconds = time.perf_counter() - since
            rows.append((number, (memory(daemon) - before) / number, seconds / number * 1e6))
    listed = vgw(folder, "instance", "list")
    daemon.stop()
    daemon = control.Daemon(folder, LIMITS)
    start = daemon.start_ms
    return rows, listed, start, daemon.stop()


def prefixes(count):
    """Prefixes of 24 bits, behind 11.0.0.0, and their lines."""
    return [f"{ipaddress.IPv4Address((11 << 24) + (number << 8))}/24" for number in range(count)]


class Traffic:
    """UDP datagrams of one guest to another, as many each second, counted at both ends."""

    SENDER = """
import socket, sys, time
rate, out = int(sys.argv[1]), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.connect(("10.0.0.11", 9)); out.send(b"the neighbours get to know each other"); time.sleep(0.5)
sent = 1; begin = time.perf_counter()
print("ready", flush=True)
import select
while not select.select([sys.stdin], [], [], 0)[0]:
    due = int((time.perf_counter() - begin) * rate) - sent
    for _ in range(min(due, 64)):
        out.send(b"x" * 100); sent += 1
    time.sleep(0.0005)
print(sent, flush=True)
"""
    RECEIVER = """
import socket, sys
into = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
into.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)
into.bind(("10.0.0.11", 9)); into.settimeout(2); count = 0
print("ready", flush=True)
try:
    while True:
        into.recv(200); count += 1
except TimeoutError:
    print(count, flush=True)
"""

    def __init__(self):
        # They end with this program, however it ends.
        command = ["setpriv", "--pdeathsig", "TERM", "unshare", "--net", "sleep", "3600"]
        self.guests = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
        here = os.stat("/proc/self/ns/net").st_ino
        for guest in self.guests:
            while os.stat(f"/proc/{guest.pid}/ns/net").st_ino == here:
                time.sleep(0.01)

    def config(self):
        element = (
            '[[port]]\nname = "g{0}"\nrouting_instance = "net"\naddresses = ["10.0.0.{0}"]\ngateways = ["10.0.0.1"]\n'
            'netns = "/proc/{1}/ns/net"\nguest_name = "eth0"\nguest_addresses = ["10.0.0.{0}/32"]\n'
        )
        return "".join(element.format(number, guest.pid) for number, guest in zip((10, 11), self.guests))

    def run(self, guest, program, *words):
        command = ["nsenter", f"--net=/proc/{self.guests[guest].pid}/ns/net", sys.executable, "-c", program, *words]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        return process

    def begin(self, rate):
        self.receiver = self.run(1, self.RECEIVER)
        self.sender = self.run(0, self.SENDER, str(rate))

    def end(self):
        """Datagrams sent and received."""
        sent = int(self.sender.communicate("\n")[0])
        return sent, int(self.receiver.communicate()[0])

    def close(self):
        for guest in self.guests:
            guest.terminate()
            guest.wait()


def routes(count, folder, seconds, rate):
    rows = {}
    traffic = Traffic()
    config = LIMITS + traffic.config()
    daemon = control.Daemon(folder, config)
    before, names = memory(daemon), prefixes(count)
    lines = "".join(f"{name} discard\n" for name in names)
    loaded = vgw(folder, "route", "load", "--instance", "net", "-", text=lines)
    rows["loaded by `vgw route load`, ms"] = f"{loaded:,.0f}"
    rows["loaded, routes a second"] = f"{count / loaded * 1000:,.0f}"
    rows["memory of the daemon for each, bytes"] = f"{(memory(daemon) - before) / count:.0f}"
    rows["`vgw route list`, ms"] = f"{vgw(folder, 'route', 'list', '--instance', 'net'):,.0f}"
    own = Own(folder)
    parts = [names[first : first + PART] for first in range(0, count, PART)]
    requests = [
        own.encoded("change_routes", RouteChanges("net", [], [RouteGroup(way, part)]))
        for way in (UNREACHABLE, DISCARD)
        for part in parts
    ]
    single = [own.encoded("add_route", Route("net", name, UNREACHABLE)) for name in names[:500]]
    traffic.begin(rate)
    changed, since = 0, time.perf_counter()
    while time.perf_counter() - since < seconds:
        for number, request in enumerate(requests):
            own.exchange(request)
            changed += len(parts[number % len(parts)])
            if time.perf_counter() - since >= seconds:
                break
    took = time.perf_counter() - since
    sent, received = traffic.end()
    drops = collections.Counter()
    for port in own.call("list_ports"):
        drops.update(port.counters.dropped)
    dropped = ", ".join(f"{count:,} {reason}" for reason, count in sorted(drops.items()) if count)
    rows["changes a second under traffic"] = f"{changed / took:,.0f}"
    rows["datagrams meanwhile, sent"] = f"{sent:,} ({sent / took:,.0f} a second)"
    rows["datagrams meanwhile, lost"] = f"{sent - received:,}"
    rows["packets dropped by vgwd meanwhile"] = dropped or "none"
    took = control.timed(lambda: [own.exchange(request) for request in single])
    rows["one by one, changes a second"] = f"{len(single) / took * 1000:,.0f}"
    daemon.stop()
    daemon = control.Daemon(folder, config)
    rows["start, from what calls had added, ms"] = f"{daemon.start_ms:,.0f}"
    lines = "".join(f"{name} delete\n" for name in names)
    rows["deleted by `vgw route load`, ms"] = f"{vgw(folder, 'route', 'load', '--instance', 'net', '-', text=lines):,.0f}"
    daemon.stop()
    traffic.close()
    return rows


def table(head, rows):
    return [f"| {head} | |", "| --- | ---: |", *(f"| {what} | {figure} |" for what, figure in rows.items()), ""]


def report(load, of_gateways, of_ports, of_instances, of_routes):
    counts, times = {}, lambda rows: {what: f"{figure:,.0f}" for what, figure in rows.items()}
    lines = [f"- {os.cpu_count()} cores, Linux {platform.release()}, release build"]
    lines += [f"- load average before: {load:.1f}, after: {os.getloadavg()[0]:.1f}", ""]
    lines += table(f"{of_gateways[0]:,} gateways, ms", times(of_gateways[1]))
    lines += table(f"{of_ports[0]:,} guests' taps, ms", times(of_ports[1]))
    rows, listed, start, stop = of_instances
    for number, each, took in rows:
        counts[f"{number:,}: memory of each, bytes"] = f"{each:,.0f}"
        counts[f"{number:,}: one more by a call, µs"] = f"{took:,.0f}"
    last = f"{rows[-1][0]:,}"
    counts[f"{last}: `vgw instance list`, ms"] = f"{listed:,.0f}"
    counts[f"{last}: start, from what calls had added, ms"] = f"{start:,.0f}"
    counts[f"{last}: stop, ms"] = f"{stop:,.0f}"
    lines += table("instances with one route", counts)
    lines += table(f"{of_routes[0]:,} routes in one instance", of_routes[1])
    return "\n".join(lines).rstrip()


def in_folder(measure, *arguments):
    with tempfile.TemporaryDirectory() as name:
        return measure(*arguments[:1], pathlib.Path(name), *arguments[1:])


def main():
    quick = "--quick" in sys.argv
    load = os.getloadavg()[0]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    control.make_device()
    count = 512 if quick else 4096
    of_gateways = count, in_folder(gateways, count)
    count = 512 if quick else 4096
    of_ports = count, in_folder(ports, count)
    of_instances = in_folder(instances, 6_000 if quick else 65_536)
    count = 50_000 if quick else 1_000_000
    # The limit is a million: some are left for what else the instance has.
    of_routes = count, in_folder(routes, count, 2 if quick else 10, 10_000)
    text = report(load, of_gateways, of_ports, of_instances, of_routes)
    print(text)
    if "--write" in sys.argv:
        control.write(text, BEGIN, END)


main()
