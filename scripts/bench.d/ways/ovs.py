"""Open vSwitch with its datapath in user space, in a folder of its own: the host's is not touched."""

import os
from pathlib import Path

from topology import run

from ways.wire import Wire

SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")


class OpenVSwitch(Wire):
    """A bridge of type netdev with two taps that carry TCP super-packets; a flow each way."""

    def join(self, left, right):
        database, socket = self.folder / "conf.db", f"unix:{self.folder}/db.sock"
        keys = ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR")
        own = {**os.environ, **dict.fromkeys(keys, str(self.folder))}
        run("ovsdb-tool", "create", database, SCHEMA)
        self.daemon("ovsdb-server", database, f"--remote=p{socket}", f"--unixctl={self.folder}/db.ctl", env=own)
        self.wait_for((self.folder / "db.sock").exists, "database")
        vsctl = ("ovs-vsctl", f"--db={socket}", "--timeout=10")
        run(*vsctl, "--no-wait", "set", "Open_vSwitch", ".", "other_config:userspace-tso-enable=true")
        self.daemon("ovs-vswitchd", socket, f"--unixctl={self.folder}/switch.ctl", env=own)
        bridge = ("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev", "fail_mode=secure")
        run(*vsctl, *bridge)
        for number, name in ((1, "left"), (2, "right")):
            kind = ("type=internal", f"ofport_request={number}")
            run(*vsctl, "add-port", "br0", name, "--", "set", "interface", name, *kind)
        for port, other in ((1, 2), (2, 1)):
            run("ovs-ofctl", "add-flow", f"unix:{self.folder}/br0.mgmt", f"in_port={port},actions=output:{other}")
        for name, (namespace, device) in (("left", left), ("right", right)):
            self.middle.ip("link", "set", name, "netns", namespace.name, "name", device)
