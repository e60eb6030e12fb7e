# SPDX-License-Identifier: Apache-2.0
"""Processes: commands that are run to completion, and daemons that are children of the session."""

import os
import subprocess

from lab import DIRECTORY
from lab.deadline import wait_until


class Failed(AssertionError):
    """A command ended with a status other than 0; the text contains its complete output."""


def run(*argv, check=True, timeout=120, **options):
    """Runs a command to completion; returns stdout and stderr together, as text."""
    done = subprocess.run(
        [str(word) for word in argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=None if "input" in options else subprocess.DEVNULL,
        text=True,
        timeout=timeout,
        **options,
    )
    if check and done.returncode != 0:
        raise Failed(f"{' '.join(done.args)}\nended with {done.returncode}:\n{done.stdout}")
    return done


def directory(name):
    """The directory of one daemon."""
    path = DIRECTORY / name
    path.mkdir(parents=True, exist_ok=True)
    return path


class Daemon:
    """A daemon that stays in the foreground; what it prints goes to `output.log` in its directory.

    It ends with the namespace; stop() is for tests that need it stopped.
    """

    def __init__(self, name, *argv, user=None, env=None):
        self.name = name
        self.directory = directory(name)
        self.log = self.directory / "output.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                user=user,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )

    def wait_ready(self, condition, seconds=20):
        """Waits until the daemon is ready; fails at once if the daemon has exited."""

        def ready():
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended: {self.log.read_text(errors='replace')}")
            return condition()

        wait_until(ready, f"{self.name} to serve", seconds)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
