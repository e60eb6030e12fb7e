# SPDX-License-Identifier: Apache-2.0
"""Data from the kernel about processes, and waiting."""

import contextlib
import os
import pathlib
import time

DEADLINE = 60  # seconds; enough on a busy machine


def wait_for(condition, what, deadline=DEADLINE):
    """Polls until the condition is true, and returns its value."""
    end = time.monotonic() + deadline
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < end, f"waited {deadline} s for: {what}"
        time.sleep(0.01)


def status(pid):
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def children(pid):
    return [int(child)
            for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def uids(pid):
    """The set of real, effective, saved and file system uids; empty if the process has ended."""
    return {int(uid) for uid in status(pid).get("Uid", "").split()}


def is_zombie(pid):
    return status(pid).get("State", "").startswith("Z")


def resident_kib(pid):
    return int(status(pid)["VmRSS"].split()[0])


def cpu_seconds(pid, thread=None):
    """The CPU time of a process, or of one of its threads."""
    directory = f"/proc/{pid}/task/{thread}" if thread else f"/proc/{pid}"
    fields = pathlib.Path(directory, "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bytes_read(pid):
    """The number of bytes read by system calls, including those from the page cache."""
    lines = pathlib.Path(f"/proc/{pid}/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def opened(pid):
    """The paths of the open files of a process."""
    paths = set()
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for number in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                paths.add(os.readlink(f"/proc/{pid}/fd/{number}"))
    return paths


def _inodes(table):
    """The inodes of the sockets in such a file as /proc/net/tcp."""
    lines = pathlib.Path(table).read_text().splitlines()[1:] if os.path.exists(table) else []
    return {line.split()[9] for line in lines}


def sockets(pid):
    """The inodes of the open sockets of a process."""
    return {name[len("socket:["):-1] for name in opened(pid) if name.startswith("socket:[")}


def _tcp():
    """The inodes of all TCP sockets that are open. The kernel needs milliseconds to list them."""
    return _inodes("/proc/net/tcp") | _inodes("/proc/net/tcp6")


def connections(pid):
    """The inodes of the open TCP sockets of a process, including listening ones."""
    return _tcp() & sockets(pid)


def is_idle(pid):
    """Whether the child processes of a server have no connections: all of their TCP sockets are
    those of the parent."""
    listening = sockets(pid)
    others = set().union(*(sockets(child) - listening for child in children(pid)))
    return not others or not others & _tcp()
