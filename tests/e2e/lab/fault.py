# SPDX-License-Identifier: Apache-2.0
"""Faults of a machine: created when a `with` block begins, removed when it ends.

edited() and added() return functions that take the lab's CA, like all other faults in a test's
table.
"""

import contextlib

from lab.apache import ETC
from lab.process import run

ADDED = ETC / "sites-enabled" / "fault.conf"


def place(path, text):
    """The location of the first line with this text, in the format of the log."""
    lines = path.read_text().splitlines()
    return f"{path}:{1 + next(at for at, line in enumerate(lines) if text in line)}: "


@contextlib.contextmanager
def replaced(path, text):
    kept = path.read_text()
    path.write_text(text)
    try:
        yield
    finally:
        path.write_text(kept)


def edited(path, changes, at):
    """Edits a file, {old: new}; yields the location of the text `at`."""

    @contextlib.contextmanager
    def make(_):
        text = path.read_text()
        for old, new in changes.items():
            assert old in text, text
            text = text.replace(old, new)
        with replaced(path, text):
            yield place(path, at)

    return make


def added(text, at):
    """Adds a site; yields the location of the text `at`."""

    @contextlib.contextmanager
    def make(_):
        ADDED.write_text(text)
        try:
            yield place(ADDED, at)
        finally:
            ADDED.unlink()

    return make


@contextlib.contextmanager
def led(links):
    """Makes links {link: target} point to other targets."""

    def lead(links):
        for link, target in links.items():
            link.unlink()
            link.symlink_to(target)

    kept = {link: link.readlink() for link in links}
    lead(links)
    try:
        yield
    finally:
        lead(kept)


@contextlib.contextmanager
def moved_away(path):
    """Moves a path away, so that something else can be created there."""
    aside = path.with_name(path.name + ".aside")
    path.rename(aside)
    try:
        yield aside
    finally:
        path.unlink(missing_ok=True)
        aside.rename(path)


@contextlib.contextmanager
def read_only(path):
    """A file system that is mounted read-only, as the kernel does after errors."""
    path.mkdir(exist_ok=True)
    options = "ro,mode=0700,uid=www-data,gid=www-data"
    run("mount", "-t", "tmpfs", "-o", options, "lab-read-only", path)
    try:
        yield
    finally:
        run("umount", "-l", path)
