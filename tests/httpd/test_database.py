# SPDX-License-Identifier: Apache-2.0
"""Failures of the database: policies are still served and reports stored, and it recovers without an
admin."""

import contextlib
import os
import pathlib
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
from database import FAILED, OWNER, WORKS, Database, indexed, noted, watchdogs
from httpd import CHILD, proxied
from policy import HOST, MX, POLICY, identity, text
from postgres import Postgres
from report import Spool, make, packed, post

pytestmark = pytest.mark.slow

COMMAND = str(pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts")


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


def put_directory(state, other):
    other.rename(state)


def test_a_missing_or_replaced_state_directory_is_released_and_used_again(start):
    server = start(proxied(HOST, MX))
    noted(server, POLICY)
    # Logged if the index is being updated when that happens; otherwise it is detected before.
    server.log.possible.append(r"/state: is a .* instead of a directory.*\[state-not-a-directory\]$")
    state, aside, other = (server.root / name for name in ("state", "aside", "other"))
    for put in (put_nothing, put_link, put_file, put_directory):
        other.mkdir(mode=0o700)
        shutil.chown(other, CHILD.pw_uid, CHILD.pw_gid)
        state.rename(aside)
        put(state, other)
        process.wait_for(lambda: not any(str(aside) in name for child in server.children()
                                         for name in process.opened(child)),
                         "the old one to be closed")
        policy.check(server.fetch())
        if put == put_directory:
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


def test_a_damaged_database_is_logged_once_and_a_new_one_works(make_with):
    server = make_with([FAILED, WORKS]).configure(report.conf()).start()
    noted(server, POLICY)
    server.stop()
    path = server.root / "state/reports.db"
    path.write_bytes(b"damaged " * 1000)
    server.start()
    process.wait_for(lambda: server.log.matching(FAILED), "the failure to be logged")
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


def test_a_database_in_a_missing_directory_is_logged_once_and_works_once_it_exists(make_with):
    server = make_with([FAILED, WORKS]).configure(
        "MTASTSDatabase sqlite3 @ROOT@/missing/index.db\n" + report.conf()).start()
    process.wait_for(lambda: server.log.matching(FAILED), "the failure to be logged")
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
    """Another process is writing to the database."""
    with subprocess.Popen([*OWNER, "sqlite3", str(server.root / "state/reports.db")],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdin.write(b".timeout 60000\nBEGIN IMMEDIATE;\nSELECT 'locked';\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == b"locked\n"
        yield
        holder.stdin.close()


@pytest.mark.parametrize("mpm", ["prefork", "event"])
def test_a_locked_database_is_waited_for_silently_and_blocks_nothing(make_with, mpm):
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
        assert time.monotonic() - began < 60
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
    process.wait_for(lambda: server.log.matching(FAILED), "the failure to be logged")
    policy.check(server.fetch(), strict)
    assert post(server, packed(make())).status == 201
    server.graceful()
    postgres.start()
    process.wait_for(lambda: server.log.matching(WORKS), "it to work again")
    assert has((identity(POLICY), "f"), (identity(strict), "t"))
    assert postgres.run("SELECT digest FROM tlsrpt_report") == [[report.digest(make())]]
    # That it was lost and that it is not found is one trouble, and one line.
    line, = server.log.matching(FAILED)
    assert str(postgres.directory) in line
    assert not (server.root / "state/reports.db").exists()


@contextlib.contextmanager
def frozen(postgres):
    """As if its machine were without power or network, while its kernel still has the sockets."""
    pids = [postgres.server.pid, *process.children(postgres.server.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    yield
    for pid in reversed(pids):
        os.kill(pid, signal.SIGCONT)


STATUS = "<Location /status>\nSetHandler mta-sts-status\n</Location>\n"


def test_a_frozen_postgresql_holds_up_no_request_no_graceful_and_no_stop(make_with, postgres):
    postgres.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    server = make_with([FAILED]).configure(
        f'MTASTSDatabase pgsql "{postgres.conninfo}"\n' + report.conf(STATUS)).start()
    server.log.possible.append(WORKS)

    def indexed_there():
        with contextlib.suppress(subprocess.CalledProcessError):
            return len(postgres.run("SELECT digest FROM tlsrpt_report"))

    assert post(server, packed(make(1))).status == 201
    process.wait_for(indexed_there, "the index")
    assert b"example.com" in server.fetch(path="/status").body
    with frozen(postgres):
        began = time.monotonic()
        seconds = []

        def scrape():
            assert server.fetch(path="/status").status in (200, 503)
            seconds.append(time.monotonic() - began)

        scrapes = [threading.Thread(target=scrape) for _ in range(12)]
        for one in scrapes:
            one.start()
        for number in range(5):
            policy.check(server.fetch())
            assert post(server, packed(make(10 + number))).status == 201
        assert time.monotonic() - began < 5
        for one in scrapes:
            one.join(60)
        assert len(seconds) == 12 and max(seconds) <= 25
        old, began = server.children(), time.monotonic()
        server.graceful()
        process.wait_for(lambda: not old & server.children(), "the old children to end")
        assert time.monotonic() - began <= 15
        process.wait_for(lambda: server.log.matching(FAILED), "the failure in the log")
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began <= 15
    assert len(server.log.matching(FAILED)) == 1
    server.start()
    process.wait_for(lambda: indexed_there() == 6, "all reports in the index")


def test_reindex_moves_the_index_to_postgresql(start, postgres):
    postgres.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    server = start(report.conf())
    wanted = sorted(report.digest(make(number)) for number in range(20))
    for number in range(20):
        assert post(server, packed(make(number))).status == 201
    for _ in range(2):
        done = subprocess.run(
            [COMMAND, "reindex", "--state-dir", server.root / "state", "--database",
             f"pgsql {postgres.conninfo} password=hunter2"], capture_output=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.decode() == (
            f"20 reports are in the PostgreSQL database ({postgres.conninfo}): "
            "0 conflict with others, 0 cannot be read\n")
        assert postgres.run("SELECT digest FROM tlsrpt_report WHERE state = 0 ORDER BY digest") \
            == [[digest] for digest in wanted]
        assert postgres.run("SELECT sum(successful) FROM tlsrpt_sum WHERE domain = 0") == [["190"]]
