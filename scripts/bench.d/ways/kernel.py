"""The host's own stack: what a forwarder in user space is measured against."""

from bed import Bed
from topology import lay_veth


class Kernel(Bed):
    """A veth to each end, and ip_forward."""

    def connect(self):
        lay_veth(self.middle, "near0", self.near, self.path.near)
        if not self.path.is_outside:
            lay_veth(self.middle, "far0", self.far, self.path.far)
