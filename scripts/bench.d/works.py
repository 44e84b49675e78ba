"""What is measured: each work runs once on one way and returns its figures."""

import contextlib
import json
import subprocess
from pathlib import Path

from topology import OUTSIDE, PATIENCE, Failure

PORT = 5201
NETLOAD = Path(__file__).resolve().parent.parent.parent / "target/release/examples/netload"


class Tcp:
    """Bulk: what the outside host has received, by iperf3."""

    unit = "Gbit/s"
    labels = ("",)

    def __init__(self, streams):
        self.streams = streams
        self.name = f"TCP, {streams} stream{'s' if streams > 1 else ''}"

    def least_bytes(self, seconds):
        return seconds * 1_000_000

    def run(self, way, seconds):
        server = way.outside.start("iperf3", "-s", "-1", "-B", OUTSIDE, "-p", PORT, "--forceflush")
        with listening(server, "listening"):
            amount = ("-t", seconds, "-P", self.streams)
            client = way.guest.start("iperf3", "-c", OUTSIDE, "-p", PORT, *amount, "-J", "--connect-timeout", "3000")
            answer = json.loads(finish(client, seconds))
        if "error" in answer:
            raise Failure(f"{way.name}: iperf3: {answer['error']}")
        end = answer["end"]
        if end["sender_tcp_congestion"] != "reno":
            raise Failure(f"{way.name}: TCP ran {end['sender_tcp_congestion']}, not reno")
        return (positive(way, self, end["sum_received"]["bits_per_second"]) / 1e9,)


class SmallPackets:
    """Frames of 64 bytes: what a UDP socket on the outside host receives, sent as fast as the guest can."""

    name = "64-byte packets"
    unit = "kpps"
    labels = ("",)

    def least_bytes(self, seconds):
        return seconds * 64_000

    def run(self, way, seconds):
        sink = way.outside.start(NETLOAD, "--seconds", seconds, "sink", f"{OUTSIDE}:{PORT}")
        with listening(sink, "ready"):
            flood = way.guest.start(NETLOAD, "--seconds", seconds, "flood", f"{OUTSIDE}:{PORT}")
            counted = json.loads(finish(sink, seconds))
            finish(flood, seconds)
        return (positive(way, self, counted["received"]) / counted["seconds"] / 1e3,)


class RoundTrip:
    """One UDP packet there and back at a time, frames of 64 bytes, nothing else under way."""

    name = "UDP round trip"
    unit = "µs"
    labels = ("p50", "p99")

    def least_bytes(self, seconds):
        return seconds * 64_000

    def run(self, way, seconds):
        echo = way.outside.start(NETLOAD, "--seconds", seconds, "echo", f"{OUTSIDE}:{PORT}")
        with listening(echo, "ready"):
            ping = way.guest.start(NETLOAD, "--seconds", seconds, "ping", f"{OUTSIDE}:{PORT}")
            answer = json.loads(finish(ping, seconds))
        positive(way, self, answer["answered"])
        if answer["lost"] > 0:
            raise Failure(f"{way.name}: {answer['lost']} of the round trips were lost")
        return (answer["p50_us"], answer["p99_us"])


WORKS = (Tcp(streams=1), Tcp(streams=4), SmallPackets(), RoundTrip())


@contextlib.contextmanager
def listening(server, word):
    """Waits for the line in which a server says that it listens; ends it afterwards."""
    try:
        for line in server.stdout:
            if word in line:
                break
        else:
            raise Failure(f"{server.args[-1]} does not listen")
        yield
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def finish(process, seconds):
    """Waits for a process that measures for so many seconds and returns what it printed."""
    try:
        output, _ = process.communicate(timeout=seconds + PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Failure(f"no end: {' '.join(process.args)}") from None
    # iperf3 reports its errors in JSON, and with a status.
    if process.returncode != 0 and not output.startswith("{"):
        raise Failure(f"{' '.join(process.args)}: {output.strip()}")
    return output


def positive(way, work, value):
    """A figure that cannot be zero if anything was measured."""
    if not value > 0:
        raise Failure(f"{way.name}: {work.name}: nothing arrived")
    return value
