"""Ways that carry frames unchanged from one interface to another, as a wire does."""

from bed import Bed


class Wire(Bed):
    """Near and far are neighbours on it; or near and the middle, whose stack then forwards to outside."""

    def join(self, left, right):
        """Makes two interfaces, each a namespace and a name, and carries frames between them."""
        raise NotImplementedError

    def connect(self):
        path, near, far = self.path, self.near, self.far
        if path.is_outside:
            self.join((near, "eth0"), (self.middle, "near0"))
            near.address("eth0", path.near.address)
            near.ip("route", "add", "default", "via", path.near.gateway)
            self.middle.address("near0", path.near.gateway)
            self.middle.forward_from("near0")
        else:
            self.join((near, "eth0"), (far, "eth0"))
            for end, own, other in ((near, path.near, path.far), (far, path.far, path.near)):
                end.address("eth0", own.address)
                end.ip("route", "add", other.network, "dev", "eth0")
