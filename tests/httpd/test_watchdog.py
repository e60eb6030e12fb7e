# SPDX-License-Identifier: Apache-2.0
"""What one child does beside the requests: the index of reports, and their removal."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest

import policy
import process
import report
from database import Database, indexed, watchdogs
from httpd import CHILD, MPMS
from report import Spool, make, packed, post

pytestmark = pytest.mark.slow

# --- mod_watchdog ---

# Debian has mod_watchdog in its binary, so its functions are hidden from who asks for them.
HIDE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
void *apr_dynamic_fn_retrieve(const char *name)
{
    void *(*real)(const char *) = dlsym(RTLD_NEXT, "apr_dynamic_fn_retrieve");
    return strncmp(name, "ap_watchdog_", 12) == 0 ? 0 : real(name);
}
"""


def test_without_mod_watchdog_it_says_what_to_do_and_all_else_works(make_with, tmp_path):
    library = tmp_path / "hide.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-w", "-x", "c", "-o", str(library), "-"],
                   input=HIDE.encode(), check=True)
    line = r"\[mta_sts:warn\].*mod_watchdog is not loaded: .*\[watchdog-missing\]$"
    server = make_with([line]).configure(report.conf())
    server.wrapper = ["env", f"LD_PRELOAD={library}"]
    server.start()
    policy.check(server.fetch())
    assert post(server, packed(make())).status == 201
    assert len(server.log.matching(line)) == 1
    server.graceful()
    assert len(server.log.matching(line)) == 2
    Spool(server).check()
    assert not (server.root / "state/reports.db").exists()


# --- index ---

BUSY = "MTASTSReportLimit 1000000\n"


def post_all(server, numbers):
    for number in numbers:
        assert post(server, packed(make(number))).status in (200, 201)


@pytest.mark.parametrize("mpm", MPMS)
def test_reports_are_indexed_once_over_gracefuls_and_restarts(make_with, mpm):
    server = make_with(mpm=mpm).configure(BUSY + report.conf()).start()
    post_all(server, range(5))
    indexed(server, range(5))
    for number, again in enumerate((server.graceful, server.restart, server.graceful), 1):
        post_all(server, range(5 * number, 5 * number + 5))
        again()
        post_all(server, range(5 * number + 5))  # most of them again
    server.stop()
    server.start()
    indexed(server, range(20))
    Spool(server).check()


@pytest.mark.parametrize("mpm", MPMS)
def test_a_watchdog_that_is_killed_at_any_moment_leaves_no_report_out_or_twice(make_with, mpm):
    server = make_with(mpm=mpm).configure(BUSY + report.conf()).start()
    chance = random.Random(mpm)
    for turn in range(3):
        post_all(server, range(30 * turn, 30 * turn + 30))
        found = process.wait_for(lambda: watchdogs(server), "a watchdog")
        threading.Event().wait(chance.random() * 1.2)  # it works once a second
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        server.graceful()  # else the next one waits ten seconds for its turn
    indexed(server, range(90))
    Spool(server).check()


def test_another_child_takes_over_from_a_killed_watchdog(start):
    server = start(report.conf())
    post_all(server, [1])
    indexed(server, [1])
    killed, = watchdogs(server)
    os.kill(killed, signal.SIGKILL)
    post_all(server, [2])
    indexed(server, [1, 2])
    assert killed not in watchdogs(server)


def niceness(pid):
    """Of each thread."""
    return sorted(int((task / "stat").read_text().rpartition(")")[2].split()[16])
                  for task in Path(f"/proc/{pid}/task").iterdir())


@pytest.mark.parametrize("mpm", MPMS)
def test_its_thread_alone_has_a_lower_priority_than_request_threads(make_with, mpm):
    server = make_with(mpm=mpm).configure(report.conf()).start()
    post_all(server, [1])
    indexed(server, [1])
    found, = watchdogs(server)
    usual = os.getpriority(os.PRIO_PROCESS, server.pid)
    *others, last = niceness(found)
    assert last > usual
    assert set(others) == {usual}


def test_reports_accepted_under_a_larger_limit_are_indexed_under_a_smaller_one(start):
    server = start(report.conf())
    large = make(1, more="x" * 2000)
    assert post(server, large).status == 201
    server.stop()
    shutil.rmtree(server.root / "state/tmp")  # made again at start
    for name in ("reports.db", "reports.db-wal", "reports.db-shm"):
        (server.root / "state" / name).unlink(missing_ok=True)
    server.configure("MTASTSReportMaxSize 1K 1K\n" + report.conf()).start()
    assert post(server, make(2)).status == 201
    wanted = sorted(report.digest(one) for one in (large, make(2)))
    process.wait_for(lambda: Database(server).reports() == wanted, "both to be counted")


def test_the_number_of_indexed_reports_is_logged_for_debugging(start):
    server = start("LogLevel mta_sts:debug\n" + report.conf())
    assert post(server, make(1)).status == 201
    line = r"\[mta_sts:debug\].*index of reports: 1 added .*\[reports-indexed\]$"
    process.wait_for(lambda: server.log.matching(line), "it to be logged")


def test_a_conflicting_report_is_logged(make_with):
    line = r"\[mta_sts:warn\].* 1 new reports conflict with another report.*\[report-conflict\]$"
    server = make_with([line]).configure(report.conf()).start()
    for more in ({}, {"contact-info": "somebody else"}):
        assert post(server, make(1, **more)).status == 201
    process.wait_for(lambda: server.log.matching(line), "it to be logged")
    assert len(server.log.matching(line)) == 1


def test_a_report_that_cannot_be_opened_is_logged_once_and_indexed_when_it_can_be(make_with):
    line = r"\[mta_sts:error\].*cannot be opened; check the owner of the file.*\[report-not-opened\]$"
    server = make_with([line]).configure(report.conf()).start()
    post_all(server, [1])
    indexed(server, [1])
    server.stop()
    path = Spool(server).files()[report.digest(make(1))]
    path.replace(path.with_name("aside"))  # so that the index sees a change
    shutil.copy(path.with_name("aside"), path)
    path.with_name("aside").unlink()
    path.chmod(0o600)
    server.start()
    for number in (2, 3):
        post_all(server, [number])
        indexed(server, range(2, number + 1))
    assert len(server.log.matching(line)) == 1
    shutil.chown(path, CHILD.pw_uid, CHILD.pw_gid)
    indexed(server, [1, 2, 3])
    Spool(server).check()


MANY = 8000  # more than are indexed in a step


def lay_down(server, numbers):
    """Reports as if each had been kept, without a request for each."""
    first, *_ = Spool(server).files().values()
    head, _, _ = first.read_bytes().partition(b"\n")
    for number in numbers:
        data = make(number)
        name = report.digest(data)
        path = first.parents[1] / name[:2] / name
        path.parent.mkdir(0o700, exist_ok=True)
        path.write_bytes(head + b"\n" + data)
        path.chmod(0o600)
        for made in (path, path.parent):
            shutil.chown(made, CHILD.pw_uid, CHILD.pw_gid)


def test_problems_of_reports_are_logged_once_even_if_a_round_takes_many_steps(make_with):
    line = r"\[mta_sts:error\].*\[report-not-opened\]$"
    server = make_with([line]).configure(report.conf()).start()
    post_all(server, [0])
    indexed(server, [0])
    server.stop()
    lay_down(server, range(1, MANY))
    closed = min(Spool(server).files().values())  # in one of the first steps
    shutil.chown(closed, 0, 0)
    server.start()
    for number in (MANY, MANY + 1):
        post_all(server, [number])
        process.wait_for(lambda: len(Database(server).reports()) == number, "all others", 60)
    assert len(server.log.matching(line)) == 1


def received_at(server, number, date):
    """The report has been there since that day."""
    path = Spool(server).files()[report.digest(make(number))]
    head, _, data = path.read_bytes().partition(b"\n")
    words = head.split(b" ")
    words[2] = date + b"T00:00:00.000000Z"
    path.write_bytes(b" ".join(words) + b"\n" + data)


def test_reports_that_are_too_old_are_removed_from_spool_and_index(start):
    server = start("MTASTSReportKeep 30\n" + report.conf())
    post_all(server, range(4))
    server.stop()
    shutil.rmtree(server.root / "state/tmp")  # made again at start
    for name in ("reports.db", "reports.db-wal", "reports.db-shm"):
        (server.root / "state" / name).unlink(missing_ok=True)
    for number in (0, 1):
        received_at(server, number, b"2026-01-01")
    server.start()
    indexed(server, [2, 3])
    kept = {report.digest(make(number)) for number in (2, 3)}
    process.wait_for(lambda: set(Spool(server).files()) == kept, "the old ones to be removed")
    Spool(server).check()


def test_a_report_that_is_removed_by_hand_leaves_the_index_with_the_next_start(start):
    server = start(report.conf())
    post_all(server, range(3))
    indexed(server, range(3))
    Spool(server).files()[report.digest(make(1))].unlink()
    server.graceful()
    indexed(server, [0, 2])
