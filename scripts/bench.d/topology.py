"""The two ways from a guest to a host outside: three namespaces each, told apart only by who forwards.

    guest (eth0) -- compute (out0) -- (eth0) outside

Addresses, routes and settings of guest and outside are the same on both ways.
"""

import contextlib
import errno
import json
import os
import signal
import subprocess
import time

GUEST = "192.168.1.253"
GATEWAY = "192.168.1.1"
SUBNET = "192.168.1.0/24"
COMPUTE = "10.1.1.254"
OUTSIDE = "10.1.1.253"

# How long anything may take that is not a measurement, seconds.
PATIENCE = 20


class Failure(Exception):
    """Something without which there is nothing to measure."""


def run(*command, **options):
    """Runs a command to its end and returns what it printed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, **options)
    except subprocess.TimeoutExpired:
        raise Failure(f"no end within {PATIENCE} s: {' '.join(command)}") from None
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def keep_names_private():
    """Hides the host's named network namespaces behind a folder that ends with this mount namespace.

    So no name can clash, and no name is left behind.
    """
    if os.readlink("/proc/self/ns/mnt") == os.readlink(f"/proc/{os.getppid()}/ns/mnt"):
        raise Failure("start it by scripts/bench: it needs a mount namespace of its own")
    os.makedirs("/run/netns", exist_ok=True)
    run("mount", "-t", "tmpfs", "tmpfs", "/run/netns")


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
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.STDOUT)
        return subprocess.Popen(self.command(*words), text=True, stdin=subprocess.DEVNULL, **options)


class Way:
    """Guest, compute node and outside host; how the compute node forwards is for the subclasses."""

    #: What the figures are listed under.
    name = ""
    #: The compute node's interface that everything from the guest must come in by.
    entry = ""

    def build(self):
        """Sets everything up and waits until a packet goes there and back."""
        self.guest = Namespace(f"{self.name}-guest")
        self.compute = Namespace(f"{self.name}-compute")
        self.outside = Namespace(f"{self.name}-outside")
        self.compute.ip("link", "add", "out0", "type", "veth", "peer", "eth0", "netns", self.outside.name)
        for namespace, device, address in ((self.compute, "out0", COMPUTE), (self.outside, "eth0", OUTSIDE)):
            namespace.ip("address", "add", f"{address}/24", "dev", device)
            namespace.ip("link", "set", device, "up")
        self.outside.ip("route", "add", SUBNET, "via", COMPUTE)
        self.compute.set("net/ipv4/conf/out0/forwarding", "1")
        self.connect()
        self.wait_until_open()

    def connect(self):
        """Gives the guest its eth0, GUEST and a default route, and lets the compute node forward."""
        raise NotImplementedError

    def tear_down(self):
        """Ends what was started; the namespaces go with this program."""

    def wait_until_open(self):
        """Waits until a TCP connection from guest to outside is refused: by then packets go both ways."""
        probe = "import socket, sys; sys.exit(socket.socket().connect_ex((sys.argv[1], 9)))"
        deadline = time.monotonic() + PATIENCE
        while True:
            tried = subprocess.run(
                self.guest.command("timeout", "2", "/usr/bin/python3", "-c", probe, OUTSIDE), check=False
            )
            if tried.returncode == errno.ECONNREFUSED:
                return
            if time.monotonic() >= deadline:
                raise Failure(f"{self.name}: no packet gets from the guest to {OUTSIDE} and back")
            time.sleep(0.1)

    @contextlib.contextmanager
    def must_carry(self, least):
        """Fails unless at least so many bytes come from the guest by the way that is to be measured."""
        before = self.carried()
        yield
        carried = self.carried() - before
        if carried < least:
            raise Failure(f"{self.name}: only {carried} bytes came by {self.entry}, {least} were expected")

    def carried(self):
        """Bytes that have come from the guest to the compute node so far."""
        link = json.loads(self.compute.ip("-json", "-statistics", "link", "show", "dev", self.entry))
        return link[0]["stats64"]["rx"]["bytes"]


class KernelWay(Way):
    """A veth to the guest, and ip_forward: what the host's own stack can do."""

    name = "kernel"
    entry = "guest0"

    def connect(self):
        self.compute.ip("link", "add", "guest0", "type", "veth", "peer", "eth0", "netns", self.guest.name)
        for namespace, device, address in ((self.compute, "guest0", GATEWAY), (self.guest, "eth0", GUEST)):
            namespace.ip("address", "add", f"{address}/24", "dev", device)
            namespace.ip("link", "set", device, "up")
        self.guest.ip("route", "add", "default", "via", GATEWAY)
        self.compute.set("net/ipv4/conf/guest0/forwarding", "1")


class VgwWay(Way):
    """vgwd with one gateway and one guest port, everything else as it is by default."""

    name = "vgw"
    entry = "vgw0"

    CONFIGURATION = f"""
        [[gateway]]
        interface = "vgw0"
        routing_instance = "default-domain:bench:net:net"
        subnets = ["{SUBNET}"]

        [[port]]
        name = "tap0"
        routing_instance = "default-domain:bench:net:net"
        addresses = ["{GUEST}/32"]
        gateways = ["{GATEWAY}"]
        netns = "vgw-guest"
        guest_name = "eth0"
        guest_addresses = ["{GUEST}/24"]
    """

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.daemon = None

    def connect(self):
        configuration = self.folder / "vgwd.toml"
        configuration.write_text(self.CONFIGURATION)
        self.log = self.folder / "log"
        with open(self.log, "w", encoding="utf-8") as log:
            self.daemon = self.compute.start(
                self.program,
                *("--config", configuration),
                *("--thrift-listen", "none"),
                *("--socket", self.folder / "vgwd.sock"),
                *("--state-dir", self.folder / "state"),
                stdout=log,
            )

    def wait_until_open(self):
        try:
            super().wait_until_open()
        except Failure as failure:
            raise Failure(f"{failure}\n{self.log.read_text()}") from None

    def tear_down(self):
        if self.daemon is None:
            return
        os.kill(self.daemon.pid, signal.SIGTERM)
        try:
            status = self.daemon.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            raise Failure("vgwd does not stop") from None
        if status != 0:
            raise Failure(f"vgwd ended with status {status}:\n{self.log.read_text()}")
