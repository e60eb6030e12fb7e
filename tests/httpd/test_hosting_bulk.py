# SPDX-License-Identifier: Apache-2.0
"""A provider's whole table at once: two machines read it from PostgreSQL, while policies are fetched from
both. With MTA_STS_LONG=1 it has a million rows, and that takes minutes; -s or -rP shows the figures."""

import os
import threading
import time

import pytest

import policy
import process
from hosting import BODY, Hosting, directive, fetch, is_served, served, under_load
from policy import text

pytestmark = pytest.mark.slow

IS_LONG = bool(os.environ.get("MTA_STS_LONG"))
ROWS = 1_000_000 if IS_LONG else 20_000
CHANGED = 25_000 if IS_LONG else 1_000  # at once: more than are read one by one
SECONDS = 900  # that each step has, on a machine that is busy
MEMORY = 64  # MB of a process that synchronizes
MIB = 1 << 20


def domain(number):
    return f"h{number:06}.example.org"


def insert(postgres, first, end):
    """As a panel does, in one transaction; customers share a hundred mail servers."""
    postgres.run("INSERT INTO mta_sts_policy (domain, mx) SELECT 'h' || lpad(n::text, 6, '0') || "
                 "'.example.org', 'mx' || n % 100 || '.provider.example' "
                 f"FROM generate_series({first}, {end - 1}) AS t(n)", SECONDS)


def mx(number):
    return f"mx{number % 100}.provider.example"


class Memory:
    """What the children of servers have at most, of their own: bytes of each above what it had."""

    def __init__(self, servers):
        self.before = {pid: self.own(pid) for server in servers for pid in server.children()}
        self.most = dict(self.before)
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    @staticmethod
    def own(pid):
        return 1024 * int(process.status(pid).get("RssAnon", "0 kB").split()[0])

    def watch(self):
        while not self.is_over.wait(0.02):
            for pid in self.most:
                self.most[pid] = max(self.most[pid], self.own(pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()

    def growth(self):
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
