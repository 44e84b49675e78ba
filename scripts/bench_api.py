"""Times calls of an honest client while others attack, and in calm times in between.

usage: bench_api.py VGWD, in a network namespace of its own
"""

import contextlib
import pathlib
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

PLACE = ("127.0.0.1", 9090)
ROUNDS = 3
# Of each round, calm and attacked.
SECONDS = 3
# Longer than any answer takes.
PATIENCE = 60


def framed(message):
    return struct.pack(">I", len(message)) + message


def call(method, arguments=b"\0"):
    return framed(b"\x80\x01\0\x01" + struct.pack(">I", len(method)) + method + b"\0\0\0\1" + arguments)


KEEP_ALIVE = call(b"KeepAliveCheck")
BOMB = call(b"AddVirtualGateway", b"\x0f\0\1\x0c" + struct.pack(">i", 99_000_000))


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

    def measure(self):
        times = {"kept": [], "new": []}
        end = time.monotonic() + SECONDS
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


def attack_for_ever(kind):
    """Attacks until it is ended."""
    held = []
    while True:
        try:
            stream = socket.create_connection(PLACE, 1)
            stream.setblocking(False)
            held.append(stream)
            stream.send(kind)
        except OSError:
            pass
        if len(held) > 2000:
            held.pop(0).close()


KINDS = {
    "nothing is sent": b"",
    "half a frame": b"\0\x10\0\0" + b"\x80" * 100,
    "a frame of 4 GiB": b"\xff" * 4,
    "most of 1 MiB": b"\0\x10\0\0" + bytes(900 * 1024),
    "99,000,000 elements": BOMB * 20,
    "answers are not read": KEEP_ALIVE * 5000,
    "TLS": b"\x16\3\1\2\0\1\0\1\xfc\3\3",
}


def resident(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return {line.split()[0]: int(line.split()[1]) for line in text.splitlines() if line.startswith("Vm")}


def row(name, times, more=""):
    times = sorted(times)
    at = lambda part: times[min(len(times) - 1, int(len(times) * part))]
    print(f"{name:42} {len(times):6} {at(0.5):8.2f} {at(0.99):8.2f} {times[-1]:8.2f}  {more}", flush=True)


def measure(process):
    print(f"{'ms until the answer':42} {'calls':>6} {'p50':>8} {'p99':>8} {'max':>8}")
    for name, kind in KINDS.items():
        honest = Honest()
        before = resident(process)["VmRSS:"]
        pathlib.Path(f"/proc/{process.pid}/clear_refs").write_text("5")
        figures = {(state, way): [] for state in ("calm", "attacked") for way in ("kept", "new")}
        for _ in range(ROUNDS):
            for state in ("calm", "attacked"):
                # A process of its own, so that the client has a processor's time.
                attack = subprocess.Popen([sys.executable, "-B", __file__, "attack", name]) if state != "calm" else None
                for way, times in honest.measure().items():
                    figures[state, way] += times
                if attack:
                    attack.terminate()
                    attack.wait()
        grown = max(0, resident(process)["VmHWM:"] - before)
        for (state, way), times in figures.items():
            more = f"came again {honest.retries} times, grown by {grown} KiB" if (state, way) == ("attacked", "new") else ""
            row(f"{name}: {state}, {way} connection", times, more)


def main(vgwd):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        place = pathlib.Path(folder)
        (place / "vgwd.toml").touch()
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
        measure(process)


if __name__ == "__main__":
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    if sys.argv[1] == "attack":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        attack_for_ever(KINDS[sys.argv[2]])
    else:
        main(sys.argv[1])
