# SPDX-License-Identifier: Apache-2.0
"""mta-sts-setup compares the policy with the MX records, knows the common mail providers, and
switches mode enforce on only with evidence."""

import json
import os
import pathlib
import sys
from types import SimpleNamespace

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.path.abspath(os.environ.get("MTA_STS_BUILD", "build"))
sys.path.insert(0, str(TOP / "scripts"))

from mta_sts_setup import arguments, command, coverage, evidence, machine, providers  # noqa: E402
from mta_sts_setup.command import Result  # noqa: E402
from mta_sts_setup.policy import Policy, covers  # noqa: E402
from mta_sts_setup.problem import Problem  # noqa: E402

GOOGLE = ["aspmx.l.google.com", "alt1.aspmx.l.google.com", "alt2.aspmx.l.google.com"]
MICROSOFT = ["example-com.mail.protection.outlook.com"]
DANE = ["example-com.h-v1.mx.microsoft"]


@pytest.mark.parametrize("pattern, host, expected", [
    ("mx1.example.com", "mx1.example.com", True), ("mx1.example.com", "mx2.example.com", False),
    ("*.example.com", "mx1.example.com", True), ("*.example.com", "example.com", False),
    ("*.example.com", "a.b.example.com", False), ("*.mx.microsoft", DANE[0], False)])
def test_a_wildcard_is_exactly_one_label(pattern, host, expected):
    assert covers(pattern, host) == expected


@pytest.mark.parametrize("hosts, patterns", [
    (GOOGLE, ["aspmx.l.google.com", "*.aspmx.l.google.com"]),
    (["smtp.google.com"], ["smtp.google.com"]),
    (MICROSOFT, ["*.mail.protection.outlook.com"]), (DANE, DANE),
    (["mx1.example.com", *MICROSOFT], ["mx1.example.com", "*.mail.protection.outlook.com"]),
    (["mx.notgoogle.com"], ["mx.notgoogle.com"])])
def test_patterns_of_a_mail_provider_are_proposed_and_cover_every_mx_host(hosts, patterns):
    assert providers.propose(hosts) == patterns
    assert coverage.uncovered(patterns, hosts) == [] == coverage.unused(patterns, hosts)


@pytest.mark.parametrize("hosts, patterns, missing, remarks", [
    (["mx1.example.com"], ["mx1.example.com"], [], []),
    (["mx1.example.com"], ["wrong.example"], ["MX host mx1.example.com: add --mx mx1.example.com"],
     ["no MX record matches the policy's mx wrong.example"]),
    (["a.b.example.com"], ["*.example.com"], ["a.b.example.com"],
     ["exactly one label"]),
    (DANE, ["*.mx.microsoft"], [f"{DANE[0]} (Microsoft 365): add --mx {DANE[0]}"],
     ["use the name in the MX record"]),
    (GOOGLE, ["google.com"], ["--mx aspmx.l.google.com", "--mx *.aspmx.l.google.com",
                              "--mx *.aspmx.l.google.com"], ['"google.com" matches no MX host of Google']),
    (MICROSOFT, ["*.outlook.com"], ["--mx *.mail.protection.outlook.com"],
     ["a \"*\" is exactly one label"]),
    (GOOGLE[:1], ["aspmx.l.google.com", "*.aspmx.l.google.com"], [],
     ["no MX record matches the policy's mx *.aspmx.l.google.com (a * stands for exactly one label)"]),
])
def test_mx_and_records_are_compared_in_both_directions(monkeypatch, hosts, patterns, missing,
                                                        remarks):
    monkeypatch.setattr(machine, "mx_of", lambda domain: hosts)
    found = coverage.compare("example.com", patterns)
    for texts, parts in zip(found, (missing, remarks)):
        assert len(texts) == len(parts), texts
        for text, part in zip(texts, parts):
            assert part in text


def test_without_mx_records_it_says_that_nothing_was_compared(monkeypatch):
    def fail(domain):
        raise Problem("found no MX records")
    monkeypatch.setattr(machine, "mx_of", fail)
    assert coverage.compare("example.com", ["a.test"]) == (
        [], ["the mx of the policy could not be compared with the MX records: found no MX records"])


def finding(part, severity, name, message):
    return {"part": part, "findings": [{"severity": severity, "id": name, "subject": "example.com",
                                        "message": message, "fix": None}]}


def answer(status, *sections, said=""):
    return Result([], status, said + json.dumps({"domains": [{
        "summary": "S", "steps": ["do this"], "sections": list(sections)}]}))


def dump_of(state, driver="sqlite3", file=__file__):  # which exists
    return {"state_dir": str(state), "database": {"driver": driver, "file": file}}


EXPIRED = finding("mx", "error", "certificate-expired", "the certificate expired")
FEW = finding("reports", "warning", "days-few", "reports cover only 1 day")
UNPROBED = finding("mx", "unknown", "mx-unprobed", "not probed")
FINE = finding("mx", "ok", "mx-probed", "probed now")

ENFORCE = Policy("enforce", ("mx1.example.com",), 604800)
TESTING = ENFORCE._replace(mode="testing")


def call(monkeypatch, ready, policy=ENFORCE, present=TESTING, uncovered=(),
         dump=dump_of("/srv/state"), **options):
    monkeypatch.setattr(evidence.command, "run",
                        ready if callable(ready) else lambda args, **more: ready)
    evidence.require(SimpleNamespace(**{"force": False, "dry_run": False, "days": None,
                                        "senders": None, "database": None, **options}),
                     SimpleNamespace(domain="example.com", policy=present, dump=dump), policy,
                     list(uncovered))


@pytest.mark.parametrize("status, sections, said", [
    (2, [EXPIRED], ["example.com: the certificate expired [certificate-expired]", "do this"]),
    (1, [FEW], ["[days-few]"]), (1, [FINE, FEW], ["[days-few]"]),
    (3, [FINE, UNPROBED], ["[mx-unprobed]", "port 25", "mta-sts check example.com",
                           "run this again with --force"]),
])
def test_mode_enforce_is_refused_with_the_reasons_of_ready(monkeypatch, status, sections, said):
    with pytest.raises(Problem) as raised:
        call(monkeypatch, answer(status, *sections))
    for text in [*said, "Nothing was changed", "--force", "do not deliver"]:
        assert text in str(raised.value)
    assert "probed now" not in str(raised.value)


def test_mode_enforce_is_switched_on_where_ready_says_so(monkeypatch):
    call(monkeypatch, answer(0, FINE))


def test_an_mx_host_that_is_not_covered_stops_mode_enforce_however_ready_it_is(monkeypatch):
    for present in None, TESTING, ENFORCE._replace(mx=("mx2.example.com",)):
        with pytest.raises(Problem, match="mx9"):
            call(monkeypatch, answer(0), present=present, uncovered=["no mx covers mx9"])


@pytest.mark.parametrize("policy, present", [
    (TESTING, None), (TESTING, ENFORCE), (ENFORCE._replace(mode="none"), ENFORCE),
    (ENFORCE, ENFORCE), (ENFORCE, ENFORCE._replace(mx=("old.example.com",)))])
def test_other_modes_and_repairs_of_what_is_enforced_need_no_reports(monkeypatch, policy, present):
    call(monkeypatch, answer(2, EXPIRED), policy=policy, present=present)


def test_force_switches_it_on_and_says_what_happens_to_mail(monkeypatch, capsys):
    call(monkeypatch, answer(2, EXPIRED), force=True)
    said = capsys.readouterr().out
    assert "[certificate-expired]" in said and "because of --force" in said
    assert "Effect on mail" in said


def test_if_ready_cannot_be_asked_that_is_the_reason(monkeypatch):
    with pytest.raises(Problem, match="could not determine.*no name server answers"):
        call(monkeypatch, Result([], 3, "mta-sts ready: no name server answers"))


def test_messages_of_ready_beside_its_answer_are_shown(monkeypatch, capsys):
    call(monkeypatch, answer(0, FINE, said="mta-sts ready: a report cannot be read\n"))
    assert "mta-sts ready: a report cannot be read" in capsys.readouterr().out


PGSQL = dump_of("/srv/state", "pgsql", None)


@pytest.mark.parametrize("dump, options, expected", [
    (dump_of("/srv/state"), {}, ["--database", f"sqlite3 {__file__}"]),
    (PGSQL, {"database": "pgsql host=db"}, ["--database", "pgsql host=db"])])
def test_ready_is_asked_about_the_state_directory_and_database_of_apache(monkeypatch, dump, options, expected):
    calls = []
    call(monkeypatch, lambda args, **more: calls.append(args) or answer(0, FINE), dump=dump, **options)
    assert calls == [["mta-sts", "ready", "--format", "json", "--state-dir", "/srv/state", *expected, "example.com"]]


def test_without_the_connection_string_of_postgresql_the_reports_of_all_machines_are_unknown(monkeypatch):
    with pytest.raises(Problem, match='pgsql database.*--database "pgsql CONNINFO"'):
        call(monkeypatch, answer(0, FINE), dump=PGSQL)


def test_reports_in_another_state_directory_are_found(monkeypatch, tmp_path):
    """With the real `mta-sts ready`, which cannot look at the network here."""
    monkeypatch.setitem(command.ENVIRONMENT, "PATH", BUILD + ":" + command.ENVIRONMENT["PATH"])
    state = tmp_path / "state"
    (state / "reports").mkdir(parents=True, mode=0o700)
    state.chmod(0o700)
    monkeypatch.setenv("MTA_STS_STATE_DIR", str(tmp_path / "none"))
    run = command.run
    with pytest.raises(Problem, match="reports-missing"):
        call(monkeypatch, lambda args, **more: run([*args, "--no-check"], **more),
             dump=dump_of(state, file=str(state / "reports.db")))
    with pytest.raises(Problem, match="could not determine.*state directory .*/none: No such file"):
        call(monkeypatch, lambda args, **more: run([*args, "--no-check"], **more),
             dump=dump_of(tmp_path / "none", file=str(state / "reports.db")))


def test_a_trailing_dot_is_accepted_in_mx_and_domain():
    options = arguments.parse(["example.com.", "--mx", "mx1.example.com.", "--mx", "*.a.test."])
    assert (options.domain, options.mx) == ("example.com", ["mx1.example.com", "*.a.test"])


@pytest.mark.parametrize("words", [["--days", "3"], ["--database", "pgsql host=db"],
                                   ["--mode", "enforce", "--database", "mysql"], ["--mode", "enforce", "--days", "0"],
                                   ["--mode", "testing", "--senders", "1"]])
def test_requirements_belong_to_mode_enforce(words):
    with pytest.raises(SystemExit):
        arguments.parse(["example.com", *words])
