# SPDX-License-Identifier: Apache-2.0
"""A lock on directories with configuration files, which `mta-sts mx` (cli/mx/lock.c) respects, too.

A separate file in the directory is locked, because configuration files are replaced when they are
changed. Other users cannot open the lock file, and so cannot hold the lock; the directory itself
would not do, because everyone can open it. The lock file is deleted at the end.
"""

import contextlib
import errno
import fcntl
import os
import stat
import time

from .problem import Problem

NAME = ".mta-sts.lock"
SECONDS = 60


def _why_not_ours(handle, directory):
    """Why other users could hold the lock, or None. The owner of the directory could do so in any
    case."""
    info = os.fstat(handle)
    if not stat.S_ISREG(info.st_mode):
        return "it is not a file"
    if info.st_uid not in (os.geteuid(), os.stat(directory).st_uid):
        return "it belongs to another user; remove it"
    if info.st_mode & 0o077:
        return "other users may open it; remove it"
    return None


def _open(directory):
    path = os.path.join(directory, NAME)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, 0o600)
    except OSError as error:
        why = ("it is a symbolic link; remove it" if error.errno == errno.ELOOP
               else os.strerror(error.errno))
    else:
        why = _why_not_ours(handle, directory)
        if why is None:
            return handle
        os.close(handle)
    raise Problem("nothing was changed: the lock file {} cannot be opened: {}".format(path, why))


def _lock(directory):
    end = time.monotonic() + SECONDS
    while True:
        handle = _open(directory)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            if time.monotonic() >= end:
                raise Problem("nothing was changed: another process has locked {} for more than a "
                              "minute: run this again when the other mta-sts-setup or mta-sts mx "
                              "has ended".format(os.path.join(directory, NAME)))
            time.sleep(0.1)
        else:
            if os.fstat(handle).st_nlink:
                return handle
            os.close(handle)  # the previous holder has deleted the file


def _unlock(directory, handle):
    with contextlib.suppress(OSError):
        os.unlink(os.path.join(directory, NAME))
    os.close(handle)


class Lock(contextlib.ExitStack):
    """Locks the existing directories of these files during the context."""

    def __init__(self, paths):
        super().__init__()
        self.directories = sorted({os.path.dirname(os.path.realpath(path)) for path in paths})

    def __enter__(self):
        with contextlib.ExitStack() as taken:
            for directory in filter(os.path.isdir, self.directories):
                taken.callback(_unlock, directory, _lock(directory))
            self.push(taken.pop_all())
        return self
