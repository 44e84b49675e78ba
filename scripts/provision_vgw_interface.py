#!/usr/bin/python3
"""Creates or deletes a virtual gateway, with the options of OpenContrail's script of this name.

Unlike that script it leaves the host to the daemon, which makes the interface and its routes itself;
it says in one line what went wrong, and its exit code tells: 0 done, 1 failed, 2 wrong usage.

Speaks Thrift, which needs Debian's python3-thrift, or the REST form of later agents, which needs nothing.
"""

import argparse
import http.client
import ipaddress
import json
import logging
import sys

try:
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol
    from thrift.Thrift import TApplicationException, TException, TMessageType, TType
    from thrift.transport.TSocket import TSocket
    from thrift.transport.TTransport import TFramedTransport, TTransportException
except ImportError:
    TBinaryProtocol = None

# A daemon that applies a large change may take its time.
TIMEOUT_MS = 60_000

# Where each transport is served if nobody says otherwise.
PORTS = {"thrift": 9090, "rest": 9091}


def prefix(text):
    """Reads an option's prefix. Host bits are allowed, the daemon clears them."""
    try:
        if "/" not in text:
            raise ValueError
        return ipaddress.ip_interface(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a prefix such as 10.1.0.0/16") from None


def parse(arguments):
    parser = argparse.ArgumentParser(description="Creates or deletes a virtual gateway.")
    parser.add_argument("--oper", choices=["create", "delete"], default="create", help="default: create")
    parser.add_argument("--interface", required=True, help="the gateway's interface, for example vgw1")
    parser.add_argument("--vrf", help="the routing instance, domain:project:network:instance")
    parser.add_argument(
        "--subnets", nargs="+", type=prefix, default=[], metavar="PREFIX", help="the network's subnets"
    )
    parser.add_argument(
        "--routes",
        nargs="+",
        type=prefix,
        default=[],
        metavar="PREFIX",
        help="what the network reaches through the gateway; default: everything",
    )
    parser.add_argument("--host", default="127.0.0.1", help="where the daemon listens; default: %(default)s")
    parser.add_argument("--transport", choices=list(PORTS), default="thrift", help="default: %(default)s")
    parser.add_argument("--port", type=int, help="default: 9090 for thrift, 9091 for rest")
    options = parser.parse_args(arguments)
    if options.port is None:
        options.port = PORTS[options.transport]
    if options.transport == "thrift" and TBinaryProtocol is None:
        parser.error("--transport thrift needs the Python package thrift (Debian: python3-thrift)")
    if options.oper == "create":
        for option in ("vrf", "subnets"):
            if not getattr(options, option):
                parser.error(f"--oper create needs --{option}")
    return options


# The three shapes of thrift/instance_service.thrift that are needed, written by hand: no generated
# code has to be installed beside the script.


def write_field(protocol, kind, number, write, value):
    protocol.writeFieldBegin("", kind, number)
    write(value)
    protocol.writeFieldEnd()


def write_list(protocol, kind, number, elements, write):
    protocol.writeFieldBegin("", TType.LIST, number)
    protocol.writeListBegin(kind, len(elements))
    for element in elements:
        write(element)
    protocol.writeListEnd()
    protocol.writeFieldEnd()


def write_subnet(protocol, subnet):
    write_field(protocol, TType.STRING, 1, protocol.writeString, str(subnet.ip))
    write_field(protocol, TType.I16, 2, protocol.writeI16, subnet.network.prefixlen)
    protocol.writeFieldStop()


def write_gateway(protocol, options):
    def subnet(value):
        write_subnet(protocol, value)

    write_field(protocol, TType.STRING, 1, protocol.writeString, options.interface)
    write_field(protocol, TType.STRING, 2, protocol.writeString, options.vrf)
    write_list(protocol, TType.STRUCT, 3, options.subnets, subnet)
    if options.routes:
        write_list(protocol, TType.STRUCT, 4, options.routes, subnet)
    protocol.writeFieldStop()


def read_bool(protocol):
    """Reads the result of a method: field 0."""
    answer = None
    while True:
        _, kind, number = protocol.readFieldBegin()
        if kind == TType.STOP:
            break
        if number == 0 and kind == TType.BOOL:
            answer = protocol.readBool()
        else:
            protocol.skip(kind)
    if answer is None:
        raise TApplicationException(TApplicationException.MISSING_RESULT, "the answer has no result")
    return answer


def call(protocol, method, kind, elements, write):
    """Calls a method that takes one list and answers a bool."""
    protocol.writeMessageBegin(method, TMessageType.CALL, 0)
    write_list(protocol, kind, 1, elements, write)
    protocol.writeFieldStop()
    protocol.writeMessageEnd()
    protocol.trans.flush()

    _, kind, _ = protocol.readMessageBegin()
    if kind == TMessageType.EXCEPTION:
        error = TApplicationException()
        error.read(protocol)
        raise error
    answer = read_bool(protocol)
    protocol.readMessageEnd()
    return answer


def rest_gateway(options):
    """The gateway as the REST form describes it."""

    def subnets(values):
        return [{"ip-address": str(value.ip), "prefix-len": value.network.prefixlen} for value in values]

    return {
        "interface": options.interface,
        "routing-instance": options.vrf,
        "subnets": subnets(options.subnets),
        "routes": subnets(options.routes),
    }


def provision_by_rest(options):
    """Carries the operation out; tells why it could not be, or None."""
    where = f"{options.host}:{options.port}"
    if options.oper == "create":
        method, element = "POST", rest_gateway(options)
    else:
        method, element = "DELETE", {"interface": options.interface}
    connection = http.client.HTTPConnection(options.host, options.port, timeout=TIMEOUT_MS / 1000)
    try:
        connection.connect()
    except OSError:
        return f"no daemon answers at {where}"
    try:
        connection.request(method, "/gateway", json.dumps([element]), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        body = json.loads(answer.read())
    except (http.client.HTTPException, OSError, ValueError) as error:
        return f"{where} failed: {str(error) or type(error).__name__}"
    finally:
        connection.close()
    if answer.status == 200:
        return None
    reason = body.get("error") if isinstance(body, dict) else None
    return str(reason or f"status {answer.status}").strip("{ }")


def provision_by_thrift(options):
    """Carries the operation out; tells why it could not be, or None."""
    where = f"{options.host}:{options.port}"
    socket = TSocket(options.host, options.port)
    socket.setTimeout(TIMEOUT_MS)
    transport = TFramedTransport(socket)
    protocol = TBinaryProtocol(transport)
    try:
        transport.open()
    except TTransportException:
        return f"no daemon answers at {where}"
    try:
        if options.oper == "create":
            done = call(
                protocol,
                "AddVirtualGateway",
                TType.STRUCT,
                [options],
                lambda gateway: write_gateway(protocol, gateway),
            )
        else:
            done = call(protocol, "DeleteVirtualGateway", TType.STRING, [options.interface], protocol.writeString)
    except (TException, EOFError, OSError) as error:
        return f"{where} failed: {str(error) or type(error).__name__}"
    finally:
        transport.close()
    return None if done else "it was refused; the daemon's log says why"


def main():
    # The library logs what it also raises.
    logging.disable()
    options = parse(sys.argv[1:])
    outcome = {"create": "created", "delete": "deleted"}[options.oper]
    provision = {"thrift": provision_by_thrift, "rest": provision_by_rest}[options.transport]
    problem = provision(options)
    if problem:
        sys.exit(f"provision_vgw_interface.py: {options.interface} not {outcome}: {problem}")
    print(f"{options.interface}: {outcome}")


if __name__ == "__main__":
    main()
