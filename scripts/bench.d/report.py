"""What people read: the run on the terminal, and the marked sections of docs/benchmarks.md."""

import parts
import tables
from files import PAGE
from topology import Failure


def text(figures):
    """All of a run, for a terminal."""
    blocks = []
    for path in figures.rounds:
        blocks += [f"{path}: figures", tables.as_text(*tables.measured(figures, path))]
        head, rows = tables.ratios(figures, path)
        if rows:
            blocks += [f"{path}: ratios within a round", tables.as_text(head, rows)]
    head, rows = tables.verdicts(figures)
    if rows:
        blocks += ["targets", tables.as_text(head, rows)]
    blocks.append("\n".join(figures.facts))
    for title, lines in gaps(figures):
        blocks.append("\n".join((title, *lines)))
    return "\n\n".join(blocks)


def gaps(figures):
    """What is not there, under a title each."""
    return [pair for pair in (("Cannot be had", figures.missing), ("Failed", figures.failed)) if pair[1]]


def network_section(figures):
    """All of a run, for the page."""
    blocks = ["\n".join(f"- {fact}" for fact in figures.facts)]
    for title, lines in gaps(figures):
        blocks.append("\n".join((f"{title}:", "", *(f"- {line}" for line in lines))))
    blocks += [
        "![The figures of this run](benchmarks.png)",
        "### Targets",
        tables.as_markdown(*tables.verdicts(figures)),
    ]
    for path in figures.rounds:
        blocks += [f"### Ratios: {path}", tables.as_markdown(*tables.ratios(figures, path))]
        blocks += [f"### Figures: {path}", tables.as_markdown(*tables.measured(figures, path))]
    return "\n\n".join(blocks)


def profile_section(facts, table):
    """Where the time goes, for the page."""
    return "\n\n".join(("\n".join(f"- {fact}" for fact in facts), tables.as_markdown(*table)))


def parts_section():
    """The single parts, for the page: the ratios first."""
    found = parts.load()
    return "\n\n".join(tables.as_markdown(*table) for table in (parts.ratios(found), parts.table(found)))


def write_section(name, content):
    """Replaces what stands between the page's markers of this name."""
    begin, end = f"<!-- begin: {name}, written by scripts/bench -->", f"<!-- end: {name} -->"
    old = PAGE.read_text(encoding="utf-8")
    if old.count(begin) != 1 or old.count(end) != 1:
        raise Failure(f"{PAGE} lacks the lines {begin} and {end}")
    before, rest = old.split(begin)
    after = rest.split(end)[1]
    PAGE.write_text(f"{before}{begin}\n{content}\n{end}{after}", encoding="utf-8")
