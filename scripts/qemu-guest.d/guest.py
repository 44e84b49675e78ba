"""A guest under QEMU, spoken to by its serial console."""

import os
import re
import socket
import time

# Without KVM on a busy machine.
BOOT = 120
COMMAND = 60


class Guest:
    """A guest whose one interface is the tap `tapNAME`."""

    def __init__(self, site, image, name, mac):
        self.name = name
        self._path = os.path.join(site.folder, f"{name}.console")
        self._said = b""
        self._began = time.monotonic()
        kernel = next(entry.path for entry in os.scandir(f"{image}/kernel/boot") if entry.name.startswith("vmlinuz"))
        self._process = site.spawn(
            f"qemu-{name}", "qemu-system-x86_64", "-machine", "pc,accel=tcg", "-cpu", "max", "-m", "192",
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-kernel", kernel, "-initrd", f"{image}/initrd",
            "-append", "console=ttyS0 quiet panic=-1 tsc=unstable",
            "-netdev", f"tap,id=net,ifname=tap{name},script=no,downscript=no",
            "-device", f"virtio-net-pci,netdev=net,mac={mac},romfile=",
            "-chardev", f"socket,id=console,path={self._path},server=on,wait=on",
            "-serial", "chardev:console",
        )
        # QEMU waits for this before it starts: nothing that the guest says is lost.
        self._console = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + COMMAND
        while self._console.connect_ex(self._path) != 0:
            self._check(end, "console")
            time.sleep(0.05)

    def wait_until_ready(self):
        """Until the guest takes commands; how long that took, seconds."""
        self._read_until(rb"GUEST asked (\d+)", self._began + BOOT)
        return time.monotonic() - self._began

    def run(self, command):
        """A command's status and what it said."""
        self._said = b""
        self._console.sendall(command.encode() + b"\n")
        end = time.monotonic() + COMMAND
        match = self._read_until(rb"GUEST done (\d+)", end)
        return int(match.group(1)), self._said[: match.start()].decode(errors="replace").replace("\r", "")

    def run_until(self, command, text):
        """What a command says once that has this text in it, or at the end of its time."""
        end = time.monotonic() + COMMAND
        while True:
            said = self.run(command)[1]
            if text in said or time.monotonic() > end:
                return said
            time.sleep(0.2)

    def end(self):
        """Switches the guest off."""
        self._console.sendall(b"poweroff -f\n")
        self._process.wait(timeout=30)

    def _read_until(self, pattern, end):
        while not (match := re.search(pattern + rb"\r?\n", self._said)):
            self._check(end, pattern.decode())
            self._console.settimeout(1)
            try:
                more = self._console.recv(65536)
            except socket.timeout:
                continue
            if not more:
                raise RuntimeError(f"{self.name} has ended; it said:\n{self._said.decode(errors='replace')}")
            self._said += more
        return match

    def _check(self, end, what):
        if self._process.poll() is not None:
            raise RuntimeError(f"qemu of {self.name} has ended with {self._process.returncode}")
        if time.monotonic() > end:
            raise RuntimeError(f"{self.name}: no {what} in time; it said:\n{self._said.decode(errors='replace')}")
