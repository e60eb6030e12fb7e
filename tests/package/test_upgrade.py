# SPDX-License-Identifier: Apache-2.0
"""From an earlier version to this one, and back."""

import shutil
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import debs
import machine as apache

CONFFILE = "/etc/apache2/mods-available/mta_sts.conf"
SUM_OF_FAILURES = "SELECT coalesce(sum(sessions), 0) FROM tlsrpt_cause WHERE domain = 0"
REPORTS = "SELECT count(*) FROM tlsrpt_report WHERE state = 0"
VERSION = "SELECT version FROM mta_sts_schema"
# A database of the first schema and the reports that it was made of, see make-dump there.
DUMPED = Path(__file__).parents[1] / "data/schema"
KEPT = "/etc/apache2/conf-enabled/kept.conf"
KEPT_TEXT = """\
<IfModule mod_mta_sts.c>
    MTASTSReportKeep 36500
    MTASTSReportDomain example.com example.net example.org
</IfModule>
"""


def install(root, packages):
    return root.run("apt-get", "-y", "--allow-downgrades", "install", *packages)


def this_version(root):
    return root.glob("packages/*.deb")


def go_back(root, directory):
    """The machine as it was with the earlier version."""
    return install(root, debs.bring(directory, root))


def version_of(root, package):
    return root.run("dpkg-query", "-W", "-f", "${Version}", package).stdout


def restore_first_schema(root):
    """An index of the first schema; its reports are beside those that the machine received. httpd
    does not run: the earlier version of these tests has today's code and would upgrade it."""
    state = root.file(apache.STATE)
    shutil.copytree(DUMPED / "reports", state / "reports", dirs_exist_ok=True)
    for file in state.glob("reports.db*"):
        file.unlink()
    with closing(sqlite3.connect(root.file(apache.DATABASE))) as database:
        database.executescript((DUMPED / "1.sql").read_bytes().decode())
        for table, column in ("tlsrpt_word", "text"), ("mta_sts_history", "host"), \
                ("mta_sts_history_host", "host"):
            database.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = 'host.example'",
                             [socket.gethostname()])
        database.commit()
    root.run("chown", "-R", "--reference", apache.STATE, apache.STATE)


def counted_by_this_version():
    """(reports, failed sessions) of the same reports: versions count contradicting ones differently."""
    newest = max(DUMPED.glob("*.sql"), key=lambda dump: int(dump.stem))
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(newest.read_bytes().decode())
        return [database.execute(statement).fetchone()[0] for statement in (REPORTS, SUM_OF_FAILURES)]


def test_an_upgrade_keeps_reports_and_brings_a_database_of_the_first_schema_up_to_date(
        machine, earlier):
    go_back(machine, earlier)
    assert version_of(machine, "libapache2-mod-mta-sts") == debs.EARLIER
    machine.write(KEPT, KEPT_TEXT)
    apache.restart(machine)
    assert [apache.post_report(machine, number) for number in (1, 2)] == [201, 201]
    apache.wait_for_index(machine, 2)
    newest = apache.query(machine, VERSION)
    received_failures = apache.query(machine, SUM_OF_FAILURES)
    apache.stop(machine)
    restore_first_schema(machine)
    assert apache.query(machine, VERSION) == 1 < newest
    reports, failures = counted_by_this_version()

    install(machine, this_version(machine))
    apache.start(machine)
    assert version_of(machine, "libapache2-mod-mta-sts") != debs.EARLIER
    apache.assert_policy_is_served(machine)
    apache.wait_for(lambda: apache.query(machine, VERSION) == newest)
    apache.wait_for_index(machine, reports + 2)
    assert apache.query(machine, SUM_OF_FAILURES) == failures + received_failures
    assert failures > 0 and received_failures == 2
    assert apache.query(machine, "SELECT count(*) FROM mta_sts_history"
                                 " WHERE text LIKE '%enforce%'") == 1
    assert apache.post_report(machine, 1) == 200
    assert apache.post_report(machine, 3) == 201
    apache.wait_for_index(machine, reports + 3)


def test_an_upgrade_restarts_httpd_with_the_new_module(machine, earlier):
    go_back(machine, earlier)
    pid = machine.read("/run/apache2/apache2.pid")
    install(machine, this_version(machine))
    apache.wait_for(lambda: apache.httpd_runs(machine))
    assert machine.read("/run/apache2/apache2.pid") != pid
    apache.assert_policy_is_served(machine)


def test_a_conffile_that_nobody_changed_is_replaced(machine, earlier):
    go_back(machine, earlier)
    assert "# of the earlier version" in machine.read(CONFFILE)
    install(machine, this_version(machine))
    assert "# of the earlier version" not in machine.read(CONFFILE)


def test_conffiles_that_the_administrator_changed_survive_upgrade_removal_and_reinstallation(
        machine, earlier):
    go_back(machine, earlier)
    machine.append(CONFFILE, "# mine\n")
    mine = machine.read(CONFFILE)
    # What apt does without a terminal; with one it asks.
    machine.run("apt-get", "-y", "-o", "Dpkg::Options::=--force-confdef",
                "-o", "Dpkg::Options::=--force-confold", "install", *this_version(machine))
    assert machine.read(CONFFILE) == mine
    machine.run("apt-get", "-y", "remove", "libapache2-mod-mta-sts")
    assert machine.read(CONFFILE) == mine
    install(machine, this_version(machine))
    assert machine.read(CONFFILE) == mine
    apache.assert_policy_is_served(machine)


def test_a_downgrade_serves_policies_and_stores_reports_and_says_what_is_wrong(machine, earlier):
    assert apache.post_report(machine, 1) == 201
    apache.wait_for_index(machine, 1)
    apache.stop(machine)
    newest = apache.query(machine, VERSION)
    apache.change_database(machine, f"UPDATE mta_sts_schema SET version = {newest + 1}")

    go_back(machine, earlier)
    apache.start(machine)
    apache.assert_policy_is_served(machine)
    assert apache.post_report(machine, 2) == 201
    apache.wait_for(lambda: "[database-failed]" in machine.read(apache.LOG))
    line, = {line for line in machine.read(apache.LOG).splitlines() if "[database-failed]" in line}
    assert "newer mod_mta_sts" in line and str(newest + 1) in line
    assert apache.query(machine, VERSION) == newest + 1

    apache.stop(machine)
    apache.change_database(machine, f"UPDATE mta_sts_schema SET version = {newest}")
    install(machine, this_version(machine))
    apache.start(machine)
    apache.wait_for_index(machine, 2)


def test_a_module_that_the_administrator_disabled_stays_disabled_after_an_upgrade(machine, earlier):
    go_back(machine, earlier)
    machine.run("a2dismod", "mta_sts")
    install(machine, this_version(machine))
    assert not apache.is_loaded(machine)
    machine.run("apache2ctl", "configtest")
