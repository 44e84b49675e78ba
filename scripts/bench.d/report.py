"""What people read: the run on the terminal, and the marked sections of docs/benchmarks.md."""

import json

import tables
from files import PAGE, PARTS
from topology import Failure


def text(figures):
    """All of a run, for a terminal."""
    parts = []
    for path in figures.rounds:
        parts += [f"{path}: figures", tables.as_text(*tables.measured(figures, path))]
        head, rows = tables.ratios(figures, path)
        if rows:
            parts += [f"{path}: ratios within a round", tables.as_text(head, rows)]
    head, rows = tables.verdicts(figures)
    if rows:
        parts += ["targets", tables.as_text(head, rows)]
    parts.append("\n".join(figures.facts))
    for title, lines in gaps(figures):
        parts.append("\n".join((title, *lines)))
    return "\n\n".join(parts)


def gaps(figures):
    """What is not there, under a title each."""
    return [pair for pair in (("Cannot be had", figures.missing), ("Failed", figures.failed)) if pair[1]]


def network_section(figures):
    """All of a run, for the page."""
    parts = ["\n".join(f"- {fact}" for fact in figures.facts)]
    for title, lines in gaps(figures):
        parts.append("\n".join((f"{title}:", "", *(f"- {line}" for line in lines))))
    parts += [
        "![The figures of this run](benchmarks.png)",
        "### Targets",
        tables.as_markdown(*tables.verdicts(figures)),
    ]
    for path in figures.rounds:
        parts += [f"### Ratios: {path}", tables.as_markdown(*tables.ratios(figures, path))]
        parts += [f"### Figures: {path}", tables.as_markdown(*tables.measured(figures, path))]
    return "\n\n".join(parts)


def profile_section(facts, table):
    """Where the time goes, for the page."""
    return "\n\n".join(("\n".join(f"- {fact}" for fact in facts), tables.as_markdown(*table)))


def parts_section():
    """The medians that Criterion has left, for one element where a case has several."""
    rows = []
    for path in sorted(PARTS.glob("**/new/estimates.json")):
        what = json.loads((path.parent / "benchmark.json").read_text(encoding="utf-8"))
        median = json.loads(path.read_text(encoding="utf-8"))["median"]
        interval = median["confidence_interval"]
        each = (what["throughput"] or {}).get("Elements", 1)
        point, low, high = (
            nanoseconds(value / each)
            for value in (median["point_estimate"], interval["lower_bound"], interval["upper_bound"])
        )
        name = " ".join(filter(None, (what["function_id"], what["value_str"])))
        rows.append((what["group_id"], name, point, f"{low} – {high}"))
    if not rows:
        raise Failure(f"cargo bench has left no results in {PARTS}")
    return tables.as_markdown(("bench", "case", "median", "95 % interval"), rows)


def nanoseconds(value):
    """A time in the unit that people read it in."""
    for factor, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value:.3g} ns"


def write_section(name, content):
    """Replaces what stands between the page's markers of this name."""
    begin, end = f"<!-- begin: {name}, written by scripts/bench -->", f"<!-- end: {name} -->"
    old = PAGE.read_text(encoding="utf-8")
    if old.count(begin) != 1 or old.count(end) != 1:
        raise Failure(f"{PAGE} lacks the lines {begin} and {end}")
    before, rest = old.split(begin)
    after = rest.split(end)[1]
    PAGE.write_text(f"{before}{begin}\n{content}\n{end}{after}", encoding="utf-8")
