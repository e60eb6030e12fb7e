# SPDX-License-Identifier: Apache-2.0
"""A private Debian root directory: lower directories, and an upper one for the changes of a test
(overlayfs)."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
               "DEBIAN_FRONTEND": "noninteractive"}


class Root:
    """Mounted at `path` until end(); `upper` contains the changes."""

    def __init__(self, path, lower, archives):
        self.path = Path(path)
        self.upper = Path(f"{path}.upper")
        overlay(lower, self.upper, self.path)
        mount("-t", "proc", "proc", self.path / "proc")
        mount("--bind", "/dev", self.path / "dev")
        # Without an init system, invoke-rc.d restarts httpd only if policy-rc.d allows it.
        for name, does in ("runlevel", "echo N 2"), ("policy-rc.d", "exit 0"):
            program = self.file("/usr/sbin/" + name)
            program.write_text(f"#!/bin/sh\n{does}\n")
            program.chmod(0o755)
        # Recommended packages, such as certbot, are not available without a network.
        self.write("/etc/apt/apt.conf.d/depends-only", 'APT::Install-Recommends "false";\n')
        # An overlay instead of the directory itself, because simultaneous runs of apt-get would
        # compete for its lock.
        overlay([archives], Path(f"{path}.archives"), self.path / "var/cache/apt/archives")

    def run(self, *args, check=True, input=None):
        """Runs a command in the root; `stdout` contains standard output and standard error. It is a
        file, because a daemon that the command starts would hold a pipe open."""
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(["chroot", self.path, *args], env=ENVIRONMENT, input=input,
                                  text=True, stdout=output, stderr=output, timeout=1200)
            output.seek(0)
            done.stdout = output.read()
        assert not check or done.returncode == 0, f"{args} failed:\n{done.stdout}"
        return done

    def file(self, path):
        return self.path / path.lstrip("/")

    def read(self, path):
        return self.file(path).read_text()

    def write(self, path, text):
        self.file(path).parent.mkdir(parents=True, exist_ok=True)
        self.file(path).write_text(text)

    def append(self, path, text):
        self.write(path, self.read(path) + text)

    def glob(self, pattern):
        """The matching paths in the root, including dangling links."""
        return sorted("/" + str(found.relative_to(self.path)) for found in self.path.glob(pattern))

    def _processes(self):
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(process / "root") == str(self.path):
                    yield int(process.name)
            except OSError:
                continue

    def end(self):
        """Kills all processes in the root and unmounts it. On a busy machine, a killed process may
        use files for some time."""
        deadline = time.monotonic() + 60
        while True:
            for process in self._processes():
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            unmounted = subprocess.run(["umount", "-R", self.path], capture_output=True, text=True)
            if unmounted.returncode == 0:
                return
            assert time.monotonic() < deadline, unmounted.stderr
            time.sleep(0.1)

    def forget(self):
        self.end()
        shutil.rmtree(self.upper)


def overlay(lower, upper, path):
    """Mounts directories, the topmost first, at a path; changes are written to `upper`."""
    work = Path(f"{upper}.work")
    for directory in upper, work, path:
        directory.mkdir(parents=True, exist_ok=True)
    lowers = ":".join(str(directory) for directory in lower)
    mount("-t", "overlay", "root", "-o", f"lowerdir={lowers},upperdir={upper},workdir={work}", path)


def mount(*args):
    subprocess.run(["mount", *args], check=True)
