# SPDX-License-Identifier: Apache-2.0
"""Running other programs: without a shell, with a time limit, in a known environment."""

import os
import shlex
import subprocess

from .problem import Problem

# su without "-" leaves sbin out; messages are parsed, so they are not translated.
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin",
               "LC_ALL": "C.UTF-8"}


class Result:
    def __init__(self, words, status, output):
        self.words = words
        self.status = status
        self.output = output


def shown(words):
    """A command as one would type it."""
    return " ".join(shlex.quote(word) for word in words)


def run(words, timeout=60, check=True, stderr=True):
    """Runs a command to its end. stdout and stderr come back together, or stdout alone."""
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if stderr else subprocess.DEVNULL,
            timeout=timeout, env={**os.environ, **ENVIRONMENT})
    except FileNotFoundError:
        raise Problem("{} is not installed on this machine".format(words[0]))
    except subprocess.TimeoutExpired as expired:
        text = (expired.stdout or b"").decode(errors="replace")
        raise Problem("{}\n  did not end within {} seconds; its output:\n{}".format(
            shown(words), timeout, indented(text)))
    result = Result(words, done.returncode, done.stdout.decode(errors="replace"))
    if check and result.status != 0:
        raise Problem("{}\n  failed with status {}; its output:\n{}".format(
            shown(words), result.status, indented(result.output)))
    return result


def indented(text, by="    "):
    return "\n".join(by + line for line in text.rstrip().splitlines())


def installed(name):
    return any(os.access(os.path.join(directory, name), os.X_OK)
               for directory in ENVIRONMENT["PATH"].split(":"))
