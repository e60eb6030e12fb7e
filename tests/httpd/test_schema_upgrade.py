# SPDX-License-Identifier: Apache-2.0
"""Databases of every earlier schema, as builds of that time made them, and a newer one.

tests/data/schema has a dump for each version and the reports that it was made of; make-dump there
makes one.
"""

import json
import re
import shutil
import socket
import sqlite3
from contextlib import closing

import client
import process
import pytest

import policy
import report
from database import FAILED, Database
from httpd import CHILD, TOP, proxied
from policy import HOST, MX

pytestmark = pytest.mark.slow

DATA = TOP / "tests/data/schema"
HERE = "host.example"  # the machine of the dumps
NEWEST = max(int(number) for number in re.findall(
    r"\bversion_(\d+)\[\]", (TOP / "mod_mta_sts/core/database/schema.c").read_text()))
DUMPS = sorted(int(path.stem) for path in DATA.glob("*.sql"))
CONF = ("MTASTSReportKeep 36500\n"
        "MTASTSReportDomain example.com example.net example.org\n"
        + proxied(HOST, MX + report.ENDPOINT
                  + "<Location /status>\nSetHandler mta-sts-status\n</Location>\n"))
PAGES = ["", "&domain=example.com"]


def dump(version):
    return (DATA / f"{version}.sql").read_bytes().decode()


def store_reports(server):
    state = server.root / "state"
    shutil.copytree(DATA / "reports", state / "reports")
    return state


def restore(server, version):
    """The state directory as the dump's machine left it."""
    state = store_reports(server)
    with closing(sqlite3.connect(state / "reports.db")) as database:
        database.executescript(dump(version))
        for file in state.glob("reports/*/*"):
            database.execute("UPDATE tlsrpt_report SET file = ? WHERE digest = ?",
                             (file.stat().st_ino, file.name))
        strings = "tlsrpt_word" if version < 3 else "tlsrpt_string"
        for table, column in (strings, "text"), ("mta_sts_history", "host"), \
                ("mta_sts_history_host", "host"):
            database.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?",
                             (socket.gethostname(), HERE))
        database.commit()


def give_to_children(server):
    for path in [server.root / "state", *(server.root / "state").rglob("*")]:
        shutil.chown(path, CHILD.pw_uid, CHILD.pw_gid)
        path.chmod(0o700 if path.is_dir() else 0o600)


def version_of(server):
    rows = Database(server).run("SELECT version FROM mta_sts_schema")
    return rows[0]["version"] if rows else None


def number_of_read_reports(server):
    """Without those that an upgrade has marked to be read again."""
    rows = Database(server).run("SELECT count(*) AS number FROM tlsrpt_report WHERE file <> -1")
    return rows[0]["number"] if rows else 0


def shown(server):
    """What the status page says of reports, for programs."""
    process.wait_for(lambda: number_of_read_reports(server) == len(list(DATA.glob("reports/*/*"))),
                     "the index")
    pages = []
    for parameters in PAGES:
        request = client.request(HOST, f"/status?format=json&since=all{parameters}")
        pages.append(json.loads(client.only(server.talk(request)).body)["reports"])
        for cause in pages[-1]["causes"]:
            del cause["fetch_log"]  # it depends on when this httpd was started
    return pages


@pytest.fixture
def rebuilt(make):
    """What this version shows of an index that it made itself."""
    server = make([r"\[report-conflict\]$"]).configure(CONF)
    store_reports(server)
    give_to_children(server)
    return shown(server.start())


def test_there_is_a_dump_of_every_earlier_version():
    assert set(range(1, NEWEST)) - set(DUMPS) == set(), \
        "make it with a build of that version: tests/data/schema/make-dump"


@pytest.mark.parametrize("version", DUMPS)
def test_a_dump_is_of_the_version_that_it_is_named_after(version):
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(dump(version))
        assert database.execute("SELECT version FROM mta_sts_schema").fetchall() == [(version,)]


@pytest.mark.parametrize("version", DUMPS)
def test_a_database_of_an_earlier_version_shows_what_a_new_one_would(make, rebuilt, version):
    server = make().configure(CONF)
    restore(server, version)
    give_to_children(server)
    server.start()
    process.wait_for(lambda: version_of(server) == NEWEST, "the new schema")
    assert shown(server) == rebuilt
    assert sum("enforce" in text for _, text, _ in Database(server).history()) == 1
    policy.check(server.fetch())


def test_a_database_of_a_newer_version_is_left_alone_while_policies_are_served(make):
    server = make([FAILED]).configure(CONF)
    restore(server, NEWEST)
    with closing(sqlite3.connect(server.root / "state/reports.db")) as database:
        database.execute("UPDATE mta_sts_schema SET version = ?", (NEWEST + 1,))
        database.commit()
    give_to_children(server)
    server.start()
    line, = process.wait_for(lambda: server.log.matching(FAILED), "the line")
    assert "newer mod_mta_sts" in line
    assert f"version {NEWEST + 1}" in line and f"this one supports {NEWEST})" in line
    policy.check(server.fetch())
    assert report.post(server, report.packed(report.make())).status == 201
    assert version_of(server) == NEWEST + 1
