"""From figures to rows of text: what was measured, the ratios, and which targets are reached."""

from statistic import Spread
from targets import TARGETS
from works import WORKS


def pairs(ways):
    """The ratios that are shown: vgw over its peers, its variants over it, and what the targets name."""
    peers = [("vgw", peer) for peer in ("kernel", "ovs", "bare")]
    variants = [(way, "vgw") for way in ways if way.startswith("vgw-")]
    named = [(target.way, target.other) for target in TARGETS]
    found = dict.fromkeys([*peers, *variants, *named, ("bare", "kernel")])
    return [pair for pair in found if set(pair) <= set(ways)]


def lines(figures, path):
    """Each metric of the works measured on a path: its title, unit, work and index."""
    for work in (WORKS[name] for name in figures.rounds[path]):
        for index, metric in enumerate(work.metrics):
            yield metric.of(work.title), metric, work, index


def measured(figures, path):
    """The head and the rows of the table of a path's figures."""
    ways = figures.ways(path)
    rows = []
    for title, metric, work, index in lines(figures, path):
        spreads = [Spread.of(figures.of(path, work.name, way, index)) for way in ways]
        rows.append((title, metric.unit, *(spread.text() if spread else "" for spread in spreads)))
    return ("", "unit", *ways), rows


def ratios(figures, path):
    """The head and the rows of the table of a path's ratios."""
    ways = figures.ways(path)
    shown = pairs(ways)
    rows = []
    for title, metric, work, index in lines(figures, path):
        cells = [ratio(figures, path, work.name, *pair, index) for pair in shown]
        if any(cells):
            better = "less" if metric.less_is_better else "more"
            rows.append((title, better, *(cell.text(2) if cell else "" for cell in cells)))
    return ("", "better", *(" / ".join(pair) for pair in shown)), rows


def verdicts(figures):
    """The head and the rows of the table of targets, as far as a run was to measure them."""
    rows = []
    for target in TARGETS:
        if not figures.was_asked_for(target.path, target.work, target.way, target.other):
            continue
        spread = ratio(figures, target.path, target.work, target.way, target.other)
        work = WORKS[target.work]
        what = (target.path, work.metrics[0].of(work.title), f"{target.way} / {target.other}")
        rows.append((*what, target.text(), spread.text(2) if spread else "", verdict(figures, target, spread)))
    return ("path", "work", "ratio", "target", "measured", "verdict"), rows


def verdict(figures, target, spread):
    """Whether a target is reached; not told from a part of the rounds."""
    if spread is None:
        return "not measured"
    if any(None in figures.of(target.path, target.work, way, 0) for way in (target.way, target.other)):
        return "not measured in each round"
    return "reached" if target.is_reached(spread.median) else "not reached"


def ratio(figures, path, work, way, other, index=0):
    """One ratio's spread over the rounds; none if it was not measured."""
    return Spread.of_ratios(figures.of(path, work, way, index), figures.of(path, work, other, index))


def as_text(head, rows):
    table = [head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def as_markdown(head, rows):
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))
