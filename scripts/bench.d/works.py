"""What is measured: each work runs once on one bed and returns its figures."""

import contextlib
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from files import EXAMPLES
from topology import PATIENCE, Failure

PORT = 5201
#: Bytes a second that even the slowest way carries of TCP, and in packets of 64 bytes one at a time.
LEAST_BULK = 1_000_000
LEAST_SMALL = 64_000


@dataclass(frozen=True)
class Metric:
    """One figure of a work."""

    label: str
    unit: str
    less_is_better: bool = False

    def of(self, title):
        """What the figure is called, by the work's title."""
        return f"{title}: {self.label}" if self.label else title


class Tcp:
    """Bulk: what the receiver got, by iperf3, and what the whole machine worked for it."""

    metrics = (Metric("", "Gbit/s"), Metric("CPU", "ms/Gbit", less_is_better=True))
    least = LEAST_BULK

    def __init__(self, streams, backwards=False):
        self.streams = streams
        self.options = ("-R",) if backwards else ()
        self.name = f"tcp-{streams}{'-back' if backwards else ''}"
        self.title = f"TCP, {streams} stream{'s' if streams > 1 else ''}{', far to near' if backwards else ''}"

    def run(self, bed, seconds):
        with iperf3(bed, seconds, "-P", self.streams, *self.options) as client:
            before = busy_milliseconds()
            answer = json.loads(finish(client, seconds))
            busy = busy_milliseconds() - before
        if "error" in answer:
            raise Failure(f"iperf3: {answer['error']}")
        end = answer["end"]
        if end["sender_tcp_congestion"] != "reno":
            raise Failure(f"TCP ran {end['sender_tcp_congestion']}, not reno")
        received = end["sum_received"]
        gigabits = positive(received["bytes"]) * 8 / 1e9
        return (received["bits_per_second"] / 1e9, busy / gigabits)


class Load:
    """Something that bench.d/netload measures."""

    least = LEAST_SMALL

    def run(self, bed, seconds):
        return self.figures(self.answer(bed, seconds))

    def answer(self, bed, seconds):
        ends = ("--from", bed.near.name, "--to", bed.far.name, "--at", f"{bed.path.far.address}:{PORT}")
        # Started in the middle; it enters those two by itself.
        with closing(bed.middle.start(EXAMPLES / "netload", "--seconds", seconds, *ends, self.load)) as process:
            return json.loads(finish(process, seconds))


class Packets(Load):
    """Frames of 64 bytes as fast as the sender can: what a socket received."""

    name, title, load = "pps", "64-byte packets", "small"
    metrics = (Metric("", "kpps"),)

    def figures(self, answer):
        return (positive(answer["received"]) / answer["seconds"] / 1e3,)


class Segments(Packets):
    """UDP segmentation offload: datagrams that a socket received."""

    name, title, load = "gso", "UDP segmentation offload", "segments"
    metrics = (Metric("", "k datagrams/s"),)


class LossFree(Load):
    """The greatest offered rate of frames of 64 bytes of which less than 0.1 % are lost."""

    name, title, load = "loss-free", "64-byte packets, loss below 0.1 %", "loss"
    metrics = (Metric("", "kpps"),)

    def figures(self, answer):
        if answer["packets_per_second"] == 0:
            raise Failure("more are lost at every rate that was tried")
        return (answer["packets_per_second"] / 1e3,)


class RoundTrip(Load):
    """One frame of 64 bytes there and back at a time, nothing else under way."""

    name, title, load = "rtt", "UDP round trip", "ping"
    metrics = (
        Metric("p50", "µs", less_is_better=True),
        Metric("p99", "µs", less_is_better=True),
        Metric("CPU in use", "cores", less_is_better=True),
    )

    def run(self, bed, seconds):
        busy, start = busy_milliseconds(), time.monotonic()
        answer = self.answer(bed, seconds)
        cores = (busy_milliseconds() - busy) / 1e3 / (time.monotonic() - start)
        if answer["lost"] > 0:
            raise Failure(f"{answer['lost']} of the round trips were lost")
        return (*self.figures(answer), cores)

    def figures(self, answer):
        positive(answer["answered"])
        return (answer["p50_us"], answer["p99_us"])


class LoadedRoundTrip(RoundTrip):
    """The same while a stream of TCP goes the same way; some may be lost."""

    name, title = "rtt-loaded", "UDP round trip beside a TCP stream"
    metrics = RoundTrip.metrics[:2]
    # More than the round trips alone could be.
    least = 20 * LEAST_BULK

    def run(self, bed, seconds):
        with iperf3(bed, seconds + 2) as client:
            figures = self.figures(self.answer(bed, seconds))
            if client.poll() is not None:
                raise Failure("the TCP stream ended before its time")
        return figures


class OneCore:
    """Another work while sender, forwarder and receiver share one core: steady, where others use the machine."""

    def __init__(self, work):
        self.work = work
        self.name, self.title = f"{work.name}-core", f"{work.title}, all on one core"
        self.metrics, self.least = work.metrics, work.least

    def run(self, bed, seconds):
        with bed.on_one_core():
            return self.work.run(bed, seconds)


ALL = (
    *(Tcp(streams) for streams in (1, 4, 16)),
    *(Tcp(streams, backwards=True) for streams in (1, 4, 16)),
    OneCore(Tcp(1)),
    Packets(),
    LossFree(),
    Segments(),
    RoundTrip(),
    OneCore(RoundTrip()),
    LoadedRoundTrip(),
)
WORKS = {work.name: work for work in ALL}
#: Those that the targets name.
QUICK = ("tcp-1", "tcp-4", "tcp-1-core", "pps", "gso", "rtt")


@contextlib.contextmanager
def iperf3(bed, seconds, *options):
    """TCP from near to far for so long; gives the client."""
    address = ("-p", PORT, bed.path.far.address)
    server = bed.far.start("iperf3", "-s", "-1", "-B", address[2], *address[:2], "--forceflush")
    with closing(server):
        if not any("listening" in line for line in server.stdout):
            raise Failure("iperf3 does not listen")
        words = ("iperf3", "-c", address[2], *address[:2], "-t", seconds, "-J", "--connect-timeout", 3000, *options)
        with closing(bed.near.start(*words)) as client:
            yield client


@contextlib.contextmanager
def closing(process):
    """Ends a process, whatever happens meanwhile."""
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


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


def busy_milliseconds():
    """How long all processors together have worked since the start, ms (proc_stat(5))."""
    user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = map(
        int, Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + softirq + steal) * 10


def positive(value):
    """A figure that cannot be zero if anything was measured."""
    if not value > 0:
        raise Failure("nothing arrived")
    return value
