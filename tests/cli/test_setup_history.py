# SPDX-License-Identifier: Apache-2.0
"""How mta-sts-setup reads the history of served policies, with the real `mta-sts dns`."""

import os
import pathlib
import sqlite3
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.path.abspath(os.environ.get("MTA_STS_BUILD", "build"))
sys.path.insert(0, str(TOP / "scripts"))

from mta_sts_setup import command, history  # noqa: E402
from mta_sts_setup.policy import Policy  # noqa: E402

NOW = Policy("none", ("mx.example.com",), 86400)
EARLIER = Policy("enforce", ("mx.example.com",), 604800)
UNIT = 1000000  # of times in the database


@pytest.fixture(autouse=True)
def path(monkeypatch):
    """With the command that was built here."""
    monkeypatch.setitem(command.ENVIRONMENT, "PATH", BUILD + ":" + command.ENVIRONMENT["PATH"])


def dump_of(state, file="reports.db"):
    return {"state_dir": str(state), "database": {"driver": "sqlite3", "file": str(state / file)}}


@pytest.fixture
def state(tmp_path):
    """A state directory, in whose history another machine served a policy until a day ago."""
    report = TOP / "tests" / "data" / "reports" / "google-success.json"
    for args in ["import", str(report)], ["reindex"]:
        subprocess.run(["mta-sts", *args, "--state-dir", str(tmp_path)], capture_output=True,
                       timeout=60, check=True, env={**os.environ, **command.ENVIRONMENT})
    last = int((time.time() - 86400) * UNIT)
    with sqlite3.connect(tmp_path / "reports.db") as db:
        db.execute("INSERT INTO mta_sts_history (domain, host, first_served, last_served, id, "
                   "max_age, text) VALUES ('example.com', 'other', ?, ?, ?, ?, ?)",
                   (last - UNIT, last, EARLIER.id(), EARLIER.max_age, EARLIER.text().decode()))
    db.close()
    return tmp_path


@pytest.mark.parametrize("domain, policy, days", [
    ("example.com", NOW, 6), ("example.com", EARLIER, None), ("other.example", NOW, None)])
def test_the_history_knows_until_when_senders_may_hold_an_earlier_policy(
        state, domain, policy, days):
    found = history.read(domain, policy, dump_of(state))
    assert found.problem is None
    if days is None:
        assert found.until is None
    else:
        expected = datetime.now(timezone.utc) + timedelta(days=days)
        assert abs(found.until - expected) < timedelta(minutes=2)


def test_a_database_elsewhere_is_read(state):
    (state / "reports.db").rename(state / "other.db")
    assert history.read("example.com", NOW, dump_of(state, "other.db")).until


def test_a_machine_without_a_history_has_no_problem(tmp_path):
    assert history.read("example.com", NOW, dump_of(tmp_path)) == (None, None, None, None)


def test_the_reason_why_the_history_cannot_be_read_is_shown(state):
    dump = dump_of(state)
    (state / "reports.db").write_bytes(b"this is not a database" * 100)
    until, problem, *_ = history.read("example.com", NOW, dump)
    assert until is None and "the history of served policies cannot be read" in problem
    dump["database"] = {"driver": "pgsql", "file": None}
    until, problem, *_ = history.read("example.com", NOW, dump)
    assert until is None and "in a pgsql database, which this program does not read" in problem


def test_a_machine_without_the_command_is_a_problem_too(state, monkeypatch):
    monkeypatch.setitem(command.ENVIRONMENT, "PATH", "/nonexistent")
    assert history.read("example.com", NOW, dump_of(state)) == (
        None, "mta-sts is not installed on this machine: apt-get install the package that provides it",
        None, None)


def note_fetches(state, *fetches, is_complete=True):
    """What the module of the other machine recorded: (network, policy, days ago)."""
    now = int(time.time() * UNIT)
    with sqlite3.connect(state / "reports.db") as db:
        db.execute("INSERT INTO mta_sts_history (domain, host, first_served, id, max_age, text) VALUES "
                   "('example.com', 'other', ?, ?, ?, ?)",
                   (now - 86400 * UNIT, NOW.id(), NOW.max_age, NOW.text().decode()))
        db.execute("INSERT INTO mta_sts_history_host (host, noted) VALUES ('other', ?)", (now,))
        db.execute("UPDATE mta_sts_history SET first_served = first_served - ? WHERE id = ?",
                   (9 * 86400 * UNIT, EARLIER.id()))
        if is_complete:
            db.execute("INSERT INTO mta_sts_fetch_span (host, began, noted) VALUES ('other', ?, ?)",
                       (now - 50 * 86400 * UNIT, now))
        for network, policy, days in fetches:
            at = now - int(days * 86400) * UNIT
            db.execute("INSERT INTO mta_sts_fetch (domain, hour, network, address, outcome, id, agent, "
                       "requests, first_at, last_at) VALUES ('example.com', ?, ?, '', 0, ?, '', 1, ?, ?)",
                       (at // (3600 * UNIT), network, policy.id(), at, at))
    db.close()


@pytest.mark.parametrize("fetches, is_complete, days", [
    ([("192.0.2.0/24", EARLIER, 1)], True, 6),
    ([("192.0.2.0/24", EARLIER, 1), ("192.0.2.0/24", NOW, 0.5)], True, "over"),
    ([("192.0.2.0/24", EARLIER, 1), ("192.0.2.0/24", NOW, 0.5), ("198.51.100.0/24", EARLIER, 3)], True, 4),
    ([], True, "over"), ([("192.0.2.0/24", EARLIER, 1)], False, None)])
def test_the_fetch_log_knows_it_better_where_it_is_complete(state, fetches, is_complete, days):
    note_fetches(state, *fetches, is_complete=is_complete)
    found = history.read("example.com", NOW, dump_of(state))
    now = datetime.now(timezone.utc)
    assert abs(found.until - now - timedelta(days=6)) < timedelta(minutes=2)
    assert found.unrecorded, "the record began ten days ago"
    if days == "over":
        assert found.by_log == history.LONG_AGO
    elif days is None:
        assert found.by_log is None
    else:
        assert abs(found.by_log - now - timedelta(days=days)) < timedelta(minutes=2)
