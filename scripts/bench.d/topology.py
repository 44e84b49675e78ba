"""Network namespaces of our own, and the two paths that are laid through them.

    guests     near (guest) ---- middle ---------------------------- far (guest)
    gateway    near (guest) ---- middle -- the host's stack, veth -- far (outside)

Who forwards in the middle is for the ways (ways.py); addresses and settings of near and far are the
same on all of them.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

# How long anything may take that is not a measurement, seconds.
PATIENCE = 20
# The longest reason that is given, characters.
LINE = 300


class Failure(Exception):
    """Something without which there is nothing to measure; one line says what."""

    def __str__(self):
        text = " ".join(super().__str__().split())
        return text if len(text) <= LINE else f"{text[: LINE - 1]}…"


def run(*command, **options):
    """Runs a command to its end and returns what it printed."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False, **options)
    except FileNotFoundError:
        raise Failure(f"{words[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise Failure(f"no end within {PATIENCE} s: {' '.join(words)}") from None
    if done.returncode != 0:
        raise Failure(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def private_folder():
    """A folder for the files of a run, beside the names of its network namespaces.

    It lies over the host's named namespaces and ends with this mount namespace, whatever that dies
    of: no name can clash, and nothing is left behind.
    """
    if os.readlink("/proc/self/ns/mnt") == os.readlink(f"/proc/{os.getppid()}/ns/mnt"):
        raise Failure("start it by scripts/bench: it needs a mount namespace of its own")
    os.makedirs("/run/netns", exist_ok=True)
    run("mount", "-t", "tmpfs", "tmpfs", "/run/netns")
    folder = Path("/run/netns/.files")
    folder.mkdir()
    return folder


class Namespace:
    """A network namespace with reno as its TCP congestion control.

    Others, bbr first of all, pace what they send by a timer and so measure themselves.
    """

    def __init__(self, name):
        self.name = name
        run("ip", "netns", "add", name)
        self.ip("link", "set", "lo", "up")
        self.set("net/ipv4/tcp_congestion_control", "reno")

    def ip(self, *words):
        return run("ip", "-n", self.name, *words)

    def set(self, key, value):
        """Sets a value below /proc/sys."""
        self.run("tee", f"/proc/sys/{key}", input=value)

    def command(self, *words):
        """A command as it is run in here; it dies with this program, even if that is killed."""
        return ["ip", "netns", "exec", self.name, "setpriv", "--pdeathsig", "KILL", *map(str, words)]

    def run(self, *words, **options):
        return run(*self.command(*words), **options)

    def start(self, *words, **options):
        """Starts a command in here; its output is for the caller to read, its errors with it unless taken apart."""
        settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **options}
        return subprocess.Popen(self.command(*words), text=True, **settings)

    def address(self, device, address):
        """Gives a device its address, in a network of 24 bits, and brings it up."""
        self.ip("address", "add", f"{address}/24", "dev", device)
        self.ip("link", "set", device, "up")

    def forward_from(self, device):
        self.set(f"net/ipv4/conf/{device}/forwarding", "1")

    def carried(self, device):
        """Bytes that have gone through a device so far, both directions."""
        link = json.loads(self.ip("-json", "-statistics", "link", "show", "dev", device))
        counters = link[0]["stats64"]
        return counters["rx"]["bytes"] + counters["tx"]["bytes"]


@dataclass(frozen=True)
class Station:
    """One end: its eth0 has the address, its default route goes by the gateway."""

    address: str
    gateway: str

    @property
    def network(self):
        return f"{self.address.rsplit('.', 1)[0]}.0/24"


@dataclass(frozen=True)
class NetPath:
    """Two ends, and whether the host's own stack is on the way."""

    name: str
    near: Station
    far: Station
    #: The far end is outside: a veth leads there, and the host's stack forwards to it.
    is_outside: bool


GUESTS = NetPath(
    "guests", Station("192.168.1.2", "192.168.1.1"), Station("192.168.2.2", "192.168.2.1"), is_outside=False
)
GATEWAY = NetPath("gateway", Station("192.168.1.2", "192.168.1.1"), Station("10.1.1.2", "10.1.1.1"), is_outside=True)
PATHS = {path.name: path for path in (GUESTS, GATEWAY)}


def lay_veth(middle, device, end, station):
    """A veth from the middle, where it has the gateway's address, to the end's eth0."""
    middle.ip("link", "add", device, "type", "veth", "peer", "eth0", "netns", end.name)
    middle.address(device, station.gateway)
    end.address("eth0", station.address)
    end.ip("route", "add", "default", "via", station.gateway)
    middle.forward_from(device)
