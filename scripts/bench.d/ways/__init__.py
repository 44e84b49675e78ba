"""The ways that forward, by name: what they are for, and how to have them.

A variant of vgw is one line: its name, and what is added to the configuration.
"""

from collections.abc import Callable
from dataclasses import dataclass

from topology import GATEWAY, GUESTS

from ways.bare import Bare
from ways.dpdk import AfPacket, AfXdp, TapPmd
from ways.kernel import Kernel
from ways.ovs import OpenVSwitch
from ways.vgw import vgw_with

BOTH = (GUESTS, GATEWAY)


@dataclass(frozen=True)
class Way:
    """Something that forwards."""

    #: Makes the bed: called with name, path and folder.
    bed: Callable
    #: One line for people.
    about: str
    paths: tuple = BOTH
    #: The works that it is for; none named: all. `--only` names others.
    works: tuple = ()
    #: Debian packages; without them the way is left out, and that is said.
    packages: tuple = ()
    #: Measured if no ways are named.
    usual: bool = True


def testpmd(bed, ports, usual=True):
    """DPDK's forwarder between ports of a kind."""
    works = ("tcp-1", "tcp-4", "pps", "loss-free", "gso", "rtt")
    packages = ("dpdk-dev", "ethtool")
    return Way(bed, f"DPDK testpmd over {ports}, spinning", (GUESTS,), works, packages, usual)


WAYS = {
    "vgw": Way(vgw_with(""), "vgwd as it is by default"),
    "vgw-spin": Way(
        vgw_with('[dataplane]\nspin = "50us"'),
        "vgwd that looks for packets for 50 µs before it sleeps",
        works=("tcp-1", "pps", "rtt", "rtt-loaded"),
    ),
    "vgw-2": Way(
        vgw_with("[dataplane]\nworkers = 2"), "vgwd with two workers", works=("tcp-4", "tcp-16", "pps", "loss-free")
    ),
    "vgw-ring": Way(
        vgw_with('[dataplane]\nio_uring = "on"'), "vgwd, io_uring in any case", works=("pps",), usual=False
    ),
    "vgw-calls": Way(vgw_with('[dataplane]\nio_uring = "off"'), "vgwd without io_uring", works=("pps",), usual=False),
    "kernel": Way(Kernel, "the host's own forwarding (ip_forward) between veths"),
    "bare": Way(Bare, "the bare copy: vgwd's device layer without a forwarder"),
    "ovs": Way(
        OpenVSwitch, "Open vSwitch, datapath in user space, taps with TSO", (GUESTS,), packages=("openvswitch-switch",)
    ),
    "dpdk-af-xdp": testpmd(AfXdp, "veths by AF_XDP"),
    "dpdk-af-packet": testpmd(AfPacket, "veths by AF_PACKET", usual=False),
    "dpdk-tap": testpmd(TapPmd, "taps", usual=False),
}
