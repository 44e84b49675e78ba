"""Times calls of an honest client while others attack, and in calm times in between.

usage: bench_api.py [--quick] [--write] VGWD, in a network namespace of its own
"""

import contextlib
import os
import pathlib
import platform
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from bench_page import write

BEGIN, END = "<!-- begin: api, written by scripts/bench-api -->", "<!-- end: api -->"
PLACE = ("127.0.0.1", 9090)
# Who may call, but is not root: nobody.
USER = 65534
ROUNDS = 3
# Of each round, calm and attacked.
SECONDS = 3
# Longer than any answer takes.
PATIENCE = 60
# What the attacker keeps open.
HELD = 2000


def framed(message):
    return struct.pack(">I", len(message)) + message


def call(method, arguments=b"\0"):
    return framed(b"\x80\x01\0\x01" + struct.pack(">I", len(method)) + method + b"\0\0\0\1" + arguments)


KEEP_ALIVE = call(b"KeepAliveCheck")
BOMB = call(b"AddVirtualGateway", b"\x0f\0\1\x0c" + struct.pack(">i", 99_000_000))

# What the attacker does: his user, what he sends on each connection, and how many connections he keeps.
ATTACKS = {
    "nothing is sent": (USER, b"", HELD),
    "the same by root": (0, b"", HELD),
    "10,000 connections stay": (USER, b"", 10_000),
    "closed at once": (USER, b"", 0),
    "one call each, then closed": (USER, KEEP_ALIVE, 0),
    "half a frame": (USER, b"\0\x10\0\0" + b"\x80" * 100, HELD),
    "a frame of 4 GiB": (USER, b"\xff" * 4, HELD),
    "most of 1 MiB": (USER, b"\0\x10\0\0" + bytes(900 * 1024), HELD),
    "99,000,000 elements": (USER, BOMB * 20, HELD),
    "answers are not read": (USER, KEEP_ALIVE * 5000, HELD),
    "TLS": (USER, b"\x16\3\1\2\0\1\0\1\xfc\3\3", HELD),
}


def ask(stream):
    """Milliseconds until the answer is there."""
    start = time.perf_counter()
    stream.sendall(KEEP_ALIVE)
    answer = b""
    while len(answer) < 35:
        piece = stream.recv(64)
        if not piece:
            raise ConnectionError("closed")
        answer += piece
    return (time.perf_counter() - start) * 1000


def connected():
    stream = socket.create_connection(PLACE, PATIENCE)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


class Honest:
    """A client with a connection that it keeps, and one that it makes for each call."""

    def __init__(self):
        self.kept = connected()
        self.retries = 0

    def measure(self, seconds):
        times = {"kept": [], "new": []}
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                times["kept"].append(ask(self.kept))
            except OSError:
                self.retries += 1
                self.kept = connected()
            start = time.perf_counter()
            while True:
                try:
                    with connected() as stream:
                        ask(stream)
                    break
                except OSError:
                    self.retries += 1
            times["new"].append((time.perf_counter() - start) * 1000)
            time.sleep(0.002)
        return times


def attack(user, sent, kept):
    """Attacks until it is ended, then tells how many connections it has opened a second."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    held, opened, began = [], 0, time.monotonic()

    def tell(*_):
        print(round(opened / (time.monotonic() - began)), flush=True)
        os._exit(0)

    signal.signal(signal.SIGTERM, tell)
    while True:
        if kept == 10_000 and len(held) == kept:
            signal.pause()
        stream = socket.socket()
        stream.setblocking(False)
        # The handshake is over when this returns, unless the kernel's queue is full.
        stream.connect_ex(PLACE)
        opened += 1
        if sent:
            with contextlib.suppress(OSError):
                stream.send(sent)
        if kept:
            held.append(stream)
            if len(held) > kept:
                held.pop(0).close()
        else:
            stream.close()


def resident(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return {line.split()[0]: int(line.split()[1]) for line in text.splitlines() if line.startswith("Vm")}


def quantiles(times):
    times = sorted(times)
    at = lambda part: times[min(len(times) - 1, int(len(times) * part))]
    return " | ".join(f"{value:.1f}" for value in (at(0.5), at(0.99), times[-1]))


def measured(process, name, rounds, seconds):
    """The two lines of an attack."""
    honest = Honest()
    before = resident(process)["VmRSS:"]
    pathlib.Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    figures = {state: {"kept": [], "new": []} for state in ("calm", "attacked")}
    speeds = []
    for _ in range(rounds):
        for state in figures:
            # A process of its own, so that the client has a processor's time.
            words = [sys.executable, "-B", __file__, "attack", name]
            attacker = subprocess.Popen(words, stdout=subprocess.PIPE, text=True) if state == "attacked" else None
            for way, times in honest.measure(seconds).items():
                figures[state][way] += times
            if attacker:
                attacker.terminate()
                speeds.append(int(attacker.communicate()[0]))
    grown = max(0, resident(process)["VmHWM:"] - before)
    ways = {state: " | ".join(quantiles(figures[state][way]) for way in ("new", "kept")) for state in figures}
    yield f"| calm | | {ways['calm']} | | |"
    yield f"| {name} | {sum(speeds) // len(speeds):,} | {ways['attacked']} | {honest.retries} | {grown:,} |"


def report(process, rounds, seconds):
    yield f"- {os.cpu_count()} cores, Linux {platform.release()}, release build"
    yield f"- load average before the first call: {os.getloadavg()[0]:.1f}"
    yield ""
    yield "| what another does | his connections a second | new: p50, ms | p99 | max | kept: p50, ms | p99 | max | came again | KiB more |"
    yield "| --- | ---: " + "| ---: " * 8 + "|"
    for name in ATTACKS:
        yield from measured(process, name, rounds, seconds)


def main(vgwd, quick):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        place = pathlib.Path(folder)
        (place / "vgwd.toml").write_text(f"[api]\nallow_users = [{USER}]\n")
        words = [vgwd, "--config", place / "vgwd.toml", "--socket", place / "s", "--state-dir", place / "state"]
        log = stack.enter_context(open(place / "log", "w"))
        process = subprocess.Popen(words, stderr=log)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        deadline = time.monotonic() + PATIENCE
        while not (place / "s").exists():
            if time.monotonic() > deadline or process.poll() is not None:
                sys.exit((place / "log").read_text())
            time.sleep(0.05)
        lines = []
        for line in report(process, *((1, 1) if quick else (ROUNDS, SECONDS))):
            print(line, flush=True)
            lines.append(line)
        return "\n".join(lines)


if __name__ == "__main__":
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    if sys.argv[1] == "attack":
        attack(*ATTACKS[sys.argv[2]])
    else:
        text = main(sys.argv[-1], "--quick" in sys.argv)
        if "--write" in sys.argv:
            write(text, BEGIN, END)
