"""The benches of single parts: what Criterion has left of `cargo bench`, and the ratios in it."""

import json
from dataclasses import dataclass

from files import PARTS
from topology import Failure


@dataclass(frozen=True)
class Part:
    """One case: its median and the 95 % interval, ns for one element where it has several."""

    bench: str
    case: str
    median: float
    low: float
    high: float


def load():
    """All cases, by name."""
    found = [load_one(path) for path in sorted(PARTS.glob("**/new/estimates.json"))]
    if not found:
        raise Failure(f"cargo bench has left no results in {PARTS}")
    return found


def load_one(path):
    what = json.loads((path.parent / "benchmark.json").read_text(encoding="utf-8"))
    median = json.loads(path.read_text(encoding="utf-8"))["median"]
    interval = median["confidence_interval"]
    each = (what["throughput"] or {}).get("Elements", 1)
    case = " ".join(filter(None, (what["function_id"], what["value_str"])))
    values = (median["point_estimate"], interval["lower_bound"], interval["upper_bound"])
    return Part(what["group_id"], case, *(value / each for value in values))


def table(found):
    """Head and rows of all cases."""
    rows = [
        (part.bench, part.case, duration(part.median), f"{duration(part.low)} – {duration(part.high)}")
        for part in found
    ]
    return ("bench", "case", "median", "95 % interval"), rows


def ratios(found):
    """Head and rows of the cases OPERATION/vgw beside the fastest OPERATION/OTHER of the same bench."""
    by_operation = {}
    for part in found:
        operation, _, who = part.case.rpartition("/")
        by_operation.setdefault((part.bench, operation), {})[who] = part
    rows = []
    for (bench, operation), by_who in by_operation.items():
        ours, others = by_who.pop("vgw", None), by_who
        if ours and others:
            who, best = min(others.items(), key=lambda item: item[1].median)
            spread = f"{best.median / ours.median:.2f} ({best.low / ours.high:.2f}–{best.high / ours.low:.2f})"
            rows.append((bench, operation, who, spread))
    return ("bench", "operation", "best other", "times as fast as that"), rows


def duration(value):
    """A time of so many nanoseconds in the unit that people read it in."""
    for factor, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value:.3g} ns"
