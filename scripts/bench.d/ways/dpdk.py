"""DPDK's testpmd, which moves frames between two ports and spins while it has none."""

import subprocess

from ways.wire import Wire


class TestPmd(Wire):
    """testpmd in the middle, one core forwarding, without huge pages and hardware."""

    spins = True

    def start(self, *devices):
        self.daemon(
            # Its words are waited for.
            *("stdbuf", "-oL", "dpdk-testpmd"),
            *("--no-huge", "--no-pci", "--no-shconf", "--no-telemetry", "-m", 256),
            # Not bound to cores, as no other way is.
            *("--lcores", "0@0-1,1@0-1"),
            *(f"--vdev={device}" for device in devices),
            "--",
            *("--forward-mode=io", "--nb-cores=1", "--auto-start", "--no-mlockall", "--total-num-mbufs=16384"),
            # It ends when its input does.
            stdin=subprocess.PIPE,
        )
        self.wait_for(lambda: "Press enter to exit" in self.log_text(), "forwarding of testpmd")


class OverVeth(TestPmd):
    """A veth to each end. The driver knows no offload header, so the ends hand over finished frames."""

    driver = ""

    def join(self, left, right):
        for name, (namespace, device) in (("left", left), ("right", right)):
            self.middle.ip("link", "add", name, "type", "veth", "peer", device, "netns", namespace.name)
            self.middle.ip("link", "set", name, "up")
            namespace.ip("link", "set", device, "up")
            namespace.run("ethtool", "-K", device, "tx", "off")
        self.start(*(f"{self.driver}{number},iface={name}" for number, name in enumerate(("left", "right"))))


class AfPacket(OverVeth):
    """By the rings of AF_PACKET."""

    driver = "net_af_packet"


class AfXdp(OverVeth):
    """By the rings of AF_XDP."""

    driver = "net_af_xdp"


class TapPmd(TestPmd):
    """By taps that testpmd makes."""

    def join(self, left, right):
        self.start("net_tap0,iface=left", "net_tap1,iface=right")
        for name, (namespace, device) in (("left", left), ("right", right)):
            self.middle.ip("link", "set", name, "netns", namespace.name, "name", device)
