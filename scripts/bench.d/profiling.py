"""Where a forwarder's time goes during a work: perf's samples, sorted by what the program was doing."""

import subprocess
from collections import Counter

from topology import PATIENCE, Failure, run

#: The forwarder's own share that is aimed at.
GOAL = 0.10

OWN, STACK, COPY = "own code", "kernel: the network stack behind a write", "kernel: copying bytes"
READ, WRITE, RING = "kernel: reading", "kernel: writing", "kernel: io_uring"
SLEEP, OTHER = "kernel: scheduler, waking and sleeping", "kernel: entry and other"
AREAS = (OWN, READ, WRITE, STACK, COPY, RING, SLEEP, OTHER)

#: Kernel functions by which a sample is told; each stands for all whose names begin so. The innermost
#: frame that is known decides: waking a receiver inside a write is the scheduler's.
FUNCTIONS = {
    COPY: ("rep_movs", "copy_user_", "_copy_to_iter", "_copy_from_iter", "copy_page_", "memcpy", "__memcpy"),
    SLEEP: ("schedule", "__schedule", "try_to_wake_up", "finish_task_switch", "ep_poll", "do_epoll_wait", "ep_send"),
    STACK: ("netif_receive_skb", "__netif_receive_skb", "napi_", "__napi_", "net_rx_action"),
    READ: ("tun_chr_read", "tun_do_read", "packet_recvmsg"),
    WRITE: ("tun_chr_write", "tun_get_user", "tun_sendmsg", "packet_sendmsg", "packet_snd"),
    RING: ("io_", "__io_", "__do_sys_io_uring"),
}


def profile(bed, work, seconds):
    """The share of each area in the samples of the forwarder's threads during one work."""
    data = bed.folder / f"{work.name}.perf"
    pids = ",".join(str(process.pid) for process in bed.processes)
    if not pids:
        raise Failure(f"{bed}: the host's own stack is no process; perf can tell nothing apart")
    command = ["perf", "record", "--quiet", "-g", "-F", "2999", "-p", pids, "-o", str(data)]
    try:
        recorder = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        raise Failure("perf is not installed") from None
    try:
        with bed.turn(work.least * seconds):
            work.run(bed, seconds)
    finally:
        recorder.terminate()
        recorder.wait(PATIENCE)
    return shares(run("perf", "script", "-i", data, "-F", "comm,ip,sym,dso"))


def shares(script):
    """The shares in what `perf script` prints: blocks of a head line and the call chain, innermost first."""
    counts = Counter(area(block.splitlines()[1:]) for block in script.split("\n\n") if block.strip())
    if not counts:
        raise Failure("perf has taken no sample")
    return {name: counts[name] / counts.total() for name in AREAS}


def area(chain):
    """What the program was doing, by a call chain's lines: address, function, object in brackets."""
    frames = [line.split(None, 1)[1] for line in chain]
    if not frames or is_own(frames[0]):
        return OWN
    for frame in frames:
        for name, functions in FUNCTIONS.items():
            if frame.startswith(functions):
                return name
    return OTHER


def is_own(frame):
    """True outside the kernel and its modules, whose names stand in square brackets; so does the vDSO's."""
    return not frame.endswith("])") or frame.endswith("([vdso])")


def table(profiles):
    """Head and rows: an area each, a column for each profile by its title."""
    rows = [(name, *(f"{profile[name]:.1%}" for profile in profiles.values())) for name in AREAS]
    verdicts = ("reached" if profile[OWN] <= GOAL else "not reached" for profile in profiles.values())
    return ("", *profiles), [*rows, (f"{OWN} at most {GOAL:.0%}", *verdicts)]
