"""The command line of scripts/bench."""

import argparse
import os

from topology import PATHS
from ways import WAYS
from works import QUICK, WORKS

DESCRIPTION = """\
Measures vgw beside the host's own forwarding, a bare copy, Open vSwitch and DPDK, in network
namespaces of its own, and prints figures, ratios and which targets are reached.
docs/benchmarks.md says what is measured and how to read it."""


def parse(words=None):
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=DESCRIPTION,
        epilog=epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choice = parser.add_argument_group("what is measured")
    choice.add_argument("--path", type=names(PATHS), metavar="PATH,...", help="paths; both unless named")
    choice.add_argument("--ways", type=names(WAYS), metavar="WAY,...", help="who forwards; the usual ones unless named")
    choice.add_argument(
        "--only", type=names(WORKS), metavar="WORK,...", help="works; what each way is for unless named"
    )
    choice.add_argument(
        "--build", action=Builds, default={}, metavar="NAME=VGWD", help="vgw-NAME too: another build of vgwd"
    )
    choice.add_argument("--quick", action="store_true", help="three rounds of 1 s of the works that have targets")
    choice.add_argument("--rounds", type=positive, metavar="N", help="how often everything is measured (5)")
    choice.add_argument("--seconds", type=positive, metavar="N", help="length of one measurement (2)")
    choice.add_argument("--parts", action="store_true", help="run the benches of single parts too (cargo bench)")
    choice.add_argument(
        "--profile",
        type=names(WORKS),
        metavar="WORK,...",
        help="where the time goes in vgw, or in the ways named (perf)",
    )
    choice.add_argument(
        "--instructions", action="store_true", help="the instructions of a packet instead, by callgrind; comes first"
    )
    result = parser.add_argument_group("what becomes of it")
    result.add_argument("--write", action="store_true", help="write docs/benchmarks.md and docs/benchmarks.png")
    result.add_argument("--again", action="store_true", help="measure nothing: report the latest run again")
    parser.add_argument("--needs", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    if arguments.instructions:
        parser.error("--instructions comes first")
    arguments.rounds = arguments.rounds or (3 if arguments.quick else 5)
    arguments.seconds = arguments.seconds or (1 if arguments.quick else 2)
    arguments.path = arguments.path or list(PATHS)
    arguments.ways = arguments.ways or (["vgw"] if arguments.profile else usual_ways())
    return arguments


def usual_ways():
    return [name for name, way in WAYS.items() if way.usual]


def packages(arguments):
    """The Debian packages that the chosen ways and reports are worth installing for."""
    wanted = {package for way in arguments.ways for package in WAYS[way].packages}
    if arguments.profile:
        wanted.add("linux-perf")
    if arguments.write and not arguments.profile:
        wanted.add("python3-matplotlib")
    return sorted(wanted)


def works_of(arguments, way):
    """The works to be measured on a way."""
    if arguments.only:
        return arguments.only
    meant = WAYS[way].works if way in WAYS else ()
    meant = meant or tuple(WORKS)
    return [name for name in meant if name in QUICK] if arguments.quick else list(meant)


class Builds(argparse.Action):
    """Collects NAME=VGWD: ways by name, each with its program."""

    def __call__(self, parser, namespace, value, _option=None):
        name, _, program = value.partition("=")
        if not name or not os.access(program, os.X_OK):
            parser.error(f"--build {value}: no NAME=VGWD with a program that can be run")
        namespace.build = {**namespace.build, f"vgw-{name}": os.path.abspath(program)}


def names(known):
    """The type of an argument that lists known names."""

    def parse_list(text):
        listed = [name for name in text.split(",") if name]
        for name in listed:
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no {name}; there are {', '.join(known)}")
        return listed

    return parse_list


def positive(text):
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no whole number above 0")
    return int(text)


def epilog():
    """The names that the arguments take."""

    def table(rows):
        return "\n".join(f"  {name:<16}{about}" for name, about in rows)

    ways = ((name, way.about + ("" if way.usual else " (only if named)")) for name, way in WAYS.items())
    works = ((name, work.title) for name, work in WORKS.items())
    examples = (
        "  scripts/bench --path guests --ways vgw,bare --only pps --rounds 3 --seconds 2",
        "  scripts/bench --write --parts",
    )
    return "\n".join(("ways:", table(ways), "\nworks:", table(works), "\nexamples:", *examples))
