# SPDX-License-Identifier: Apache-2.0
"""Running other programs: without a shell, with a time limit, in a known environment."""

import os
import shlex
import subprocess

from .problem import Problem

# The PATH of su without "-" has no sbin directories; messages are parsed, so they must not be
# translated.
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin",
               "LC_ALL": "C.UTF-8"}


class Result:
    def __init__(self, args, status, output):
        self.args = args
        self.status = status
        self.output = output


def shown(args):
    """A command as an admin would type it."""
    return " ".join(shlex.quote(arg) for arg in args)


def run(args, timeout=60, check=True, stderr=True, stdin=b""):
    """Runs a command to completion; returns stdout and stderr together, or stdout alone. stdin: the
    bytes of its standard input."""
    try:
        done = subprocess.run(
            args, input=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if stderr else subprocess.DEVNULL,
            timeout=timeout, env={**os.environ, **ENVIRONMENT})
    except FileNotFoundError:
        raise Problem("{} is not installed on this machine: apt-get install the package that provides "
                      "it".format(args[0]))
    except subprocess.TimeoutExpired as expired:
        text = (expired.stdout or b"").decode(errors="replace")
        raise Problem("{}\n  did not end within {} seconds; its output:\n{}".format(
            shown(args), timeout, indented(text)))
    result = Result(args, done.returncode, done.stdout.decode(errors="replace"))
    if check and result.status != 0:
        raise Problem("{}\n  failed with status {}; its output:\n{}".format(
            shown(args), result.status, indented(result.output)))
    return result


def indented(text, by="    "):
    return "\n".join(by + line for line in text.rstrip().splitlines())


def installed(name):
    return any(os.access(os.path.join(directory, name), os.X_OK)
               for directory in ENVIRONMENT["PATH"].split(":"))
