# SPDX-License-Identifier: Apache-2.0
"""Faults of a machine: created when a `with` block begins, removed when it ends.

edited() and added() are functions of the lab's CA, as are all those that a test has in one table.
"""

import contextlib

from lab.apache import ETC
from lab.process import run

ADDED = ETC / "sites-enabled" / "fault.conf"


def place(path, text):
    """The place of the first line with this text, as it is logged."""
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
    """A file is edited, {old: new}; yields the location of the text `at`."""

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
    """A site is added; yields the location of the text `at`."""

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
    """Links {link: target} lead elsewhere."""

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
    """Something else can be put in its place."""
    aside = path.with_name(path.name + ".aside")
    path.rename(aside)
    try:
        yield aside
    finally:
        path.unlink(missing_ok=True)
        aside.rename(path)


@contextlib.contextmanager
def read_only(path):
    """A disk that the kernel mounted read-only, as it does after errors."""
    path.mkdir(exist_ok=True)
    options = "ro,mode=0700,uid=www-data,gid=www-data"
    run("mount", "-t", "tmpfs", "-o", options, "lab-read-only", path)
    try:
        yield
    finally:
        run("umount", "-l", path)
