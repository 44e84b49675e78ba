"""The rounds: every work on every bed, the ways taking turns."""

from dataclasses import asdict, dataclass, field

from topology import Failure
from ways import WAYS
from works import WORKS


@dataclass
class Figures:
    """What a run has measured, as it is kept in a file."""

    #: Facts about machine, programs and run, a line each.
    facts: list = field(default_factory=list)
    #: (path, way, work) of all that was to be measured.
    asked: list = field(default_factory=list)
    #: Ways that cannot be had here, a line each with the reason.
    missing: list = field(default_factory=list)
    #: What went wrong with ways that can, likewise.
    failed: list = field(default_factory=list)
    #: path -> work -> way -> the figures of each round; None for a round that failed.
    rounds: dict = field(default_factory=dict)

    as_dict = asdict

    def of(self, path, work, way, index):
        """One metric by round, None where it failed; nothing if it was not measured."""
        return [figure and figure[index] for figure in self.rounds.get(path, {}).get(work, {}).get(way, ())]

    def was_asked_for(self, path, work, *ways):
        """Whether a work was to be measured on all of these ways."""
        return all([path, way, work] in self.asked for way in ways)

    def ways(self, path):
        """The ways measured on a path, in their usual order; other builds of vgwd come last."""
        measured = dict.fromkeys(way for by_way in self.rounds[path].values() for way in by_way)
        return [*(way for way in WAYS if way in measured), *(way for way in measured if way not in WAYS)]


@dataclass(frozen=True)
class Plan:
    """What is measured: works by bed, how often, and how many seconds each."""

    rounds: int
    seconds: int
    #: (bed, names of its works)
    beds: list


def measure(plan, figures, say):
    """Runs the plan.

    The ways take turns within each work of a round, so that whatever else the machine does meets
    all of them alike; who is first changes from round to round.
    """
    turns = {}
    for bed, works in plan.beds:
        for work in works:
            turns.setdefault((bed.path.name, work), []).append(bed)
    for number in range(plan.rounds):
        for (path, name), beds in turns.items():
            work, by_way = WORKS[name], figures.rounds.setdefault(path, {}).setdefault(name, {})
            first = number % len(beds)
            for bed in beds[first:] + beds[:first]:
                by_way.setdefault(bed.way, []).append(attempt(bed, work, plan.seconds, figures))
            latest = "   ".join(f"{bed.way} {short(by_way[bed.way][-1])}" for bed in beds)
            say(f"round {number + 1}/{plan.rounds}   {path:<7}   {name:<12} {latest}   {work.metrics[0].unit}")


def attempt(bed, work, seconds, figures):
    """One measurement; a failure is noted, and the rest goes on."""
    try:
        with bed.turn(work.least * seconds):
            return work.run(bed, seconds)
    except Failure as failure:
        figures.failed.append(f"{bed}, {work.name}: {failure}")
        return None


def short(figure):
    if figure is None:
        return "failed"
    return f"{figure[0]:.3g}" if figure[0] < 1000 else f"{figure[0]:.0f}"
