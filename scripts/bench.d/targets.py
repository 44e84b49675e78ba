"""What is aimed at: one figure of a way as a multiple of another's, in the same round."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A bound on the ratio of two ways at a work's first metric."""

    path: str
    work: str
    way: str
    other: str
    bound: float
    at_most: bool = False

    def is_reached(self, ratio):
        return ratio <= self.bound if self.at_most else ratio >= self.bound

    def text(self):
        return f"{'≤' if self.at_most else '≥'} {self.bound:.2f}"


#: All that a gateway does may cost a tenth of the bare copy.
TENTH = round(1 / 1.1, 2)

TARGETS = (
    Target("guests", "tcp-1", "vgw", "kernel", 0.65),
    Target("guests", "tcp-4", "vgw", "kernel", 0.75),
    Target("guests", "gso", "vgw", "kernel", 0.48),
    Target("guests", "pps", "vgw", "kernel", 1.35),
    Target("guests", "rtt", "vgw-spin", "kernel", 0.70, at_most=True),
    Target("guests", "tcp-1", "vgw", "ovs", 1.35),
    Target("guests", "tcp-4", "vgw", "ovs", 1.50),
    Target("guests", "gso", "vgw", "ovs", 9.00),
    Target("guests", "pps", "vgw", "ovs", 2.20),
    Target("guests", "rtt", "vgw-spin", "ovs", 0.40, at_most=True),
    *(Target("guests", work, "vgw", "bare", TENTH) for work in ("tcp-1", "tcp-4", "gso", "pps")),
    Target("guests", "rtt", "vgw", "bare", 1.10, at_most=True),
    Target("guests", "tcp-4", "vgw-2", "vgw", 1.00),
    Target("guests", "pps", "vgw-2", "vgw", 1.00),
    Target("gateway", "tcp-1", "vgw", "kernel", 0.65),
    Target("gateway", "tcp-1-core", "vgw", "kernel", 0.48),
    Target("gateway", "pps", "vgw", "kernel", 1.00),
    *(Target("gateway", work, "vgw", "bare", TENTH) for work in ("tcp-1", "tcp-4", "gso", "pps")),
    Target("gateway", "rtt", "vgw", "bare", 1.10, at_most=True),
    Target("gateway", "rtt", "vgw-spin", "kernel", 0.70, at_most=True),
)
