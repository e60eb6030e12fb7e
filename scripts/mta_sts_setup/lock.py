# SPDX-License-Identifier: Apache-2.0
"""A lock on directories with configuration files, which `mta-sts mx` (cli/mx/lock.c) respects, too.

The directory is locked because a file is replaced, and because nothing is left behind then.
"""

import contextlib
import fcntl
import os
import time

from .problem import Problem

SECONDS = 60


def _lock(directory):
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    end = time.monotonic() + SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            if time.monotonic() >= end:
                os.close(handle)
                raise Problem("nothing was changed: another process has locked {} for more than a "
                              "minute: run this again when the other mta-sts-setup or mta-sts mx "
                              "has ended".format(directory))
            time.sleep(0.1)


class Lock(contextlib.ExitStack):
    """The directories of these files, as far as they exist, while the context lasts."""

    def __init__(self, paths):
        super().__init__()
        self.directories = sorted({os.path.dirname(os.path.realpath(path)) for path in paths})

    def __enter__(self):
        with contextlib.ExitStack() as taken:
            for directory in filter(os.path.isdir, self.directories):
                taken.callback(os.close, _lock(directory))
            self.push(taken.pop_all())
        return self
