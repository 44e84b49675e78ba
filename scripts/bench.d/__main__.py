"""Guest -> outside through vgw beside the same way through the kernel alone; see docs/benchmarks.md.

Started by scripts/bench as root, in a mount namespace of its own.
"""

import argparse
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import report
from topology import Failure, KernelWay, VgwWay, keep_names_private
from works import WORKS

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Effort:
    """How much is measured: so many rounds, each work so many seconds in each round."""

    rounds: int
    seconds: int


FULL = Effort(rounds=7, seconds=5)
QUICK = Effort(rounds=3, seconds=2)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--parts", type=Path, help="folder with the results of cargo bench")
    return parser.parse_args()


def measure(ways, effort):
    """Every work on every way, in each round; returns work -> way's name -> its figures by round.

    The ways take turns within a round, so that whatever else the machine does meets all of them
    alike; who is first changes from round to round.
    """
    figures = {work: {way.name: [] for way in ways} for work in WORKS}
    for number in range(effort.rounds):
        turns = ways if number % 2 == 0 else ways[::-1]
        for work in WORKS:
            for way in turns:
                with way.must_carry(work.least_bytes(effort.seconds)):
                    figure = work.run(way, effort.seconds)
                figures[work][way.name].append(figure)
            latest = "   ".join(f"{way.name} {figures[work][way.name][-1][0]:8.2f}" for way in ways)
            print(f"round {number + 1} of {effort.rounds}   {work.name:<16} {latest}   {work.unit}", flush=True)
    return figures


def run(arguments):
    effort = QUICK if arguments.quick else FULL
    keep_names_private()
    before = report.busy()
    with tempfile.TemporaryDirectory(prefix="vgw-bench-") as folder:
        ways = [VgwWay(ROOT / "target/release/vgwd", Path(folder)), KernelWay()]
        try:
            for way in ways:
                way.build()
            figures = measure(ways, effort)
        finally:
            for way in ways:
                way.tear_down()
    facts = [*report.machine(ROOT), report.quiet(before, report.busy()), report.how(effort)]
    results = report.results(figures)
    print("\n" + report.as_text(facts, results))
    if arguments.write:
        page = ROOT / "docs/benchmarks.md"
        report.write_section(page, "network", report.as_markdown(facts, results))
        if arguments.parts:
            report.write_section(page, "parts", report.parts_as_markdown(arguments.parts))
        print(f"\nwritten to {page.relative_to(ROOT)}")


def main():
    # As Ctrl-C does: the daemon is stopped in order. (The namespaces would go anyhow.)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    try:
        run(parse_arguments())
    except Failure as failure:
        sys.exit(f"bench: {failure}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
