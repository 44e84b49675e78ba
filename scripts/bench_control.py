"""Times calls of the compatible API beside the same work done by a bare program.

usage: bench_control.py [--quick] [--write], in a network namespace of its own
"""

import collections
import fcntl
import os
import pathlib
import platform
import resource
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

from bench_page import ROOT, write
from instance_service import InstanceService
from instance_service.ttypes import Subnet, VirtualGatewayRequest

BEGIN, END = "<!-- begin: control, written by scripts/bench-control -->", "<!-- end: control -->"
REPEATS = 15
# Longer than anything that is measured takes.
PATIENCE = 120


def timed(work):
    """Milliseconds that it takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def subnet(number):
    return f"10.{number // 250}.{number % 250}.0"


class Daemon:
    """vgwd, and a controller's connection to it. Requests are encoded before the clock runs."""

    def __init__(self, folder, config=""):
        file = folder / "vgwd.toml"
        file.write_text(config, encoding="utf-8")
        program = ROOT / "target/release/vgwd"
        # If this program fails, the daemon ends with it.
        command = ["setpriv", "--pdeathsig", "TERM", program, "--config", file, "--socket", folder / "sock", "--state-dir", folder / "state"]
        self.started = time.perf_counter()
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.said = collections.deque(maxlen=5)
        for line in self.process.stderr:
            if " ready" in line:
                break
            self.said.append(line)
        else:
            sys.exit("vgwd did not start:\n" + "".join(self.said))
        self.start_ms = (time.perf_counter() - self.started) * 1000
        self.listener = threading.Thread(target=self.said.extend, args=[self.process.stderr], daemon=True)
        self.listener.start()
        self.connection = socket.create_connection(("127.0.0.1", 9090), timeout=PATIENCE)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method, argument):
        """Makes a call; milliseconds from its first byte to the last of the answer."""
        buffer = TMemoryBuffer()
        client = InstanceService.Client(TBinaryProtocol(buffer))
        getattr(client, f"send_{method}")(argument)
        message = buffer.getvalue()
        answer = bytearray()

        def exchange():
            self.connection.sendall(struct.pack(">I", len(message)) + message)
            while len(answer) < 4 or len(answer) < 4 + struct.unpack(">I", answer[:4])[0]:
                answer.extend(self.connection.recv(1 << 16))

        took = timed(exchange)
        reader = InstanceService.Client(TBinaryProtocol(TMemoryBuffer(bytes(answer[4:]))))
        if not getattr(reader, f"recv_{method}")():
            sys.exit(f"{method} was refused")
        return took

    def add(self, numbers):
        requests = [
            VirtualGatewayRequest(f"vgw{number}", f"network{number}", [Subnet(subnet(number), 24)])
            for number in numbers
        ]
        return self.ask("AddVirtualGateway", requests)

    def delete(self, numbers):
        return self.ask("DeleteVirtualGateway", [f"vgw{number}" for number in numbers])

    def stop(self):
        def end():
            self.process.send_signal(signal.SIGTERM)
            if self.process.wait(PATIENCE) != 0:
                self.listener.join()
                sys.exit("vgwd did not stop in order:\n" + "".join(self.said))

        self.connection.close()
        return timed(end)


class Bare:
    """The kernel's part: makes the same taps and routes, and nothing else."""

    TUNSETIFF, IFF = 0x400454CA, 0x0002 | 0x1000 | 0x4000 | 0x8000
    SETLINK, DELLINK, NEWROUTE, DELROUTE = 19, 17, 24, 25
    REQUEST, CREATE_EXCLUSIVELY = 0x1 | 0x4, 0x600

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.socket.bind((0, 0))
        # RTNLGRP_LINK: hears of links that go.
        self.watch = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.watch.bind((0, 1))
        self.taps = {}

    @staticmethod
    def attribute(kind, value):
        return struct.pack("HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)

    @staticmethod
    def send(connection, requests):
        """Sends requests in one datagram and waits for their answers."""
        messages = [struct.pack("IHHII", 16 + len(body), kind, flags, 1, 0) + body for kind, flags, body in requests]
        connection.send(b"".join(messages))
        answered = 0
        while answered < len(requests):
            datagram = connection.recv(1 << 16)
            while datagram:
                length, kind = struct.unpack("IH", datagram[:6])
                if kind == 2:
                    answered += 1
                    error = -struct.unpack("i", datagram[16:20])[0]
                    if error:
                        raise OSError(error, os.strerror(error))
                datagram = datagram[(length + 3) & ~3 :]

    def set_link(self, index, attributes=b"", up=0):
        return self.SETLINK, self.REQUEST, struct.pack("BxHiII", 0, 0, index, up, up) + attributes

    def route(self, kind, flags, index, number):
        scope = 253 if kind == self.NEWROUTE else 255
        head = struct.pack("BBBBBBBBI", socket.AF_INET, 24, 0, 0, 254, 201, scope, 1, 0)
        hop = self.attribute(1, socket.inet_aton(subnet(number))) + self.attribute(4, struct.pack("I", index))
        return kind, self.REQUEST | flags, head + hop

    def add(self, number):
        name = f"bare{number}"
        tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tap, self.TUNSETIFF, struct.pack("16sH22x", name.encode(), self.IFF))
        index = socket.if_nametoindex(name)
        mark = self.attribute(27, struct.pack("I", 20100)) + self.attribute(1, bytes.fromhex("00005e000100"))
        mark += self.attribute(4, struct.pack("I", 1500)) + self.attribute(13, struct.pack("I", 1000))
        nested = 0x8000
        without_address = self.attribute(8, b"\1")
        without_address = self.attribute(26 | nested, self.attribute(10 | nested, without_address))
        forwarding = self.attribute(1 | nested, self.attribute(1, struct.pack("I", 1)))
        forwarding = self.attribute(26 | nested, self.attribute(2 | nested, forwarding))
        steps = [self.set_link(index, mark), self.set_link(index, without_address), self.set_link(index, forwarding)]
        steps += [self.set_link(index, up=1), self.route(self.NEWROUTE, self.CREATE_EXCLUSIVELY, index, number)]
        self.send(self.socket, steps)
        self.taps[number] = tap, index

    def delete(self, number):
        """Waits until the link is gone for everybody. The kernel's acknowledgement, some 15 ms later, is
        left to a thread, as vgwd does."""
        tap, index = self.taps.pop(number)
        self.drop_notices()
        self.send(self.socket, [self.route(self.DELROUTE, 0, index, number)])

        def reap():
            with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as own:
                own.bind((0, 0))
                self.send(own, [(self.DELLINK, self.REQUEST, struct.pack("BxHiII", 0, 0, index, 0, 0))])

        thread = threading.Thread(target=reap)
        thread.start()
        while True:
            notice = self.watch.recv(1 << 16)
            if struct.unpack("H", notice[4:6])[0] == self.DELLINK and struct.unpack("i", notice[20:24])[0] == index:
                break
        os.close(tap)
        return thread

    def drop_notices(self):
        while True:
            try:
                self.watch.recv(1 << 16, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError:
                # Some were lost, which is all the same here.
                pass

    def close(self):
        """Deletes all at once: closed one by one they would take minutes."""
        head = struct.pack("BxHiII", 0, 0, 0, 0, 0) + self.attribute(27, struct.pack("I", 20100))
        self.send(self.socket, [(self.DELLINK, self.REQUEST, head)])
        for tap, _ in self.taps.values():
            os.close(tap)


def one_beside(add, delete, number):
    """Median times of adding and deleting one more."""
    adds, deletes = [], []
    for _ in range(REPEATS):
        adds.append(add(number))
        deletes.append(delete(number))
        # The kernel is left to clear away what was deleted: otherwise each would wait for the last.
        time.sleep(0.04)
    return statistics.median(adds), statistics.median(deletes)


def whole_calls(counts, folder):
    """Times of adding and deleting so many in one call each."""
    rows = []
    for count in counts:
        daemon = Daemon(folder)
        rows.append((count, daemon.add(range(count)), daemon.delete(range(count))))
        daemon.stop()
    return rows


def beside(counts, folder):
    """Times of one more beside so many: vgwd's and the bare program's."""
    ours, bare = {}, {}
    daemon, standing = Daemon(folder), 0
    for count in counts:
        daemon.add(range(standing, count))
        standing = count
        # Waits until the kernel has nothing more to tell about those.
        one_beside(lambda n: daemon.add([n]), lambda n: daemon.delete([n]), 9000)
        ours[count] = one_beside(lambda n: daemon.add([n]), lambda n: daemon.delete([n]), 9000)
    daemon.stop()
    program, standing = Bare(), 0
    for count in counts:
        for number in range(standing, count):
            program.add(number)
        standing = count
        threads = []
        bare[count] = one_beside(
            lambda n: timed(lambda: program.add(n)),
            lambda n: timed(lambda: threads.append(program.delete(n))),
            9000,
        )
        for thread in threads:
            thread.join()
    program.close()
    return ours, bare


def configured(count, folder):
    """Times of starting and stopping with so many gateways in the file."""
    gateways = "".join(
        f'[[gateway]]\ninterface = "vgw{n}"\nrouting_instance = "network{n}"\nsubnets = ["{subnet(n)}/24"]\n'
        for n in range(count)
    )
    daemon = Daemon(folder, gateways)
    return daemon.start_ms, daemon.stop()


def report(load, calls, ours, bare, count, start, stop):
    """The figures as Markdown."""
    lines = [f"- {os.cpu_count()} cores, Linux {platform.release()}, release build"]
    lines += [f"- load average before the first call: {load:.1f}", ""]
    lines += ["| gateways in one call | added, ms | µs each | deleted, ms | µs each |", "| ---: | ---: | ---: | ---: | ---: |"]
    for number, added, deleted in calls:
        each = f"{added:.1f} | {added / number * 1000:.0f} | {deleted:.1f} | {deleted / number * 1000:.0f}"
        lines.append(f"| {number:,} | {each} |")
    lines += ["", "| one beside | add, ms | bare program | vgwd's own | delete, ms | bare program | vgwd's own |"]
    lines.append("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for number, (added, deleted) in ours.items():
        bare_added, bare_deleted = bare[number]
        own = added - bare_added, deleted - bare_deleted
        lines.append(
            f"| {number:,} | {added:.2f} | {bare_added:.2f} | {own[0]:.2f} "
            f"| {deleted:.2f} | {bare_deleted:.2f} | {own[1]:.2f} |"
        )
    least, most = min(ours), max(ours)
    ratios = [f"{times[most][which] / times[least][which]:.2f}" for which in (0, 1) for times in (ours, bare)]
    lines += ["", f"Beside {most:,} against beside {least:,}: add {ratios[0]} (bare program {ratios[1]}), "]
    lines[-1] += f"delete {ratios[2]} (bare program {ratios[3]})."
    lines += ["", f"Start with {count:,} gateways in the file: {start / 1000:.2f} s; stop: {stop / 1000:.2f} s."]
    return "\n".join(lines)


def make_device():
    """A compute node has a device with an address. Without one the kernel looks through all taps for a source
    address whenever a route is added (inet_select_addr)."""
    for words in ("link set lo up", "link add out0 type veth peer name out1", "address add 192.0.2.1/24 dev out0", "link set out0 up", "link set out1 up"):
        subprocess.run(["ip", *words.split()], check=True)
    subprocess.run(["ip", "route", "add", "default", "via", "192.0.2.2"], check=True)


def main():
    quick = "--quick" in sys.argv
    counts = [10, 100, 1000] if quick else [10, 100, 1000, 4000]
    load = os.getloadavg()[0]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    make_device()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        calls = whole_calls(counts, folder)
        ours, bare = beside(counts, folder)
        start, stop = configured(1000 if quick else 4096, folder)
    text = report(load, calls, ours, bare, 1000 if quick else 4096, start, stop)
    print(text)
    if "--write" in sys.argv:
        write(text, BEGIN, END)


if __name__ == "__main__":
    main()
