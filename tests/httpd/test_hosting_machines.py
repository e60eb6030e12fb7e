# SPDX-License-Identifier: Apache-2.0
"""Hosted domains when PostgreSQL is restored or replaced, and on machines that were away."""

import os
import signal

import pytest

import policy
import process
import report
from clock import HOUR, Clock
from database import FAILED, WORKS
from hosting import BODY, Hosting, begin_hosting, directive, fetch, gone, served, under_load
from policy import text

pytestmark = pytest.mark.slow

CHANGED = text("mx2.example.com")
MISSING = r"\[hosting-failed\]$"


def restore(postgres, dump):
    postgres.restore(dump)


def replace(postgres, dump):
    postgres.replace()
    postgres.restore(dump)


@pytest.mark.parametrize("return_to", [restore, replace])
def test_an_older_dump_is_served_within_seconds_and_no_request_fails(make, postgres, return_to):
    server, hosting = begin_hosting(make, database=postgres)
    server.log.possible += [FAILED, WORKS, MISSING]
    for domain in "a.example", "b.example", "c.example":
        hosting.insert(domain)
    served(server, "c.example")
    dump = postgres.dump()
    hosting.sql("UPDATE mta_sts_policy SET mx = 'mx2.example.com' WHERE domain = 'a.example'")
    hosting.insert("new.example")
    hosting.sql("DELETE FROM mta_sts_policy WHERE domain = 'c.example'")
    served(server, "a.example", CHANGED)
    served(server, "new.example")
    gone(server, "c.example")
    with under_load(server, "b.example"):
        return_to(postgres, dump)
        served(server, "a.example")
    gone(server, "new.example")
    policy.check(fetch(server, "c.example"))
    hosting.insert("later.example")
    served(server, "later.example")
    hosting.sql("UPDATE mta_sts_policy SET mx = 'mx2.example.com' WHERE domain = 'b.example'")
    served(server, "b.example", CHANGED)


def test_a_machine_that_was_away_for_an_hour_serves_what_changed(make, postgres):
    conf = directive(postgres) + report.conf() + BODY
    servers = [make([MISSING]).configure(conf) for _ in range(2)]
    clocks = [Clock(server) for server in servers]
    for server in servers:
        server.start()
    hosting = Hosting(servers[0], postgres)
    for server in servers:
        process.wait_for(lambda: server.log.matching("policy init"), "the missing tables")
    hosting.call("init")
    hosting.insert("a.example")
    hosting.insert("b.example")
    for server in servers:
        served(server, "b.example")
    servers[1].stop()
    for clock in clocks:
        clock.set(HOUR)
    for number, server in enumerate(servers):
        if number:
            server.start()
        assert report.post(server, report.packed(report.make(number))).status == 201
        hosting.sql(f"UPDATE mta_sts_policy SET mx = 'mx{2 + number}.example.com' "
                    "WHERE domain = 'a.example'")
        hosting.insert(f"c{number}.example")
        served(server, f"c{number}.example")
        served(server, "a.example", text(f"mx{2 + number}.example.com"))
    hosting.sql("DELETE FROM mta_sts_policy WHERE domain = 'b.example'")
    for server in servers:
        served(server, "a.example", text("mx3.example.com"))
        served(server, "c0.example")
        gone(server, "b.example")
    wanted = sorted(report.digest(report.make(number)) for number in range(2))
    process.wait_for(lambda: sorted(row for row, in postgres.run(
        "SELECT digest FROM tlsrpt_report WHERE state = 0")) == wanted, "the reports of both", 60)
    (first,), (second,) = postgres.run("SELECT host FROM mta_sts_machine ORDER BY host")
    assert second == first + " (2)", "they have the same host name"


RENAMED = r"\[mta_sts:warn\].*\[machine-renamed\]$"


def signal_all(server, number):
    for pid in (server.pid, *server.children()):
        os.kill(pid, number)


def pause(server, postgres):
    signal_all(server, signal.SIGSTOP)
    if not postgres.run("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"):
        return True
    signal_all(server, signal.SIGCONT)
    return False


def test_a_paused_machine_says_that_another_one_has_its_name_and_goes_on_under_a_new_one(make, postgres):
    names = "SELECT host FROM mta_sts_machine ORDER BY host"
    hosts = "SELECT host FROM mta_sts_history_host ORDER BY host"
    conf = directive(postgres) + BODY
    paused = make([MISSING, RENAMED]).configure(conf).start()
    process.wait_for(lambda: paused.log.matching("policy init"), "the database")
    (name,), = process.wait_for(lambda: postgres.run(hosts), "the first machine")
    process.wait_for(lambda: pause(paused, postgres), "a moment without a transaction")
    try:
        postgres.run("UPDATE mta_sts_machine SET confirmed = confirmed - 90000000000")
        other = make([MISSING]).configure(conf).start()
        process.wait_for(lambda: postgres.run(
            "SELECT 1 FROM mta_sts_machine WHERE confirmed > (extract(epoch FROM now()) - 3600) * 1000000"),
            "the second machine")
        assert postgres.run(names) == [[name]]
    finally:
        signal_all(paused, signal.SIGCONT)
    process.wait_for(lambda: postgres.run(hosts) == [[name], [name + " (2)"]], "the new name", 90)
    line, = paused.log.matching(RENAMED)
    assert f"this machine is {name} (2) in " in line, line
    assert f"another machine has had its former name, {name}, since then" in line
    assert "--hostname" in line
    assert not paused.log.matching(r"\[database-(failed|works)\]$")
    assert not other.log.matching(RENAMED)
