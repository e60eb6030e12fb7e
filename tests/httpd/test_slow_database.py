# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL that accepts connections, and then answers late or never: as one behind a pooler, or
whose disks hang."""

import contextlib
import os
import pathlib
import subprocess
import threading

import pytest

import policy
import process
import report
from database import FAILED, WORKS
from report import make, packed, post
from slow_postgres import SlowPostgres

pytestmark = pytest.mark.slow

COMMAND = str(pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts")
STATUS = "<Location /status>\nSetHandler mta-sts-status\n</Location>\n"
LATE = "does not answer in time"
SCRAPES = 12


@pytest.fixture
def slow(postgres):
    with contextlib.closing(SlowPostgres(postgres)) as slow:
        yield slow


def is_indexed(postgres, count):
    with contextlib.suppress(subprocess.CalledProcessError):
        return len(postgres.run("SELECT digest FROM tlsrpt_report")) == count


def scrape(server):
    """The pages that are requested at the same time: a client waits for 20 s."""
    pages = []
    threads = [threading.Thread(target=lambda: pages.append(server.fetch(path="/status")))
               for _ in range(SCRAPES)]
    for thread in threads:
        thread.start()
    for number in range(3):
        policy.check(server.fetch())
        assert post(server, packed(make(10 + number))).status == 201
    for thread in threads:
        thread.join()
    return pages


@pytest.mark.parametrize("way", [{"is_silent": True}, {"delay": 2}], ids=["never", "late"])
def test_a_postgresql_that_answers_late_or_never_holds_up_no_request_and_no_generation(
        make_with, postgres, slow, way):
    server = make_with([FAILED]).configure(
        f'MTASTSDatabase pgsql "{slow.conninfo}"\n' + report.conf(STATUS)).start()
    server.log.possible.append(WORKS)
    assert post(server, packed(make(1))).status == 201
    process.wait_for(lambda: is_indexed(postgres, 1), "the index")
    vars(slow).update(way)
    pages = scrape(server)
    assert [page.status for page in pages] == [200] * SCRAPES
    assert any(LATE.encode() in page.body for page in pages)
    process.wait_for(lambda: server.log.matching(FAILED), "the failure in the log")
    assert LATE in server.log.matching(FAILED)[0]
    old = server.children()
    server.graceful()
    process.wait_for(lambda: not old & server.children(), "the old children to end")
    vars(slow).update(is_silent=False, delay=0)
    slow.changed.set()
    process.wait_for(lambda: is_indexed(postgres, 4), "all reports in the index", 60)


def test_a_postgresql_that_is_always_slow_gets_its_work_done(make_with, postgres, slow):
    server = make_with().configure(
        f'MTASTSDatabase pgsql "{slow.conninfo}"\n' + report.conf()).start()
    server.log.possible += [FAILED, WORKS]
    assert post(server, packed(make(1))).status == 201
    process.wait_for(lambda: is_indexed(postgres, 1), "the index")
    slow.delay = 0.3  # 7 s are not enough for what a report needs
    assert post(server, packed(make(2))).status == 201
    process.wait_for(lambda: is_indexed(postgres, 2), "the second report in the index", 120)


def test_a_command_does_not_wait_for_a_postgresql_that_never_answers(make_with, postgres, slow,
                                                                     tmp_path):
    del make_with
    postgres.run("SELECT 1")
    slow.is_silent = True
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    for words, status in ((["fetches", "--offline", "example.com"], 1),
                          (["rollout", "--offline", "example.com"], 3),
                          (["policy", "list"], 1)):
        done = subprocess.run([COMMAND, *words, "--state-dir", state, "--database",
                               f"pgsql {slow.conninfo}"], capture_output=True, text=True, timeout=30)
        assert (done.returncode, LATE in done.stderr) == (status, True), (words, done.stderr)
