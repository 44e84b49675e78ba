"""From figures to what people read: medians with their spread, on the terminal and in docs/benchmarks.md."""

import json
import os
import platform
import re
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from topology import Failure


@dataclass(frozen=True)
class Spread:
    """The median of the rounds, and the least and the greatest of them."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values):
        return cls(statistics.median(values), min(values), max(values))

    def text(self, digits):
        return f"{self.median:.{digits}f} ({self.least:.{digits}f}–{self.greatest:.{digits}f})"


@dataclass(frozen=True)
class Result:
    """One line of the table."""

    name: str
    unit: str
    vgw: Spread
    kernel: Spread
    ratio: Spread

    def cells(self):
        digits = 1 if self.kernel.median < 100 else 0
        return (self.name, self.unit, self.vgw.text(digits), self.kernel.text(digits), self.ratio.text(2))


HEAD = ("", "unit", "vgw", "kernel", "vgw / kernel")


def results(figures):
    """Lines of the table. A ratio is taken within a round, where both met the same machine."""
    lines = []
    for work, by_way in figures.items():
        for index, label in enumerate(work.labels):
            vgw, kernel = ([figure[index] for figure in by_way[way]] for way in ("vgw", "kernel"))
            ratios = [ours / theirs for ours, theirs in zip(vgw, kernel, strict=True)]
            name = f"{work.name}, {label}" if label else work.name
            lines.append(Result(name, work.unit, Spread.of(vgw), Spread.of(kernel), Spread.of(ratios)))
    return lines


def machine(root):
    """The machine and the programs, a line each."""
    cpus = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*:\s*(.*)$", cpus, re.MULTILINE)
    virtual = ", a virtual machine" if re.search(r"^flags.*\bhypervisor\b", cpus, re.MULTILINE) else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    iperf3 = " ".join(first_line("iperf3", "--version").split()[:2])
    return [
        f"{os.cpu_count()} cores of {model[1] if model else platform.machine()}{virtual}, {memory:.0f} GiB of memory",
        f"Linux {platform.release()}, {iperf3}",
        f"vgw {version(root)}, release build, one worker",
    ]


def busy():
    """The share of all processor time that is in use, over two seconds. To be asked while nothing is measured."""

    def times():
        fields = Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:]
        user, nice, system, idle, iowait, irq, softirq, steal = map(int, fields[:8])
        return idle + iowait, user + nice + system + irq + softirq + steal

    idle_before, used_before = times()
    time.sleep(2)
    idle, used = times()
    return (used - used_before) / max(1, idle - idle_before + used - used_before)


def version(root):
    """The commit, and whether the files are as there. Not known outside a clone."""
    git = ("git", "-c", f"safe.directory={root}", "-C", str(root))
    commit = first_line(*git, "rev-parse", "--short", "HEAD")
    return f"{commit} with changes" if first_line(*git, "status", "--porcelain", "src", "Cargo.lock") else commit


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout.splitlines() or [""])[0]


def quiet(before, after):
    """How much the rest of the machine did."""
    return f"processor time in use by others: {before:.0%} before the first round, {after:.0%} after the last"


def how(effort):
    return f"{effort.rounds} rounds of {effort.seconds} s; median (least–greatest); for round trips less is better"


def as_text(facts, lines):
    table = [HEAD, *(line.cells() for line in lines)]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEAD))]
    rows = ["   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join([*rows, "", *facts])


def as_markdown(facts, lines):
    return "\n".join([*(f"- {fact}" for fact in facts), "", *markdown_table(HEAD, [line.cells() for line in lines])])


def parts_as_markdown(folder):
    """The medians that Criterion has left in a folder, for one element where a case has several."""
    rows = []
    for path in sorted(folder.glob("**/new/estimates.json")):
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
        raise Failure(f"cargo bench has left no results in {folder}")
    return "\n".join(markdown_table(("bench", "case", "median", "95 % interval"), rows))


def nanoseconds(value):
    """A time in the unit that people read it in."""
    for factor, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value:.3g} ns"


def markdown_table(head, rows):
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def write_section(page, name, text):
    """Replaces what stands between the page's markers of this name."""
    begin, end = f"<!-- begin: {name}, written by scripts/bench -->", f"<!-- end: {name} -->"
    old = page.read_text(encoding="utf-8")
    if old.count(begin) != 1 or old.count(end) != 1:
        raise Failure(f"{page} lacks the lines {begin} and {end}")
    before, rest = old.split(begin)
    after = rest.split(end)[1]
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
