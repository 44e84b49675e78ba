"""A compute node and a network outside, in namespaces of their own, with vgwd between them."""

import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from addport import add_port

INSTANCES = {1: "default-domain:admin:net1:net1", 2: "default-domain:admin:net2:net2"}
UUID = {1: "11111111-1111-1111-1111-111111111111", 2: "22222222-2222-2222-2222-222222222222"}

CONFIG = """
[[gateway]]
interface = "vgw1"
routing_instance = "{net1}"
subnets = ["10.60.1.0/24", "fd60:1::/64"]
""" + "".join(
    f"""
[[network]]
id = "{UUID[number]}"
routing_instance = "{{net{number}}}"
gateways = ["10.60.1.1", "fd60:1::1"]
dhcp = {{{{ prefix_length = 24, dns = ["192.0.2.53"], domain = "example.org", lease_time = 600 }}}}
router_advertisements = {{{{}}}}
"""
    for number in UUID
) + """
[[port]]
name = "veth20"
attach = true
routing_instance = "{net2}"
addresses = ["10.60.1.20"]
gateways = ["10.60.1.1"]

[host]
rt_tables = "none"
"""


class Site:
    """Everything that is made; leaving it takes all of it away."""

    def __init__(self, binaries):
        self._binaries = binaries
        self._names = {place: f"vgwq{os.getpid()}-{place}" for place in ("compute", "outside", "neighbour")}
        self._processes = []
        self._sniffers = []

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="vgw-qemu-")
        try:
            self._furnish()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for sniffer in self._sniffers:
            sniffer.stop()
        for process in reversed(self._processes):
            if process.poll() is None:
                process.kill()
                process.wait()
        for name in self._names.values():
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _furnish(self):
        for name in self._names.values():
            self._do(f"ip netns add {name}")
            self._do(f"ip -n {name} link set lo up")
        compute, outside, neighbour = self._names.values()
        for near, far_place, far in (("eth1", outside, "eth0"), ("veth20", neighbour, "eth0")):
            self._do(f"ip -n {compute} link add {near} type veth peer name {far} netns {far_place}")
            self._do(f"ip -n {compute} link set {near} up")
            self._do(f"ip -n {far_place} link set {far} up")
        self._do(f"ip -n {compute} address add 198.51.100.1/24 dev eth1")
        self._do(f"ip -n {outside} address add 198.51.100.2/24 dev eth0")
        self._do(f"ip -n {outside} route add 10.60.1.0/24 via 198.51.100.1")
        self._do(f"ip -n {neighbour} address add 10.60.1.20/24 dev eth0")
        self._do(f"ip netns exec {compute} sysctl -qw net.ipv4.ip_forward=1")

        page = random.Random(7).randbytes(8 << 20)
        self._digest = hashlib.md5(page).hexdigest()
        os.mkdir(f"{self.folder}/www")
        with open(f"{self.folder}/www/index.html", "wb") as file:
            file.write(page)
        self._spawn("outside", "http", "python3", "-m", "http.server", "-d", f"{self.folder}/www", "8000")

        with open(f"{self.folder}/vgwd.toml", "w", encoding="utf-8") as file:
            file.write(CONFIG.format(net1=INSTANCES[1], net2=INSTANCES[2]))
        self._socket = f"{self.folder}/vgwd.sock"
        self._vgwd = self._spawn(
            "compute", "vgwd", f"{self._binaries}/vgwd", "--config", f"{self.folder}/vgwd.toml",
            "--socket", self._socket, "--state-dir", f"{self.folder}/state",
        )
        self._wait("vgwd is ready", lambda: " ready" in self.log())

    def spawn(self, name, *words):
        """Starts a program on the compute node."""
        return self._spawn("compute", name, *words)

    def make_tap(self, name):
        """Makes a tap as a hypervisor's manager does: persistent, with QEMU's header, and up."""
        compute = self._names["compute"]
        self._do(f"ip -n {compute} tuntap add dev {name} mode tap vnet_hdr")
        self._do(f"ip -n {compute} link set {name} mtu 1400 up")

    def add_port(self, number, tap, network, address, mac, name):
        """Tells vgwd of a guest's port, as a compute service does."""
        with self._inside("compute"):
            client = socket.create_connection(("127.0.0.1", 9090), timeout=20)
        with client:
            v6 = "fd60:1::" + address.rsplit(".", 1)[1]
            if not add_port(client, number, tap, bytes.fromhex(UUID[network].replace("-", "")), address, v6, mac, name):
                raise RuntimeError(f"AddPort of {tap} was refused:\n{self.log()}")

    def problems(self):
        """What vgwd complains of."""
        words = [f"{self._binaries}/vgw", "--socket", self._socket, "-j", "status"]
        return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)["problems"]

    def outside(self, *words):
        """What a program outside says."""
        words = ["ip", "netns", "exec", self._names["outside"], *words]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False).stdout

    def digest(self):
        """MD5 of what is served outside."""
        return self._digest

    def watch(self, device):
        """Listens on a device of the compute node."""
        with self._inside("compute"):
            sniffer = Sniffer(device)
        self._sniffers.append(sniffer)
        return sniffer

    def log(self):
        """What vgwd has said."""
        with open(f"{self.folder}/vgwd.log", encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        """Has vgwd stop; its status."""
        self._vgwd.send_signal(signal.SIGTERM)
        return self._vgwd.wait(timeout=30)

    def _spawn(self, place, name, *words):
        with open(f"{self.folder}/{name}.log", "wb") as log:
            words = ["ip", "netns", "exec", self._names[place], *words]
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._processes.append(process)
        return process

    def _inside(self, place):
        return Inside(self._names[place])

    @staticmethod
    def _do(line):
        subprocess.run(line.split(), check=True)

    def _wait(self, what, is_so):
        end = time.monotonic() + 20
        while not is_so():
            if time.monotonic() > end:
                raise RuntimeError(f"not in time: {what}\n{self.log()}")
            time.sleep(0.02)


class Inside:
    """Has this thread be in a network namespace; what it opens there stays there."""

    def __init__(self, name):
        self._name = name

    def __enter__(self):
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self._name}", os.O_RDONLY)
        setns(there)
        os.close(there)

    def __exit__(self, *_):
        setns(self._home)
        os.close(self._home)


def setns(descriptor):
    """setns(2), which Python has from 3.12."""
    import ctypes

    if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Sniffer:
    """Collects the frames of a device, both ways."""

    def __init__(self, device):
        self.device = device
        self._frames = []
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self._socket.bind((device, 3))
        self._socket.settimeout(0.2)
        self._stopping = False
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self):
        while not self._stopping:
            try:
                # Enough to tell whose it is.
                self._frames.append(self._socket.recv(2048))
            except socket.timeout:
                pass
            except OSError:
                return

    def frames(self):
        """What has come until now."""
        return list(self._frames)

    def stop(self):
        """Stops listening."""
        self._stopping = True
        self._thread.join()
        self._socket.close()
