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

uuid = list(range(-8, 8))
try:
    client.AddPort([Port(uuid, uuid, "tap0", "10.0.0.2", uuid, "02:00:00:00:00:01")])
    sys.exit("AddPort was answered")
except TApplicationException as error:
    expect("a method that is not served", error.type, TApplicationException.INTERNAL_ERROR)
expect("a sign of life afterwards", client.KeepAliveCheck(), True)
