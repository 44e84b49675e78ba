"""Where things are in the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RELEASE = ROOT / "target/release"
EXAMPLES = RELEASE / "examples"
PAGE = ROOT / "docs/benchmarks.md"
PLOT = ROOT / "docs/benchmarks.png"
#: The figures of the latest run.
LATEST = ROOT / "target/bench/latest.json"
#: Where Criterion leaves the results of the single parts.
PARTS = ROOT / "target/bench/parts"
