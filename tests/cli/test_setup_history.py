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
    assert history.read("example.com", NOW, dump_of(tmp_path)) == (None, None)


def test_the_reason_why_the_history_cannot_be_read_is_shown(state):
    dump = dump_of(state)
    (state / "reports.db").write_bytes(b"this is not a database" * 100)
    until, problem = history.read("example.com", NOW, dump)
    assert until is None and "the history of served policies cannot be read" in problem
    dump["database"] = {"driver": "pgsql", "file": None}
    until, problem = history.read("example.com", NOW, dump)
    assert until is None and "in a pgsql database, which is not read here" in problem


def test_a_machine_without_the_command_is_a_problem_too(state, monkeypatch):
    monkeypatch.setitem(command.ENVIRONMENT, "PATH", "/nonexistent")
    assert history.read("example.com", NOW, dump_of(state)) == (
        None, "mta-sts is not installed on this machine: apt-get install the package that provides it")
