"""Instructions for each packet of every usual kind, as callgrind counts them.

Started by `scripts/bench --instructions [--write]`, which has built the program. Two runs of
different length for each kind: what the first packets need once is in both, and cancels out.
"""

import re
import subprocess
import sys
import tempfile

from files import EXAMPLES
from report import write_section
from tables import as_markdown
from topology import Failure

PROGRAM = EXAMPLES / "instructions"

SHORT, LONG = 500, 1500
# The function that the program keeps for this.
COUNTED = "instructions::counted*"


def count(kind, packets):
    """Instructions of so many packets."""
    with tempfile.TemporaryDirectory() as folder:
        output = f"--callgrind-out-file={folder}/out"
        tool = ("valgrind", "--tool=callgrind", f"--toggle-collect={COUNTED}", output)
        command = (*tool, str(PROGRAM), kind, str(packets))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or found is None or int(found[1]) == 0:
        raise Failure(f"{' '.join(command)} counted nothing:\n{done.stderr}")
    return int(found[1])


def main():
    options = sys.argv[2:]
    if options not in ([], ["--write"]):
        raise Failure("usage: scripts/bench --instructions [--write]")
    kinds = subprocess.run((str(PROGRAM),), capture_output=True, text=True, check=True).stdout.splitlines()
    rows = []
    for kind in kinds:
        each = (count(kind, LONG) - count(kind, SHORT)) / (LONG - SHORT)
        rows.append((kind, f"{each:,.0f}"))
        print(f"{kind:<36} {each:>10,.0f} instructions", flush=True)
    if "--write" in sys.argv[1:]:
        write_section("instructions", as_markdown(("packet", "instructions"), rows))


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"bench: {failure}")
