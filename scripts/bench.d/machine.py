"""What a run was made on, and how busy that was with other things."""

import os
import platform
import re
import subprocess
import time
from pathlib import Path

from files import ROOT
from works import busy_milliseconds


def facts():
    """The machine and the programs, a line each."""
    cpus = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*:\s*(.*)$", cpus, re.MULTILINE)
    virtual = ", a virtual machine" if re.search(r"^flags.*\bhypervisor\b", cpus, re.MULTILINE) else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    iperf3 = " ".join(first_line("iperf3", "--version").split()[:2])
    peers = [package_version(package) for package in ("openvswitch-switch", "dpdk-dev")]
    return [
        f"{os.cpu_count()} cores of {model[1] if model else platform.machine()}{virtual}, {memory:.0f} GiB of memory",
        ", ".join(filter(None, (f"Linux {platform.release()}", iperf3, *peers))),
        f"vgw {version()}, release build",
    ]


def busy():
    """The share of all processor time that is in use, over two seconds. To be asked while nothing is measured."""
    before, start = busy_milliseconds(), time.monotonic()
    time.sleep(2)
    return (busy_milliseconds() - before) / 1e3 / (time.monotonic() - start) / os.cpu_count()


def version():
    """The commit, and whether the files are as there. Not known outside a clone."""
    git = ("git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT))
    commit = first_line(*git, "rev-parse", "--short", "HEAD")
    return f"{commit} with changes" if first_line(*git, "status", "--porcelain", "src", "Cargo.lock") else commit


def package_version(package):
    """Name and version of a Debian package, if it is installed."""
    installed = first_line("dpkg-query", "--show", "--showformat=${version}", package)
    return f"{package} {installed}" if installed else ""


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return (done.stdout.splitlines() or [""])[0]
