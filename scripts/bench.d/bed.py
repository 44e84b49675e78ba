"""A path as one way forwards it: three namespaces and the forwarder in the middle."""

import contextlib
import errno
import os
import signal
import subprocess
import time
from pathlib import Path

from topology import PATIENCE, Failure, Namespace, lay_veth


class Bed:
    """What all ways have in common; how the middle forwards is for the subclasses."""

    #: True for a forwarder that spins while it has nothing to do: it is stopped while others are measured.
    spins = False

    def __init__(self, way, path, folder):
        self.way = way
        self.path = path
        #: Files of this bed: configuration, sockets, logs.
        self.folder = folder / f"{path.name}-{way}"
        self.processes = []

    def __str__(self):
        return f"{self.way} on {self.path.name}"

    def build(self):
        """Sets everything up and waits until a packet goes there and back."""
        self.folder.mkdir()
        self.near, self.middle, self.far = (
            Namespace(f"{self.path.name}-{self.way}-{place}") for place in ("near", "middle", "far")
        )
        if self.path.is_outside:
            lay_veth(self.middle, "far0", self.far, self.path.far)
        self.connect()
        self.wait_until_open()
        self.pause()

    def connect(self):
        """Connects near with far; if far is outside, near with the middle's stack, by its interface near0."""
        raise NotImplementedError

    def wait_until_open(self):
        """Waits until a TCP connection from near to far is refused: by then packets go both ways."""
        probe = "import socket, sys; sys.exit(socket.socket().connect_ex((sys.argv[1], 9)))"
        command = self.near.command("timeout", "2", "/usr/bin/python3", "-c", probe, self.path.far.address)
        deadline = time.monotonic() + PATIENCE
        while subprocess.run(command, check=False).returncode != errno.ECONNREFUSED:
            self.check_alive()
            if time.monotonic() >= deadline:
                raise Failure(f"no packet goes there and back\n{self.log_text()}")
            time.sleep(0.1)

    def daemon(self, program, *words, **options):
        """Starts a part of the forwarder in the middle, its output into a log; it is ended by tear_down."""
        with open(self.log(program), "w", encoding="utf-8") as log:
            process = self.middle.start(program, *words, stdout=log, **options)
        self.processes.append(process)
        return process

    def log(self, program):
        return self.folder / f"{Path(program).name}.log"

    def log_text(self):
        return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in self.folder.glob("*.log"))

    def check_alive(self):
        for process in self.processes:
            if process.poll() is not None:
                raise Failure(f"the forwarder ended with status {process.returncode}\n{self.log_text()}")

    def wait_for(self, condition, what):
        """Waits for something that a daemon does."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.check_alive()
            if time.monotonic() >= deadline:
                raise Failure(f"no {what} within {PATIENCE} s\n{self.log_text()}")
            time.sleep(0.02)

    def tear_down(self):
        """Ends what was started; the namespaces go with this program."""
        for process in reversed(self.processes):
            end(process)
        self.processes.clear()

    @contextlib.contextmanager
    def turn(self, least):
        """A measurement's time; fails unless so many bytes go by each interface that must carry them."""
        self.resume()
        try:
            self.check_alive()
            before = self.carried()
            yield
            carried = [after - earlier for earlier, after in zip(before, self.carried(), strict=True)]
        finally:
            self.pause()
        if min(carried) < least:
            raise Failure(f"only {min(carried)} bytes came by an interface of the path, {least} were expected")

    def carried(self):
        inner = [self.middle.carried("near0")] if self.path.is_outside else []
        return [self.near.carried("eth0"), *inner, self.far.carried("eth0")]

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def signal(self, number):
        for process in self.processes if self.spins else ():
            if process.poll() is None:
                process.send_signal(number)

    @contextlib.contextmanager
    def on_one_core(self):
        """Keeps the forwarder, and what this program starts meanwhile, on one core."""
        tasks = [task for process in self.processes for task in Path(f"/proc/{process.pid}/task").iterdir()]
        before = {thread: os.sched_getaffinity(thread) for thread in (0, *(int(task.name) for task in tasks))}
        core = {max(before[0])}
        try:
            for thread in before:
                os.sched_setaffinity(thread, core)
            yield
        finally:
            for thread, cores in before.items():
                # One that has ended meanwhile is missed by others.
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setaffinity(thread, cores)


def end(process):
    """Ends a daemon in order, or else by force."""
    process.send_signal(signal.SIGCONT)
    if process.stdin:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
