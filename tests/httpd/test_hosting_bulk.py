# SPDX-License-Identifier: Apache-2.0
"""A provider's whole table at once: two machines read it from PostgreSQL, while policies are fetched from
both. With MTA_STS_LONG=1 it has a million rows, and that takes minutes; -s or -rP shows the figures."""

import contextlib
import os
import signal
import sqlite3
import time

import pytest

import policy
import process
from hosting import BODY, Hosting, begin_hosting, directive, fetch, is_served, under_load
from meanwhile import Meanwhile
from policy import text

pytestmark = pytest.mark.slow

IS_LONG = bool(os.environ.get("MTA_STS_LONG"))
ROWS = 1_000_000 if IS_LONG else 20_000
CHANGED = 25_000 if IS_LONG else 1_000  # at once: more than are read one by one
SECONDS = 900  # that each step has, on a machine that is busy
MEMORY = 64  # MB of a process that synchronizes
MIB = 1 << 20
KILLED = r"AH00052: child pid \d+ exit signal Killed"


def served(server, domain, expected=policy.POLICY):
    process.wait_for(lambda: is_served(server, domain, expected), domain + " to be served", SECONDS)


def domain(number):
    return f"h{number:06}.example.org"


def insert(postgres, first, end):
    """As a panel does, in one transaction; customers share a hundred mail servers."""
    postgres.run("INSERT INTO mta_sts_policy (domain, mx) SELECT 'h' || lpad(n::text, 6, '0') || "
                 "'.example.org', 'mx' || n % 100 || '.provider.example' "
                 f"FROM generate_series({first}, {end - 1}) AS t(n)", SECONDS)


def mx(number):
    return f"mx{number % 100}.provider.example"


class Memory(Meanwhile):
    """What the children of servers have at most, of their own: bytes of each above what it had."""

    def __init__(self, servers):
        self.before = {pid: self.own(pid) for server in servers for pid in server.children()}
        self.most = dict(self.before)
        super().__init__(self.look, pause=0.02)

    @staticmethod
    def own(pid):
        return 1024 * int(process.status(pid).get("RssAnon", "0 kB").split()[0])

    def look(self):
        for pid in self.most:
            self.most[pid] = max(self.most[pid], self.own(pid))

    def growth(self):
        assert self.failures == []
        return max(most - self.before[pid] for pid, most in self.most.items()) / MIB


def wait_for_all(servers, condition, what):
    """Seconds until it holds on all of them."""
    begun = time.monotonic()
    for server in servers:
        process.wait_for(lambda: condition(server), what, SECONDS)
    return time.monotonic() - begun


@pytest.fixture
def machines(make, postgres):
    """Two httpds with state directories of their own."""
    made = [make([r"\[hosting-failed\]$"]).configure(directive(postgres) + BODY).start() for _ in range(2)]
    hosting = Hosting(made[0], postgres)
    for server in made:
        process.wait_for(lambda: server.log.matching("policy init"), "the missing tables")
    hosting.call("init")
    hosting.insert("first.example")
    for server in made:
        served(server, "first.example")
    return made


def test_two_machines_read_all_rows_under_load_and_no_request_fails(machines, postgres):
    first, second = machines
    print()
    with under_load(first, "first.example"), under_load(second, "first.example"), \
            under_load(first, "example.com"), under_load(second, "example.com"), Memory(machines) as memory:
        begun = time.monotonic()
        insert(postgres, 0, ROWS)
        inserted = time.monotonic() - begun
        seconds = wait_for_all(machines, lambda server: is_served(server, domain(ROWS - 1), text(mx(ROWS - 1))),
                               "all rows to be served")
        print(f"{ROWS} rows: inserted in {inserted:.1f} s, served by both machines {seconds:.1f} s later, "
              f"{memory.growth():.0f} MB")
        assert memory.growth() < MEMORY
        for number in range(0, ROWS, ROWS // 20):
            for server in machines:
                policy.check(fetch(server, domain(number)), text(mx(number)))
        postgres.run(f"UPDATE mta_sts_policy SET mx = 'new.example' WHERE domain < '{domain(CHANGED)}'", SECONDS)
        seconds = wait_for_all(machines, lambda server: is_served(server, domain(CHANGED - 1), text("new.example")),
                               "many changes at once")
        print(f"{CHANGED} changes at once: {seconds:.1f} s")
        postgres.run(f"UPDATE mta_sts_policy SET mx = 'one.example' WHERE domain = '{domain(0)}'")
        seconds = wait_for_all(machines, lambda server: is_served(server, domain(0), text("one.example")),
                               "one change")
        print(f"one change: {seconds:.2f} s")
        assert memory.growth() < MEMORY
    print(f"in all: {sum(len(server.accesses()) for server in machines)} requests, 0 failed; "
          f"{memory.growth():.0f} MB")


# --- the process that writes is killed or ends ---

MANY = 30_000  # more changes than are read one by one: one transaction rewrites all
ROUNDS = 10 if IS_LONG else 2


@pytest.fixture
def many(make):
    """(a server with rows that have all the same policy, what changes all of them)"""
    server, hosting = begin_hosting(make)
    server.log.possible.append(KILLED)
    state = server.root / "state"

    def change(number):
        with contextlib.closing(sqlite3.connect(state / "reports.db", timeout=60)) as database:
            database.execute("UPDATE mta_sts_policy SET mx = ?", [f"mx{number}.example.com"])
            database.commit()

    with contextlib.closing(sqlite3.connect(state / "reports.db", timeout=60)) as database:
        database.executemany("INSERT INTO mta_sts_policy (domain, mx) VALUES (?, 'mx0.example.com')",
                             ([domain(number)] for number in range(MANY)))
        database.commit()
    served(server, domain(MANY - 1), text("mx0.example.com"))
    return server, change


def policies_in(server):
    """(the number of rows of the snapshot, the texts that they have)"""
    with contextlib.closing(sqlite3.connect(f"file:{server.root}/state/hosted.db?mode=ro", uri=True,
                                            timeout=60)) as database:
        count, = database.execute("SELECT count(*) FROM served").fetchone()
        return count, {text for text, in database.execute(
            "SELECT DISTINCT t.text FROM served s JOIN texts t ON t.n = s.n")}


def writer(server):
    """The child that synchronizes: the only one that has the database open."""
    return process.wait_for(
        lambda: next((child for child in server.children()
                      if any(path.endswith("/reports.db") for path in process.opened(child))), None),
        "a child to have the database open")


def test_a_writer_that_is_killed_leaves_the_old_policies_or_the_new_ones_never_both(many):
    server, change = many
    for number in range(1, ROUNDS + 1):
        victim = writer(server)
        change(number)
        time.sleep(0.5 + 0.9 * number / ROUNDS)  # it begins within a second
        os.kill(victim, signal.SIGKILL)
        count, texts = policies_in(server)
        assert count == MANY and len(texts) == 1, texts
        served(server, domain(0), text(f"mx{number}.example.com"))
        served(server, domain(MANY - 1), text(f"mx{number}.example.com"))


def test_gracefuls_during_a_sync_fail_no_request_and_the_next_generation_ends_it(many):
    server, change = many
    with under_load(server, domain(1)):
        for number in range(1, ROUNDS + 1):
            writer(server)
            change(number)
            time.sleep(0.9 * number / ROUNDS)
            server.graceful()
            served(server, domain(0), text(f"mx{number}.example.com"))
            served(server, domain(MANY - 1), text(f"mx{number}.example.com"))
            count, texts = policies_in(server)
            assert count == MANY and texts == {text(f"mx{number}.example.com").decode()}
