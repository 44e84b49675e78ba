"""Measures ways to forward beside one another; see docs/benchmarks.md.

Started by scripts/bench as root, in a mount namespace of its own.
"""

import contextlib
import json
import signal
import sys

import arguments
import machine
import parts
import profiling
import report
import tables
from files import LATEST, PAGE, PLOT, ROOT
from measure import Figures, Plan, measure
from topology import PATHS, Failure, private_folder
from ways import WAYS
from works import WORKS


def say(line):
    print(line, flush=True)


def run(chosen):
    """Measures the chosen works on the chosen ways, in rounds."""
    figures = Figures()
    before = machine.busy()
    with standing_beds(chosen, figures) as beds:
        plan = Plan(chosen.rounds, chosen.seconds, [(bed, arguments.works_of(chosen, bed.way)) for bed in beds])
        measure(plan, figures, say)
    figures.facts = [*facts(before), f"{chosen.rounds} rounds of {chosen.seconds} s; median (least–greatest)"]
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    LATEST.write_text(json.dumps(figures.as_dict(), indent=1), encoding="utf-8")
    return figures


def run_profiles(chosen):
    """Profiles the chosen works on the chosen ways, one after another."""
    figures = Figures()
    before = machine.busy()
    profiles = {}
    with standing_beds(chosen, figures) as beds:
        for work in (WORKS[name] for name in chosen.profile):
            for bed in beds:
                say(f"{bed}, {work.name}")
                profiles[f"{bed}, {work.name}"] = profiling.profile(bed, work, chosen.seconds)
    if not profiles:
        raise Failure("; ".join(figures.missing) or "nothing to profile")
    return facts(before), profiling.table(profiles)


def facts(busy_before):
    busy = f"{busy_before:.0%} before the first measurement, {machine.busy():.0%} after the last"
    return [*machine.facts(), f"processor time in use by others: {busy}"]


@contextlib.contextmanager
def standing_beds(chosen, figures):
    """The chosen ways on the chosen paths, as far as they can be had; taken down in any case."""
    folder = private_folder()
    beds = []
    try:
        for bed in wanted_beds(chosen, folder):
            figures.asked += [[bed.path.name, bed.way, work] for work in arguments.works_of(chosen, bed.way)]
            build(bed, beds, figures)
        yield beds
    finally:
        for bed in beds:
            take_down(bed, figures)


def wanted_beds(chosen, folder):
    for path in (PATHS[name] for name in chosen.path):
        for way in chosen.ways:
            if path in WAYS[way].paths and arguments.works_of(chosen, way):
                yield WAYS[way].bed(way, path, folder)
        for way, program in chosen.build.items():
            yield WAYS["vgw"].bed(way, path, folder, program)


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
        figures.failed.append(f"{bed}: {failure}")


def write(figures, chosen):
    """Renews the page's sections and the picture."""
    import plot  # matplotlib is needed for nothing else

    plot.draw(figures, PLOT)
    report.write_section("network", report.network_section(figures))
    if chosen.parts:
        report.write_section("parts", report.parts_section())
    say(f"\nwritten to {PAGE.relative_to(ROOT)} and {PLOT.relative_to(ROOT)}")


def report_profiles(chosen):
    lines, table = run_profiles(chosen)
    say("\n" + "\n\n".join((tables.as_text(*table), "\n".join(lines))))
    if chosen.write:
        report.write_section("profile", report.profile_section(lines, table))


def report_figures(chosen):
    figures = Figures(**json.loads(LATEST.read_text(encoding="utf-8"))) if chosen.again else run(chosen)
    say("\n" + report.text(figures))
    if chosen.parts:
        say("\n" + tables.as_text(*parts.ratios(parts.load())))
    if chosen.write:
        write(figures, chosen)
    if figures.failed:
        raise Failure("not everything could be measured")


def main():
    chosen = arguments.parse()
    if chosen.needs:
        say(" ".join(arguments.packages(chosen)))
        return
    # As Ctrl-C does: the daemons are stopped in order. (The namespaces would go anyhow.)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    try:
        if chosen.profile:
            report_profiles(chosen)
        else:
            report_figures(chosen)
    except Failure as failure:
        sys.exit(f"bench: {failure}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
