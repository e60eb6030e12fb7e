# SPDX-License-Identifier: Apache-2.0
"""A power failure at any moment leaves every acknowledged report on the disk.

The system calls of uploads are recorded, and replayed up to each fsync and each answer: what was not
synced is lost, in two ways. Either data and names are both lost, or the names are on the disk
already and the files empty.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

import process
import report
from httpd import CHILD, LONE_CHILD
from report import make, packed, post
from test_report_disk import traced

pytestmark = [pytest.mark.slow, pytest.mark.long]

IS_LONG = bool(os.environ.get("MTA_STS_LONG"))
UPLOADS = 1000 if IS_LONG else 60
REINDEXED = 10 if IS_LONG else 20  # each such cut is also reindexed
COMMAND = Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts"
CALLS = "openat,mkdirat,write,writev,pwrite64,fsync,renameat2,renameat,linkat,unlinkat"
STRING = re.compile(rb'iov_base="((?:[^"\\]|\\.)*)"')


def complete(lines):
    """The calls in the order in which they ended: those that strace shows in two parts are joined."""
    begun = {}
    for line in lines:
        pid, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            begun[pid] = call.removesuffix("<unfinished ...>")
        elif resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", call):
            yield begun.pop(pid) + resumed[1]
        else:
            yield call


def unescaped(text):
    return text.decode("unicode_escape").encode("latin-1")


class Disk:
    """The reports of a state directory: what the processes see, and what survives."""

    def __init__(self, state):
        self.state = str(state)
        self.written = {}  # name in tmp/ -> its bytes
        self.synced = set()  # such names
        self.directories = set()  # that survive, "ab"
        self.made = set()  # "ab"
        self.renamed = {}  # "ab" -> {digest: name in tmp/}, not on disk yet
        self.files = {}  # (directory, digest) -> name in tmp/: survive if the directory does

    def take(self, call):
        """Applies one call. @return whether it is a moment to cut at"""
        if not re.search(r"\) += \d", call):
            return False
        if made := re.match(rf'mkdirat\(\d+<{self.state}/reports>, "(..)"', call):
            self.made.add(made[1])
        elif written := re.match(rf"writev\(\d+<{self.state}/tmp/([^>]+)>", call):
            assert self.written.setdefault(written[1], b"") == b""
            self.written[written[1]] = b"".join(
                unescaped(part) for part in STRING.findall(call.encode("latin-1")))
        elif renamed := re.match(rf'renameat2\(\d+<{self.state}/tmp>, "([^"]+)", '
                                 rf'\d+<{self.state}/reports/(..)>, "(\w+)"', call):
            self.renamed.setdefault(renamed[2], {})[renamed[3]] = renamed[1]
        elif synced := re.match(rf"fsync\(\d+<{self.state}/([^>]*)>", call):
            self.sync(synced[1])
            return True
        else:
            assert not re.match(rf"(write|pwrite64|linkat|renameat)\(\d+<{self.state}/(tmp|reports)[/>]",
                                call), call
        return False

    def sync(self, path):
        top, _, name = path.partition("/")
        if top == "tmp" and name:
            self.synced.add(name)
        elif path == "reports":
            self.directories |= self.made
        elif top == "reports":
            for digest, tmp in self.renamed.pop(name, {}).items():
                self.files[name, digest] = tmp

    def survivors(self, with_names):
        """What is on the disk after a power failure: {digest: bytes}"""
        names = dict(self.files)
        if with_names:
            names |= {(directory, digest): tmp for directory, entries in self.renamed.items()
                      for digest, tmp in entries.items()}
        return {digest: self.written[tmp] if tmp in self.synced else b""
                for (directory, digest), tmp in names.items()
                if with_names or directory in self.directories}


def reindexed(survivors, directory):
    """How many reports the command finds in what survived."""
    state = directory / "state"
    for part in ("", "tmp", "reports", "quarantine"):
        (state / part).mkdir(mode=0o700, parents=True)
    for digest, data in survivors.items():
        (state / "reports" / digest[:2]).mkdir(mode=0o700, exist_ok=True)
        path = state / "reports" / digest[:2] / digest
        path.write_bytes(data)
        path.chmod(0o600)
    subprocess.run(["chown", "-R", CHILD.pw_name + ":", state], check=True)
    result = subprocess.run([COMMAND, "reindex", "--state-dir", state], capture_output=True,
                            text=True, timeout=120)
    shutil.rmtree(state)
    found = re.match(r"(\d+) reports? (?:is|are) in .*, (\d+) cannot be read", result.stdout)
    assert found, result
    return int(found[1]) - int(found[2])


@pytest.fixture
def recorded(make_with):
    """(state directory, digests in the order of the uploads, the calls)"""
    server = make_with(mpm="prefork").configure(
        LONE_CHILD + "MTASTSReportLimit 1000000\n" + report.conf()).start()
    child, = [pid for pid in server.children() if not process.is_zombie(pid)]
    bodies = [make(number) for number in range(UPLOADS)]
    with traced(child, "-s", "100000", "-e", f"trace={CALLS}") as lines:
        for body in bodies:
            assert post(server, packed(body)).status == 201
        server.wait_until_idle()
    return server.root / "state", [report.digest(body) for body in bodies], lines


def test_a_power_failure_at_any_moment_loses_no_acknowledged_report(recorded):
    state, digests, lines = recorded
    disk, acknowledged, cuts = Disk(state), 0, 0
    with tempfile.TemporaryDirectory(dir="/dev/shm") as scratch:
        os.chmod(scratch, 0o755)
        for call in complete(lines):
            is_answer = "HTTP/1.1 201" in call
            if not disk.take(call) and not is_answer:
                continue
            acknowledged += is_answer
            cuts += 1
            for with_names in (False, True):
                survivors = disk.survivors(with_names)
                whole = {digest for digest, data in survivors.items() if data}
                assert whole >= set(digests[:acknowledged]), (cuts, with_names)
                if cuts % REINDEXED == 0:
                    assert reindexed(survivors, Path(scratch)) == len(whole)
    assert acknowledged == UPLOADS
    assert cuts >= 3 * UPLOADS
