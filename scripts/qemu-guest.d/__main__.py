"""Two guests in two instances with the same address: what they are told and what they reach."""

import sys

from guest import Guest
from bed import Site

GATEWAY = "10.60.1.1"
ADDRESS = "10.60.1.10"
NEIGHBOUR = "10.60.1.20"
NOBODY = "10.60.1.99"
OUTSIDE = "198.51.100.2"


class Expectations:
    """What was expected, and what of it failed."""

    def __init__(self):
        self.failed = 0

    def __call__(self, what, is_so, found=""):
        print(f"  {'ok    ' if is_so else 'FAILED'}  {what}", flush=True)
        if not is_so:
            self.failed += 1
            print("          found: " + str(found).strip().replace("\n", "\n                 "), flush=True)


def lease(guest):
    """What the guest was told, by the names of udhcpc."""
    lines = guest.run("cat /lease")[1].splitlines()
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}


def told(expect, guest):
    """The guest was told what its network and its AddPort say."""
    has = lease(guest)
    for name, value in {
        "ip": ADDRESS, "mask": "24", "router": GATEWAY, "mtu": "1400", "dns": "192.0.2.53",
        "domain": "example.org", "hostname": guest.name, "lease": "600", "serverid": GATEWAY,
    }.items():
        expect(f"{guest.name} is told {name} {value}", has.get(name) == value, has.get(name))
    for what, command, text in [
        ("has its address", "ip -4 address show dev eth0", f"inet {ADDRESS}/24"),
        ("has its router", "ip -4 route", f"default via {GATEWAY} dev eth0"),
        ("has its MTU", "cat /sys/class/net/eth0/mtu", "1400"),
        ("has its name", "hostname", guest.name),
    ]:
        found = guest.run(command)[1]
        expect(f"{guest.name} {what}", text in found, found)
    # It asks once its own address is known to be nobody else's.
    found = guest.run_until("ip -6 route show default", "via fe80::200:5eff:fe00:100")
    expect(f"{guest.name} has an IPv6 router", "via fe80::200:5eff:fe00:100 dev eth0" in found, found)


def reaches(guest, address, options=""):
    return guest.run(f"ping -c 2 -W 2 {options} {address}")


def main(image, binaries):
    expect = Expectations()
    with Site(binaries) as site:
        # One is known before its tap is there, as with a compute service, the other after it.
        site.make_tap("tapweb-1")
        site.add_port(1, "tapweb-1", network=1, address=ADDRESS, mac="02:00:00:00:01:0a", name="web-1")
        site.add_port(2, "tapdb-1", network=2, address=ADDRESS, mac="02:00:00:00:02:0a", name="db-1")
        site.make_tap("tapdb-1")
        first = Guest(site, image, "web-1", "02:00:00:00:01:0a")
        second = Guest(site, image, "db-1", "02:00:00:00:02:0a")
        for guest in (first, second):
            seconds = guest.wait_until_ready()
            print(f"  {guest.name} has booted and asked for its address after {seconds:.0f} s", flush=True)
        told(expect, first)
        told(expect, second)
        expect("nobody complains", site.problems() == [], site.problems())

        watch = site.watch("tapweb-1"), site.watch("tapdb-1")
        for address in (GATEWAY, OUTSIDE):
            status, text = reaches(first, address, "-p 51")
            expect(f"web-1 reaches {address}", status == 0, text)
        status, text = first.run(f"wget -q -O - http://{OUTSIDE}:8000/ | md5sum")
        expect("web-1 takes 8 MiB by TCP", site.digest() in text, text)
        found = site.outside("ping", "-n", "-c", "2", "-W", "2", ADDRESS)
        expect(f"{ADDRESS} is reached from outside", "0% packet loss" in found, found)

        text = first.run(f"traceroute -n -q 1 -w 3 -m 4 {OUTSIDE}")[1]
        hops = [line.split()[1] for line in text.splitlines() if line[:3].strip().isdigit()]
        expect("the first hop of web-1 is its gateway", hops[:1] == [GATEWAY], text)
        expect("and the last one is outside", hops[-1:] == [OUTSIDE], text)
        text = first.run(f"traceroute -n -q 1 -w 3 -m 2 {NOBODY}")[1]
        expect(f"its gateway says that {NOBODY} is not there", f"{GATEWAY}" in text and "!H" in text, text)

        status, text = reaches(second, NEIGHBOUR, "-p 52")
        expect("db-1 reaches its neighbour", status == 0, text)
        status, text = reaches(first, NEIGHBOUR, "-p 51")
        expect("web-1 does not", status != 0 and "100% packet loss" in text, text)
        status, text = reaches(second, OUTSIDE, "-p 52")
        expect("db-1 reaches nothing outside", status != 0 and "100% packet loss" in text, text)
        second.run("arping -q -c 3 -w 3 -I eth0 10.60.1.77")
        status, text = reaches(first, GATEWAY, "-p 51")
        expect("web-1 still reaches its gateway", status == 0, text)
        for sniffer, own, other in ((watch[0], b"Q" * 40, b"R" * 40), (watch[1], b"R" * 40, b"Q" * 40)):
            frames = sniffer.frames()
            expect(f"{sniffer.device} sees its own guest", any(own in frame for frame in frames), len(frames))
            other_mac = bytes.fromhex("02000000020a" if own[:1] == b"Q" else "02000000010a")
            leaked = [frame for frame in frames if other in frame or other_mac in frame]
            expect(f"and nothing of the other's in {len(frames)} frames", not leaked, leaked[:1])
        for guest in (first, second):
            guest.end()
        expect("vgwd stops in order", site.stop() == 0, site.log())
    print(f"{expect.failed} expectations failed" if expect.failed else "all as expected", flush=True)
    return 1 if expect.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
