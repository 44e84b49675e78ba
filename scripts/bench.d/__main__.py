"""Measures ways to forward beside one another; see docs/benchmarks.md.

Started by scripts/bench as root, in a mount namespace of its own.
"""

import contextlib
import json
import signal
import sys
import tempfile
from pathlib import Path

import arguments
import machine
import report
from files import LATEST, PAGE, PLOT, ROOT
from measure import Figures, Plan, measure
from topology import PATHS, Failure, keep_names_private
from ways import WAYS


def say(line):
    print(line, flush=True)


def run(chosen):
    """Builds the beds, measures, and takes everything down."""
    keep_names_private()
    figures = Figures()
    before = machine.busy()
    with tempfile.TemporaryDirectory(prefix="vgw-bench-") as folder:
        beds = []
        try:
            for bed in wanted_beds(chosen, Path(folder)):
                build(bed, beds, figures)
            plan = Plan(chosen.rounds, chosen.seconds, [(bed, arguments.works_of(chosen, bed.way)) for bed in beds])
            measure(plan, figures, say)
        finally:
            for bed in beds:
                take_down(bed, figures)
    figures.facts = [
        *machine.facts(),
        f"processor time in use by others: {before:.0%} before the first round, {machine.busy():.0%} after the last",
        f"{chosen.rounds} rounds of {chosen.seconds} s; median (least–greatest)",
    ]
    return figures


def wanted_beds(chosen, folder):
    for path in (PATHS[name] for name in chosen.path):
        for way in chosen.ways:
            if path in WAYS[way].paths and arguments.works_of(chosen, way):
                yield WAYS[way].bed(way, path, folder)


def build(bed, beds, figures):
    """Builds a bed; one that cannot be had is noted, and the others go on."""
    try:
        bed.build()
    except Failure as failure:
        line = f"{bed}: {failure}"
        figures.missing.append(line)
        say(f"cannot be had: {line}")
        with contextlib.suppress(Failure):
            bed.tear_down()
    else:
        beds.append(bed)


def take_down(bed, figures):
    try:
        bed.tear_down()
    except Failure as failure:
        figures.missing.append(f"{bed}: {failure}")


def write(figures, chosen):
    """Renews the page's sections and the plot."""
    import plot  # noqa: PLC0415 (matplotlib is needed for nothing else)

    plot.draw(figures, PLOT)
    report.write_section("network", report.network_section(figures))
    if chosen.parts:
        report.write_section("parts", report.parts_section())
    say(f"\nwritten to {PAGE.relative_to(ROOT)} and {PLOT.relative_to(ROOT)}")


def main():
    chosen = arguments.parse()
    if chosen.needs:
        say(" ".join(sorted({package for way in chosen.ways for package in WAYS[way].packages})))
        return
    # As Ctrl-C does: the daemons are stopped in order. (The namespaces would go anyhow.)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    try:
        if chosen.again:
            figures = Figures(**json.loads(LATEST.read_text(encoding="utf-8")))
        else:
            figures = run(chosen)
            LATEST.parent.mkdir(parents=True, exist_ok=True)
            LATEST.write_text(json.dumps(figures.as_dict(), indent=1), encoding="utf-8")
        say("\n" + report.text(figures))
        if chosen.write:
            write(figures, chosen)
    except Failure as failure:
        sys.exit(f"bench: {failure}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
