# SPDX-License-Identifier: Apache-2.0
"""Runs a command with its output in a file, and prints its seconds and bytes of memory at most:

    python3 measured.py OUTPUT COMMAND [ARGUMENT ...]

A program of its own, because Linux counts what a process has when it starts another one as memory of
that one, and the bench itself has hundreds of MiB by then. Exit status: that of the command.
"""

import os
import sys
import time


def main():
    output, *args = sys.argv[1:]
    with open(output, "wb") as file:
        begin = time.monotonic()
        pid = os.posix_spawn(args[0], args, os.environ,
                             file_actions=[(os.POSIX_SPAWN_DUP2, file.fileno(), 1)])
        _, status, usage = os.wait4(pid, 0)
        seconds = time.monotonic() - begin
    print(seconds, usage.ru_maxrss * 1024)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
