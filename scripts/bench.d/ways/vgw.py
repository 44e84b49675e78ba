"""vgwd, with everything that a test does not name as it is by default."""

from functools import partial

from bed import Bed, end
from files import RELEASE
from topology import Failure


def vgw_with(fragment):
    """A bed of vgwd whose configuration has this fragment too."""
    return partial(Vgw, fragment)


class Vgw(Bed):
    """One routing instance with a guest port; to outside a gateway, else a second guest port."""

    INSTANCE = "default-domain:bench:net:net"

    def __init__(self, fragment, way, path, folder, program=RELEASE / "vgwd"):
        super().__init__(way, path, folder)
        self.fragment = fragment
        self.program = program

    def connect(self):
        far = self.gateway() if self.path.is_outside else self.port("far", self.path.far)
        configuration = self.folder / "vgwd.toml"
        configuration.write_text("\n".join((self.port("near", self.path.near), far, self.fragment)))
        self.daemon(
            self.program,
            *("--config", configuration),
            *("--thrift-listen", "none"),
            *("--socket", self.folder / "vgwd.sock"),
            *("--state-dir", self.folder / "state"),
        )

    def port(self, place, station):
        return f"""
            [[port]]
            name = "guest-{place}"
            routing_instance = "{self.INSTANCE}"
            addresses = ["{station.address}/32"]
            gateways = ["{station.gateway}"]
            netns = "{getattr(self, place).name}"
            guest_name = "eth0"
            guest_addresses = ["{station.address}/24"]
        """

    def gateway(self):
        return f"""
            [[gateway]]
            interface = "near0"
            routing_instance = "{self.INSTANCE}"
            subnets = ["{self.path.near.network}"]
        """

    def tear_down(self):
        """Stops vgwd, which must end in order."""
        for process in self.processes:
            end(process)
            if process.returncode != 0:
                raise Failure(f"vgwd ended with status {process.returncode}\n{self.log_text()}")
