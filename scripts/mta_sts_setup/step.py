# SPDX-License-Identifier: Apache-2.0
"""Steps: changes to the machine that can be shown in advance, carried out, and undone manually.

Each has a description; shown() is what --dry-run prints below it; do() carries it out; undo()
returns the shell commands that revert it, determined when it is called, so that they also apply to
a step that failed half-way.
"""

import difflib
import os
import shlex
import shutil
import tempfile
import time

from . import command
from .lock import Lock
from .problem import Problem

BACKUPS = "/var/backups/mta-sts-setup"


def read(path):
    """The text of a file, "" if it does not exist. write() preserves bytes that are not UTF-8."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _backdate(path):
    """certbot edits with augeas, which considers a file unchanged if its time in whole seconds is:
    an edit by certbot within the same second would make it write a broken configuration."""
    past = time.time() - 10
    os.utime(path, (past, past))


def write(path, text, mode):
    """Replaces a file; preserves the owner and mode of an existing one."""
    there = os.stat(path) if os.path.exists(path) else None
    handle, new = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".mta-sts-setup-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape",
                       newline="") as file:
            file.write(text)
        os.chmod(new, there.st_mode & 0o7777 if there else mode)
        if there:
            os.chown(new, there.st_uid, there.st_gid)
        _backdate(new)
        os.replace(new, path)
    except BaseException:
        os.unlink(new)
        raise


def back_up(path):
    """Copies a file to the directory of backups; returns the path of the copy."""
    os.makedirs(BACKUPS, mode=0o700, exist_ok=True)
    stamp = time.strftime("%Y%m%dT%H%M%S")
    for number in range(1000):
        copy = "{}/{}.{}.{}".format(BACKUPS, os.path.basename(path), stamp, number)
        if not os.path.exists(copy):
            shutil.copy2(path, copy)
            return copy
    raise Problem("cannot name a backup of {} in {}".format(path, BACKUPS))


def quoted(*args):
    return " ".join(shlex.quote(word) for word in args)


class WriteFile:
    def __init__(self, path, text, mode=0o644, why=""):
        self.path = os.path.realpath(path)
        self.text = text
        self.mode = mode
        self.before = read(self.path)
        self.existed = os.path.exists(self.path)
        self.backup = None
        verb = "change" if self.existed else "write"
        self.description = "{} {}{}".format(verb, self.path, ": " + why if why else "")

    def shown(self):
        old = self.path if self.existed else "/dev/null"
        lines = difflib.unified_diff(self.before.splitlines(), self.text.splitlines(),
                                     old, self.path, lineterm="")
        return list(lines)

    def do(self):
        if self.existed:
            self.backup = back_up(self.path)
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        write(self.path, self.text, self.mode)

    def undo(self):
        if self.backup:
            return [quoted("cp", "-p", self.backup, self.path)]
        return [quoted("rm", "-f", self.path)] if not self.existed else []


class RemoveFile:
    def __init__(self, path):
        self.path = path
        self.backup = None
        self.description = "remove {}".format(path)

    def shown(self):
        return ["rm " + shlex.quote(self.path)]

    def do(self):
        self.backup = back_up(self.path)
        os.unlink(self.path)

    def undo(self):
        return [quoted("cp", "-p", self.backup, self.path)] if self.backup else []


class Command:
    """A program to run; `undo` is a list of shell commands, or a function that makes it."""

    def __init__(self, description, args, undo=(), timeout=60):
        self.description = description
        self.args = args
        self.timeout = timeout
        self._undo = undo

    def shown(self):
        return [command.shown(self.args)]

    def do(self):
        command.run(self.args, self.timeout)

    def undo(self):
        return list(self._undo() if callable(self._undo) else self._undo)


class Wait:
    """A condition to wait for; changes nothing by itself."""

    def __init__(self, description, function):
        self.description = description
        self.function = function

    def shown(self):
        return []

    def do(self):
        self.function()

    def undo(self):
        return []


def show(steps):
    for step in steps:
        print("would " + step.description)
        for line in step.shown():
            print("    " + line)


def _summary(done, failed):
    """The steps that were carried out, and the commands that undo them, last step first."""
    lines = ["", "Done before the failure:"]
    lines += ["  - " + step.description for step in done] or ["  nothing"]
    undo = [line for step in reversed(done + [failed]) for line in step.undo()]
    if undo:
        lines += ["", "Run mta-sts-setup again to continue from here, or undo these changes with:"]
        lines += ["  " + line for line in undo]
        lines += ["  apache2ctl configtest && apache2ctl graceful"]
    return "\n".join(lines)


def _require_unchanged(steps):
    """Checks that files have not changed since the steps were planned, which was done without the
    lock."""
    for step in steps:
        if isinstance(step, WriteFile) and read(step.path) != step.before:
            raise Problem("nothing was changed: {} was changed by someone else in the meantime; run "
                          "this again".format(step.path))


def carry_out(steps):
    """Carries out the steps in order; a failure becomes a Problem that shows how to undo them."""
    with Lock(step.path for step in steps if hasattr(step, "path")):
        _require_unchanged(steps)
        _carry_out(steps)


def _carry_out(steps):
    done = []
    for step in steps:
        print("* " + step.description, flush=True)
        try:
            step.do()
        except KeyboardInterrupt:
            raise Problem("interrupted at: {}\n{}".format(step.description, _summary(done, step)))
        except Exception as error:
            raise Problem("could not {}:\n  {}\n{}".format(
                step.description, error, _summary(done, step)))
        done.append(step)
