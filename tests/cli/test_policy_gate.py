# SPDX-License-Identifier: Apache-2.0
"""Nothing puts mode enforce into the database without evidence: `mta-sts policy set` and `import` ask DNS, the
mail servers and the reports first, and refuse with their reasons; with --force they say what happens to mail."""
import json
import sqlite3
import subprocess

import pytest

import live
from test_ready import Store, days

SENDERS = ("big.example", "small.example")
HAPPENS = "Effect on mail: senders that apply MTA-STS do not deliver to an MX host without STARTTLS"
EVIDENCE = [one for name in SENDERS for one in days(name)]


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return live.Ca(tmp_path_factory.mktemp("ca"))


class Machine:
    def __init__(self, directory, ca):
        self.deployment = live.Deployment(ca, mode="testing")
        self.dns = self.deployment.dns
        self.store = Store(directory)
        self.where = ["--state-dir", str(self.store.state),
                      "--database", f"sqlite3 {self.store.state}/reports.db"]
        assert self.policy("init")[0] == 0

    def call(self, *words, given=None):
        done = subprocess.run([live.COMMAND, *map(str, words)], capture_output=True, text=True, timeout=100,
                              input=given, env={"PATH": f"{self.store.path}:/usr/bin:/bin"})
        return done.returncode, done.stdout, done.stderr

    def policy(self, action, *words, given=None):
        more = self.deployment.options() if action == "set" else []
        return self.call("policy", action, *self.where, *more, *words, given=given)

    def change(self, statement):
        with sqlite3.connect(self.store.state / "reports.db") as database:
            database.execute(statement)

    def row(self, domain="example.com"):
        rows = [json.loads(line) for line in self.policy("export")[1].splitlines()]
        return next((row for row in rows if row["domain"] == domain), None)


@pytest.fixture
def machine(tmp_path, ca):
    return Machine(tmp_path, ca)


def add_mx(machine, *hosts):
    for host in hosts:
        machine.deployment.add_mx(host)
    machine.deployment.set_mx("example.com", "mx1.example.com", *hosts)


def close_starttls(machine):
    machine.deployment.mail["mx1.example.com"].has_starttls = False


def expire(machine):
    machine.deployment.mail["mx1.example.com"].context = machine.deployment.ca.context("other.example")


ENFORCE = ("--mode", "enforce")
MX1 = ("--mx", "mx1.example.com")
# What is stored before, what is wrong, whether there are reports, the change, and why it is refused ("": it is not).
CASES = [
    ("all is well and proved", MX1, None, 1, ENFORCE, ""),
    ("no report has come", MX1, None, 0, ENFORCE, "[reports-missing]"),
    ("there is no row before", None, None, 0, (*MX1, *ENFORCE), "is not known to be safe"),
    ("the MX host offers no STARTTLS", MX1, close_starttls, 1, ENFORCE, "[starttls-missing]"),
    ("the certificate names another host", MX1, expire, 1, ENFORCE, "[certificate-name-missing]"),
    ("an MX host is not covered", MX1, lambda m: add_mx(m, "mx2.example.com"), 1, ENFORCE,
     "mx2.example.com: the policy does not cover this host"),
    ("the change leaves out an MX host", MX1, None, 1, (*ENFORCE, "--mx", "wrong.example"),
     "no mx of the policy covers the MX host mx1.example.com of example.com: add mx1.example.com to the mx of the policy"),
    ("a wildcard covers one label only", MX1, None, 1, (*ENFORCE, "--mx", "*.com"),
     "no mx of the policy covers the MX host mx1.example.com"),
    ("mode testing is asked nothing", MX1, close_starttls, 0, ("--mx", "wrong.example"), ""),
    ("mode none is asked nothing", MX1, close_starttls, 0, ("--mode", "none"), ""),
    ("enforce is on, and an MX host is left out", (*MX1, *ENFORCE, "--force"), None, 0,
     ("--mx", "wrong.example"), "this change under mode enforce is not known to be safe for example.com"),
    ("enforce is on, and the change is the repair", ("--mx", "wrong.example", *ENFORCE, "--force"), None, 0, MX1, ""),
    ("enforce is on in a row that is wrong", "UPDATE mta_sts_policy SET mode = 'enforce', mx = ','", None, 0, MX1, ""),
    ("enforce is on, and stays for longer", (*MX1, *ENFORCE, "--force"), close_starttls, 0,
     ("--max-age", "30d"), ""),
    ("enforce is on, and goes back to testing", (*MX1, *ENFORCE, "--force"), close_starttls, 0,
     ("--mode", "testing"), ""),
]


@pytest.mark.parametrize("before, wrong, has_reports, change, refused", [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])
def test_a_row_that_changes_what_happens_to_mail_is_stored_on_evidence(machine, before, wrong, has_reports, change,
                                                                       refused):
    if isinstance(before, str):
        assert machine.policy("set", *MX1, "example.com")[0] == 0
        machine.change(before)
    elif before:
        assert machine.policy("set", *before, "example.com")[0] == 0
    if has_reports:
        machine.store.import_verified(EVIDENCE)
    if wrong:
        wrong(machine)
    was = machine.row()
    status, output, errors = machine.policy("set", *change, "example.com")
    if not refused:
        assert status == 0, errors
        return
    assert status == 1 and refused in errors, errors
    assert "nothing was changed: " in errors and HAPPENS in errors
    assert machine.row() == was and output == ""
    status, output, errors = machine.policy("set", *change, "--force", "example.com")
    assert status == 0 and machine.row()["mode"] == "enforce"
    assert f"storing without any check because of --force. {HAPPENS}" in errors


def test_an_alias_of_an_enforced_policy_needs_mx_hosts_that_it_covers(machine):
    machine.policy("set", *MX1, *ENFORCE, "--force", "example.com")
    machine.deployment.add("customer.example")
    status, _, errors = machine.policy("set", "--alias-of", "example.com", "customer.example")
    assert status == 1 and "no mx of the policy covers the MX host mx1.customer.example" in errors
    assert machine.row("customer.example") is None
    machine.deployment.set_mx("customer.example", "mx1.example.com")
    assert machine.policy("set", "--alias-of", "example.com", "customer.example")[0] == 0


@pytest.mark.parametrize("before, line, is_refused", [
    ((), {"mode": "enforce"}, 1), ((), {"mode": "testing"}, 0), (("--mode", "testing"), {"mode": "enforce"}, 1),
    ((*ENFORCE, "--force"), {"mode": "enforce"}, 0), ((*ENFORCE, "--force"), {"mode": "none"}, 0),
    ((*ENFORCE, "--force"), {"mode": "enforce", "max_age": "30d"}, 0),
    ((*ENFORCE, "--force"), {"mode": "enforce", "mx": ["mx2.example.com"]}, 1)])
def test_import_does_not_bring_mode_enforce_unless_it_is_forced(machine, tmp_path, before, line, is_refused):
    if before:
        machine.policy("set", *MX1, *before, "example.com")
    was = machine.row()
    file = tmp_path / "rows"
    file.write_text(json.dumps({"domain": "example.com", "mx": ["mx1.example.com"], "max_age": "604800", **line}))
    status, _, errors = machine.policy("import", file)
    assert status == is_refused
    if is_refused:
        assert "nothing was changed: 1 row, that of example.com, sets mode enforce" in errors
        assert HAPPENS in errors and machine.row() == was
        status, output, errors = machine.policy("import", "--dry-run", file)
        assert (status, output) == (0, "1 rows are valid; nothing was changed.\n") and HAPPENS in errors
        status, _, errors = machine.policy("import", "--force", file)
        assert status == 0 and HAPPENS in errors and machine.row()["mode"] == "enforce"


def test_an_alias_in_an_import_brings_the_mode_of_its_target(machine, tmp_path):
    machine.policy("set", *MX1, *ENFORCE, "--force", "example.com")
    file = tmp_path / "rows"
    file.write_text('{"domain": "a.example", "alias_of": "example.com"}\n'
                    '{"domain": "b.example", "alias_of": "example.com"}\n')
    status, _, errors = machine.policy("import", file)
    assert status == 1 and "2 rows, such as that of " in errors
    assert machine.row("a.example") is None


def test_a_domain_that_goes_to_enforce_takes_only_aliases_with_it_whose_mx_hosts_it_covers(machine):
    machine.policy("set", *MX1, "example.com")
    machine.deployment.add("customer.example")
    assert machine.policy("set", "--alias-of", "example.com", "customer.example")[0] == 0
    machine.store.import_verified(EVIDENCE)
    status, _, errors = machine.policy("set", *ENFORCE, "example.com")
    assert status == 1 and "covers the MX host mx1.customer.example of customer.example" in errors
    assert machine.row()["mode"] == "testing"
    machine.deployment.set_mx("customer.example", "mx1.example.com")
    assert machine.policy("set", *ENFORCE, "example.com")[0] == 0


def test_a_new_mode_enforce_by_alias_is_refused_where_the_mx_records_are_not_known(machine):
    machine.policy("set", *MX1, *ENFORCE, "--force", "example.com")
    machine.dns.failing.add("customer.example")
    status, _, errors = machine.policy("set", "--alias-of", "example.com", "customer.example")
    assert status == 1 and "could not be compared with the MX records of customer.example" in errors
    assert machine.row("customer.example") is None
