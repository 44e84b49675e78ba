"""AddPort of OpenContrail's InstanceService, byte by byte: framed binary Thrift."""

import struct

STRING, I16, LIST, STRUCT, BOOL = 11, 6, 15, 12, 2


def _string(text):
    return struct.pack(">i", len(text)) + text.encode()


def _uuid(value):
    return struct.pack(">Bi", I16, 16) + b"".join(struct.pack(">h", byte) for byte in value)


def _field(kind, number, value):
    return struct.pack(">Bh", kind, number) + value


def add_port(client, number, tap, network, v4, v6, mac, name):
    """Adds a port; true if it was taken."""
    port = (
        _field(LIST, 1, _uuid(bytes([number] * 16)))
        + _field(LIST, 2, _uuid(bytes([number + 100] * 16)))
        + _field(STRING, 3, _string(tap))
        + _field(STRING, 4, _string(v4))
        + _field(LIST, 5, _uuid(network))
        + _field(STRING, 6, _string(mac))
        + _field(STRING, 7, _string("A guest"))
        + _field(STRING, 8, _string(name))
        + _field(STRING, 13, _string(v6))
        + b"\0"
    )
    arguments = _field(LIST, 1, struct.pack(">Bi", STRUCT, 1) + port) + b"\0"
    message = struct.pack(">I", 0x80010001) + _string("AddPort") + struct.pack(">i", 1) + arguments
    client.sendall(struct.pack(">i", len(message)) + message)
    length = struct.unpack(">i", _take(client, 4))[0]
    reply = _take(client, length)
    # A reply's result is field 0, a bool, and the last thing before the end.
    return reply[3] == 2 and reply[-5:-1] == struct.pack(">Bh", BOOL, 0) + b"\1"


def _take(client, count):
    taken = b""
    while len(taken) < count:
        more = client.recv(count - len(taken))
        if not more:
            raise ConnectionError("vgwd has closed the connection")
        taken += more
    return taken
