"""The figures of a run as one picture: a row of panels for each path, a panel for each work."""

import textwrap

import matplotlib
from matplotlib import pyplot
from statistic import Spread
from works import WORKS

#: The works shown, each by its first metric.
SHOWN = ("tcp-1", "tcp-4", "gso", "pps", "loss-free", "rtt")
HEADINGS = {"guests": "from guest to guest", "gateway": "from guest to outside, through the host's stack"}
#: One colour for each family: a way's name up to its first hyphen.
COLOURS = {
    "vgw": "#1f6fb4",
    "vgw-": "#82b4dd",
    "kernel": "#4a4a4a",
    "bare": "#9a9a9a",
    "ovs": "#d9822b",
    "dpdk": "#6a994e",
}
FAINT = "#dddddd"
#: Characters in a line of a panel's title.
TITLE = 26


def draw(figures, target):
    """Writes the picture; what was not measured has no bar."""
    matplotlib.use("Agg")
    pyplot.rcParams.update({"font.family": "DejaVu Sans", "font.size": 9, "svg.fonttype": "none"})
    works = [name for name in SHOWN if any(name in by_work for by_work in figures.rounds.values())]
    paths = list(figures.rounds)
    heights = [len(figures.ways(path)) + 1.5 for path in paths]
    figure, grid = pyplot.subplots(
        len(paths),
        len(works),
        figsize=(2.35 * len(works) + 1.2, 0.36 * sum(heights) + 0.9),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    # The headings are above the panels' titles, where the layout knows nothing of them.
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.28, rect=(0, 0, 1, 0.97))
    for path, panels in zip(paths, grid, strict=True):
        for work, panel in zip(works, panels, strict=True):
            draw_panel(panel, figures, path, WORKS[work])
        panels[0].set_yticks(range(len(figures.ways(path))), figures.ways(path))
        heading = panels[0].annotate(
            HEADINGS[path],
            xy=(0.006, 1),
            xycoords=("figure fraction", "axes fraction"),
            xytext=(0, 42),
            textcoords="offset points",
            fontsize=11,
            fontweight="bold",
        )
        # Wider than its panel, which is not to grow for it.
        heading.set_in_layout(False)
    figure.savefig(target, dpi=160, facecolor="white")
    pyplot.close(figure)


def draw_panel(panel, figures, path, work):
    """A bar for each way: the median, a line from the least to the greatest round, the figure beside it."""
    metric = work.metrics[0]
    ways = figures.ways(path)
    spreads = {way: Spread.of(figures.of(path, work.name, way, 0)) for way in ways}
    limit = max((spread.greatest for spread in spreads.values() if spread), default=1)
    for row, way in enumerate(ways):
        spread = spreads[way]
        if spread is None:
            panel.text(limit * 0.02, row, "–", va="center", color="#999999")
            continue
        panel.barh(row, spread.median, height=0.66, color=colour(way))
        panel.plot((spread.least, spread.greatest), (row, row), color="black", linewidth=1, solid_capstyle="butt")
        panel.text(
            max(spread.greatest, spread.median) + limit * 0.03, row, short(spread.median), va="center", fontsize=8
        )
    panel.set_xlim(0, limit * 1.3)
    panel.set_ylim(len(ways) - 0.4, -0.6)
    panel.set_yticks([])
    panel.tick_params(axis="both", length=0)
    panel.locator_params(axis="x", nbins=4)
    panel.xaxis.set_tick_params(labelsize=7, labelcolor="#777777")
    panel.grid(axis="x", color=FAINT, linewidth=0.6)
    panel.set_axisbelow(True)
    for side in ("top", "right", "bottom"):
        panel.spines[side].set_visible(False)
    panel.spines["left"].set_color("#999999")
    better = "less is better" if metric.less_is_better else "more is better"
    panel.set_title(textwrap.fill(metric.of(work.title), TITLE), fontsize=9, loc="left", pad=16)
    panel.annotate(
        f"{metric.unit}, {better}",
        xy=(0, 1),
        xycoords="axes fraction",
        xytext=(0, 5),
        textcoords="offset points",
        fontsize=7,
        color="#777777",
    )


def colour(way):
    """That of the way's family; vgw's variants are paler than itself."""
    return COLOURS["vgw-"] if way.startswith("vgw-") else COLOURS[way.split("-")[0]]


def short(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
