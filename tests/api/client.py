"""Drives the compatible API as a controller does. Code generated from the definition is in PYTHONPATH.

usage: client.py PORT
"""

import sys

from thrift.Thrift import TApplicationException
from thrift.protocol import TBinaryProtocol
from thrift.transport import TSocket, TTransport

from instance_service import InstanceService
from instance_service.ttypes import Port, Subnet, VirtualGatewayRequest


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {found!r}, not {wanted!r}")


socket = TSocket.TSocket("127.0.0.1", int(sys.argv[1]))
socket.setTimeout(20_000)
transport = TTransport.TFramedTransport(socket)
client = InstanceService.Client(TBinaryProtocol.TBinaryProtocol(transport))
transport.open()

expect("a sign of life", client.KeepAliveCheck(), True)
expect("a compute service's connect", client.Connect(), True)
expect("the audit's time", client.AuditTimerForVirtualGateway(20_000), True)
expect("a controller's connect", client.ConnectForVirtualGateway(), True)

vgw1 = VirtualGatewayRequest("vgw1", "default-domain:admin:net1:net1", [Subnet("20.30.40.0", 24)])
expect("a gateway without routes", client.AddVirtualGateway([vgw1]), True)
vgw1.routes = [Subnet("0.0.0.0", 0)]
expect("the same with the default route", client.AddVirtualGateway([vgw1]), True)

vgw2 = VirtualGatewayRequest("vgw2", "net2", [Subnet("10.2.0.1", 16), Subnet("2001:db8::", 64)], [])
vgw3 = VirtualGatewayRequest("vgw3", "net3", [Subnet("10.3.0.0", 0)])
expect("a good and a bad gateway", client.AddVirtualGateway([vgw2, vgw3]), False)
expect("no gateways", client.AddVirtualGateway([]), True)

expect("deleting, one of them unknown", client.DeleteVirtualGateway(["vgw1", "vgw2", "vgw9"]), True)
expect("deleting a static one", client.DeleteVirtualGateway(["static0"]), False)

port_id, network = list(range(-8, 8)), [3] * 16
tap0 = Port(port_id, [1] * 16, "tap0", "10.0.0.2", network, "02:00:00:00:00:01")
expect("a port", client.AddPort([tap0]), True)
tap0.display_name, tap0.hostname, tap0.host, tap0.vm_project_id = "guest", "guest.example", "node1", [2] * 16
tap0.vlan_id, tap0.port_type, tap0.ip6_address, tap0.isolated_vlan_id = -1, 1, "fd00::2", -1
expect("the same with all fields", client.AddPort([tap0]), True)
tap1 = Port([4] * 16, [1] * 16, "tap1", "10.0.0", network, "")
tap2 = Port([5] * 16, [1] * 16, "tap2", "10.0.0.3", network, "")
expect("a bad and a good port", client.AddPort([tap1, tap2]), False)
tap2.vn_id = [9] * 16
expect("a port of an unknown network", client.AddPort([tap2]), False)
expect("no ports", client.AddPort([]), True)
expect("deleting a port", client.DeletePort(port_id), True)
expect("deleting what no port can be", client.DeletePort([1, 2, 3]), True)
expect("an instance", client.CreateVrf("net1"), True)
expect("an instance without a name", client.CreateVrf(""), False)
expect("deleting a route that cannot stand", client.RouteEntryDelete("10.0.0.2", "net1"), True)

try:
    client.AddRemoteVmRoute("10.0.0.9", "192.0.2.1", "net1", "16")
    sys.exit("AddRemoteVmRoute was answered")
except TApplicationException as error:
    expect("a method that is not served", error.type, TApplicationException.INTERNAL_ERROR)
expect("a sign of life afterwards", client.KeepAliveCheck(), True)
