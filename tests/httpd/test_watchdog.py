# SPDX-License-Identifier: Apache-2.0
"""What one child does beside the requests: history, index, retention; and the bad days of its
database."""

import contextlib
import datetime
import os
import random
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest

import policy
import process
import report
from database import OWNER, Database
from httpd import CHILD, MPMS, proxied
from policy import HOST, MX, POLICY, identity, text
from postgres import Postgres
from report import Spool, make, packed, post

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


# --- history ---

STRICT = text("mx1.example.com", mode="enforce")
CHANGED = r"\[id-changed\]$"


def noted(server, *expected, domain="example.com"):
    """Waits until the history of a domain is these texts, the last of them still served."""
    wanted = [(identity(one), one.decode(), number == len(expected))
              for number, one in enumerate(expected, 1)]
    process.wait_for(lambda: Database(server).history(domain) == wanted, "the history of " + domain)


@pytest.mark.parametrize("mpm", MPMS)
def test_the_history_follows_the_policies_over_starts_and_tells_each_new_id_once(make_with, mpm):
    server = make_with(mpm=mpm).configure(proxied(HOST, MX)).start()
    noted(server, POLICY)
    server.graceful()
    server.configure(proxied(HOST, MX + "MTASTSMode enforce\n"))
    server.graceful()
    noted(server, POLICY, STRICT)
    line, = server.log.matching(CHANGED)
    assert ":notice]" in line and f"publish id {identity(STRICT)} now" in line
    assert f'example.com: ' in line and f'_mta-sts.example.com. IN TXT "v=STSv1; id={identity(STRICT)};"' in line
    server.restart()
    server.stop()
    server.configure(proxied(HOST, MX))
    server.start()
    noted(server, POLICY, STRICT, POLICY)
    assert len(server.log.matching(CHANGED)) == 2
    assert f"publish id {identity(POLICY)} now" in server.log.matching(CHANGED)[1]


def blocks(count, mode):
    return proxied("www.example.com") + "".join(
        f"<MTASTSPolicy d{i}.example>\n{MX}MTASTSMode {mode}\n</MTASTSPolicy>\n"
        for i in range(count))


def test_many_new_ids_are_told_in_one_line(start):
    server = start(blocks(21, "testing"))
    noted(server, POLICY, domain="d20.example")
    server.configure(blocks(21, "enforce"))
    server.graceful()
    noted(server, POLICY, STRICT, domain="d20.example")
    line, = server.log.matching(CHANGED)
    assert "21 domains" in line and "DUMP_MTA_STS" in line


def test_a_domain_that_is_no_longer_served_ends_in_the_history(start):
    server = start(proxied(HOST, MX))
    noted(server, POLICY)
    server.configure(proxied(HOST))
    server.graceful()
    # Nothing is left to be kept: the history stays as it was.
    server.configure(proxied(HOST) + blocks(1, "testing"))
    server.graceful()
    noted(server, POLICY, domain="d0.example")
    assert Database(server).history() == [(identity(POLICY), POLICY.decode(), False)]
    assert not server.log.matching(CHANGED)


def test_what_senders_cannot_fetch_is_not_in_the_history(start):
    plain = proxied("mta-sts.example.net", MX).replace("https://", "http://")
    server = start(proxied(HOST, MX) + plain)
    noted(server, POLICY)
    assert Database(server).history("example.net") == []


# --- until when senders hold earlier policies ---

HELD = r"^;   senders may hold an earlier policy until (\S+)Z$"


def held(server, user=None):
    """What the dump tells, in seconds from now: one number for each domain that it tells it of."""
    status, output = server.run("-t", "-D", "DUMP_MTA_STS", user=user)
    assert status == 0, output
    now = datetime.datetime.now(datetime.timezone.utc)
    return [(datetime.datetime.fromisoformat(date + "+00:00") - now).total_seconds()
            for date in re.findall(HELD, output, re.M)]


def test_the_dump_tells_until_when_senders_hold_earlier_policies(start):
    server = start(proxied(HOST, MX) + blocks(1, "testing"))
    noted(server, POLICY)
    assert held(server) == []
    # A change that is not served yet: those of today are held for their week from now on.
    server.configure(proxied(HOST, MX + "MTASTSMode none\nMTASTSMaxAge 1d\n")
                     + blocks(1, "testing"))
    assert held(server) == [pytest.approx(policy.WEEK, abs=300)]
    server.graceful()
    noted(server, POLICY, text("mx1.example.com", mode="none", max_age=86400))
    assert held(server) == [pytest.approx(policy.WEEK, abs=300)]
    assert held(server, user="www-data") == [pytest.approx(policy.WEEK, abs=300)]
    assert held(server, user="nobody") == []
    # Six days and some hours later.
    Database(server).run("UPDATE mta_sts_history SET last_served = last_served - 518400000000, "
                         "first_served = first_served - 518400000000")
    assert held(server) == [pytest.approx(86400, abs=300)]
    Database(server).run("UPDATE mta_sts_history SET last_served = last_served - 86400000000, "
                         "first_served = first_served - 86400000000")
    assert held(server) == []
    Spool(server).check()  # nothing in it belongs to root


def test_the_dump_says_so_where_the_history_cannot_be_read(make_with):
    server = make_with([FAILED]).configure(proxied(HOST, MX)).start()
    noted(server, POLICY)
    server.stop()
    (server.root / "state/reports.db").write_bytes(b"damaged " * 1000)
    status, output = server.run("-t", "-D", "DUMP_MTA_STS")
    assert status == 0
    assert re.search("^; Until when senders may hold earlier policies is not known: the database "
                     ".* is damaged", output, re.M)
    assert f"id {identity(POLICY)}" in output
    server.start()
    process.wait_for(lambda: server.log.matching(FAILED), "the failure to be told")


# --- index ---

BUSY = "MTASTSReportLimit 1000000\n"


def indexed(server, numbers):
    """Waits until exactly these reports are counted, each once."""
    wanted = sorted(report.digest(make(number)) for number in numbers)
    process.wait_for(lambda: Database(server).reports() == wanted, f"{len(wanted)} reports", 60)
    sums, = Database(server).run("SELECT sum(reports) AS reports, sum(successful) AS successful "
                                 "FROM tlsrpt_sum WHERE domain <> 0")
    assert (sums["reports"], sums["successful"]) == (len(wanted), sum(numbers))


def post_all(server, numbers):
    for number in numbers:
        assert post(server, packed(make(number))).status in (200, 201)


@pytest.mark.parametrize("mpm", MPMS)
def test_reports_come_into_the_index_once_over_gracefuls_and_restarts(make_with, mpm):
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
    for turn in range(4):
        post_all(server, range(30 * turn, 30 * turn + 30))
        found = process.wait_for(lambda: watchdogs(server), "a watchdog")
        threading.Event().wait(chance.random() * 1.2)  # it works once a second
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        server.graceful()  # else the next one waits ten seconds for its turn
    indexed(server, range(120))
    Spool(server).check()


def test_another_child_takes_the_place_of_a_killed_watchdog(start):
    server = start(report.conf())
    post_all(server, [1])
    indexed(server, [1])
    killed, = watchdogs(server)
    os.kill(killed, signal.SIGKILL)
    post_all(server, [2])
    indexed(server, [1, 2])
    assert killed not in watchdogs(server)


def received_at(server, number, date):
    """The report has been there since that day."""
    path = Spool(server).files()[report.digest(make(number))]
    head, _, octets = path.read_bytes().partition(b"\n")
    words = head.split(b" ")
    words[2] = date + b"T00:00:00.000000Z"
    path.write_bytes(b" ".join(words) + b"\n" + octets)


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


# --- bad days of the database ---

FAILED = r"\[mta_sts:warn\].*\[database-failed\]$"
WORKS = r"\[mta_sts:notice\].* works again \[database-works\]$"


def watchdogs(server):
    """The processes that have the database open."""
    path = str(server.root / "state/reports.db")
    return [pid for pid in server.children()
            if any(name.startswith(path) for name in process.opened(pid))]


def serve(server, mode):
    """Another policy from now on, which is to come into the history; its text."""
    server.configure(re.sub("MTASTSMode .*\n", "", server.body).replace(
        MX, f"{MX}MTASTSMode {mode}\n"))
    server.graceful()
    return text("mx1.example.com", mode=mode)


def test_only_children_open_the_database(start):
    server = start(proxied(HOST, MX))
    noted(server, POLICY)
    assert len(watchdogs(server)) == 1
    assert not [name for name in process.opened(server.pid) if "reports.db" in name]
    for name in ("reports.db", "reports.db-wal", "reports.db-shm"):
        info = (server.root / "state" / name).stat()
        assert (info.st_uid, info.st_gid) == (CHILD.pw_uid, CHILD.pw_gid)
        assert stat.S_IMODE(info.st_mode) == 0o600


def put_nothing(state, _):
    del state


def put_link(state, other):
    state.symlink_to(other)


def put_file(state, _):
    state.write_text("")


def put_folder(state, other):
    other.rename(state)


def test_a_state_directory_that_is_away_or_replaced_is_let_go_and_taken_up_again(start):
    server = start(proxied(HOST, MX))
    noted(server, POLICY)
    state, aside, other = (server.root / name for name in ("state", "aside", "other"))
    for put in (put_nothing, put_link, put_file, put_folder):
        other.mkdir(mode=0o700)
        shutil.chown(other, CHILD.pw_uid, CHILD.pw_gid)
        state.rename(aside)
        put(state, other)
        process.wait_for(lambda: not any(str(aside) in name for child in server.children()
                                         for name in process.opened(child)),
                         "the old one to be closed")
        policy.check(server.fetch())
        if put == put_folder:
            noted(server, POLICY)  # in a database of its own
            state.rename(other)
        else:
            assert os.listdir(other) == []
            if put != put_nothing:
                state.unlink()
        shutil.rmtree(other)
        aside.rename(state)
        process.wait_for(lambda: watchdogs(server), "it to be open again")
    noted(server, POLICY, serve(server, "enforce"))
    assert not server.log.matching(r"\[database-")


def test_a_damaged_database_is_told_once_and_a_new_one_works(make_with):
    server = make_with([FAILED, WORKS]).configure(report.conf()).start()
    noted(server, POLICY)
    server.stop()
    path = server.root / "state/reports.db"
    path.write_bytes(b"damaged " * 1000)
    server.start()
    process.wait_for(lambda: server.log.matching(FAILED), "the failure to be told")
    assert post(server, packed(make())).status == 201
    server.graceful()
    policy.check(server.fetch())
    path.unlink()
    process.wait_for(lambda: server.log.matching(WORKS), "it to work again")
    noted(server, POLICY)
    indexed(server, [0])
    line, = server.log.matching(FAILED)
    assert "is damaged" in line and "mta-sts reindex" in line
    Spool(server).check()


def test_a_database_in_a_folder_that_is_missing_is_told_once_and_works_once_it_is_there(make_with):
    server = make_with([FAILED, WORKS]).configure(
        "MTASTSDatabase sqlite3 @ROOT@/missing/index.db\n" + report.conf()).start()
    process.wait_for(lambda: server.log.matching(FAILED), "the failure to be told")
    policy.check(server.fetch())
    assert post(server, packed(make())).status == 201
    (server.root / "missing").mkdir(mode=0o700)
    shutil.chown(server.root / "missing", CHILD.pw_uid, CHILD.pw_gid)
    process.wait_for(lambda: server.log.matching(WORKS), "it to work")
    database = Database(server, server.root / "missing/index.db")
    assert [served for _, _, served in database.history()] == [True]
    assert len(server.log.matching(FAILED)) == 1


@contextlib.contextmanager
def locked(server):
    """The database is being written to by somebody else."""
    with subprocess.Popen([*OWNER, "sqlite3", str(server.root / "state/reports.db")],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdin.write(b".timeout 60000\nBEGIN IMMEDIATE;\nSELECT 'locked';\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == b"locked\n"
        yield
        holder.stdin.close()


@pytest.mark.parametrize("mpm", ["prefork", "event"])
def test_a_locked_database_is_waited_for_without_a_word_and_holds_nothing_up(make_with, mpm):
    server = make_with(mpm=mpm).configure(report.conf()).start()
    noted(server, POLICY)
    with locked(server):
        began = time.monotonic()
        old = server.children()
        strict = serve(server, "enforce")
        process.wait_for(lambda: watchdogs(server), "the new generation to open it")
        policy.check(server.fetch(), strict)
        assert post(server, packed(make())).status == 201
        process.wait_for(lambda: not old & server.children(), "the old children to end")
        server.stop()
        server.start()
        # Most of it is waiting for children that httpd starts.
        assert time.monotonic() - began < 30
    noted(server, POLICY, strict)
    indexed(server, [0])
    assert not server.log.matching(r"\[database-")


def test_an_old_generation_with_a_connection_lets_go_of_the_database(make_with):
    server = make_with([r"\[report-cut\]$"], "prefork").configure(
        "StartServers 1\nMinSpareServers 1\n" + report.conf()).start()
    noted(server, POLICY)
    old, = watchdogs(server)
    sent = report.request(packed(make()))
    with contextlib.ExitStack() as stack:
        # Until each child of this generation has one, and is held up by it.
        for _ in range(3):
            stream = stack.enter_context(
                socket.create_connection(("127.0.0.1", server.ports["http"]), 30))
            stream.sendall(sent[:-9])
        server.configure(server.body.replace(MX, MX + "MTASTSMode enforce\n"))
        resumed = server.resumptions()
        os.kill(server.pid, signal.SIGUSR1)
        server.wait_until_resumed(resumed)
        strict = text("mx1.example.com", mode="enforce")
        noted(server, POLICY, strict)
        process.wait_for(lambda: old not in watchdogs(server), "the old one to let go")
        assert old in server.children()
        assert len(watchdogs(server)) == 1
    assert not server.log.matching(r"\[database-")


# --- PostgreSQL ---

@pytest.fixture(scope="module")
def postgres():
    server = Postgres().start()
    yield server
    server.close()


HISTORY = "SELECT id, last_served IS NULL FROM mta_sts_history ORDER BY first_served"


def test_postgresql_has_the_history_and_may_go_and_come_back(make_with, postgres):
    server = make_with([FAILED, WORKS]).configure(
        f'MTASTSDatabase pgsql "{postgres.conninfo}"\n' + report.conf()).start()

    def has(*rows):
        with contextlib.suppress(subprocess.CalledProcessError):
            return postgres.run(HISTORY) == [list(row) for row in rows]

    process.wait_for(lambda: has((identity(POLICY), "t")), "the first policy")
    postgres.stop()
    strict = serve(server, "enforce")
    process.wait_for(lambda: server.log.matching(FAILED), "the failure to be told")
    policy.check(server.fetch(), strict)
    assert post(server, packed(make())).status == 201
    server.graceful()
    postgres.start()
    process.wait_for(lambda: server.log.matching(WORKS), "it to work again")
    assert has((identity(POLICY), "f"), (identity(strict), "t"))
    assert postgres.run("SELECT digest FROM tlsrpt_report") == [[report.digest(make())]]
    line, = server.log.matching(FAILED)
    assert str(postgres.folder) in line
    assert not (server.root / "state/reports.db").exists()
