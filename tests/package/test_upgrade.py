# SPDX-License-Identifier: Apache-2.0
"""From an earlier version to this one, and back."""

import debs
import machine as apache

CONFFILE = "/etc/apache2/mods-available/mta_sts.conf"
SUM_OF_FAILURES = "SELECT coalesce(sum(sessions), 0) FROM tlsrpt_cause WHERE domain = 0"
VERSION = "SELECT version FROM mta_sts_schema"
# What leads from the schema of today back to that of version 1.
TO_VERSION_1 = [
    "CREATE TABLE kept AS SELECT * FROM tlsrpt_cause",
    "DROP TABLE tlsrpt_cause",
    "CREATE TABLE tlsrpt_cause (domain INTEGER NOT NULL, last_day INTEGER NOT NULL,"
    " organization INTEGER NOT NULL, type INTEGER NOT NULL, mx INTEGER NOT NULL,"
    " reason INTEGER NOT NULL, receiving_ip INTEGER NOT NULL, sending_ip INTEGER NOT NULL,"
    " parts INTEGER NOT NULL, sessions INTEGER NOT NULL, range_begin INTEGER NOT NULL,"
    " range_end INTEGER NOT NULL, PRIMARY KEY (domain, last_day, organization, type, mx, reason,"
    " receiving_ip, sending_ip)) WITHOUT ROWID",
    "INSERT INTO tlsrpt_cause SELECT domain, last_day, organization, type, mx, reason,"
    " receiving_ip, sending_ip, sum(parts), sum(sessions), min(range_begin), max(range_end)"
    " FROM kept GROUP BY 1, 2, 3, 4, 5, 6, 7, 8",
    "DROP TABLE kept",
    "CREATE INDEX tlsrpt_cause_day ON tlsrpt_cause (last_day)",
    "UPDATE mta_sts_schema SET version = 1",
]


def install(root, packages):
    return root.run("apt-get", "-y", "--allow-downgrades", "install", *packages)


def this_version(root):
    return root.glob("packages/*.deb")


def go_back(root, directory):
    """The machine as it was with the earlier version."""
    return install(root, debs.bring(directory, root))


def version_of(root, package):
    return root.run("dpkg-query", "-W", "-f", "${Version}", package).stdout


def test_an_upgrade_keeps_reports_and_brings_the_database_up_to_date(machine, earlier):
    go_back(machine, earlier)
    assert version_of(machine, "libapache2-mod-mta-sts") == debs.EARLIER
    assert [apache.post_report(machine, number) for number in (1, 2)] == [201, 201]
    apache.wait_for_index(machine, 2)
    newest = apache.query(machine, VERSION)
    failures = apache.query(machine, SUM_OF_FAILURES)
    apache.stop(machine)
    apache.change_database(machine, *TO_VERSION_1)
    apache.start(machine)
    apache.stop(machine)

    install(machine, this_version(machine))
    apache.start(machine)
    assert version_of(machine, "libapache2-mod-mta-sts") != debs.EARLIER
    apache.assert_policy_is_served(machine)
    apache.wait_for(lambda: apache.query(machine, VERSION) == newest)
    apache.wait_for_index(machine, 2)
    assert apache.query(machine, SUM_OF_FAILURES) == failures > 0
    assert apache.post_report(machine, 1) == 200
    assert apache.post_report(machine, 3) == 201
    apache.wait_for_index(machine, 3)


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
