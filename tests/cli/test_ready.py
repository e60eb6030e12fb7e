# SPDX-License-Identifier: Apache-2.0
"""`mta-sts ready` with the reports of a store, without the network: the live look is tested in
tests/e2e/test_ready.py."""
import datetime
import email.message
import gzip
import hashlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import time

import pytest

import dump

BUILD = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build"))
COMMAND = str(BUILD.resolve() / "mta-sts")
READY, NOT_YET, NO, UNKNOWN = range(4)
TODAY = datetime.datetime.now(datetime.timezone.utc).date()


def policy(mode="testing", mx="mx1.example.com"):
    return ["version: STSv1", f"mode: {mode}", f"mx: {mx}", "max_age: 604800"]


def report(sender, days_ago, text=None, failures=(), domain="example.com", kind="sts", good=40):
    """One sender's day: its JSON. failures: (result type, MX, sessions)."""
    day = TODAY - datetime.timedelta(days=days_ago)
    applied = {"policy-type": kind, "policy-domain": domain}
    if text is not None:
        applied["policy-string"] = text
    return json.dumps({
        "organization-name": sender, "contact-info": f"tls@{sender}",
        "date-range": {"start-datetime": f"{day}T00:00:00Z", "end-datetime": f"{day}T23:59:59Z"},
        "report-id": f"{day}-{sender}",
        "policies": [{
            "policy": applied,
            "summary": {"total-successful-session-count": good,
                        "total-failure-session-count": sum(one[2] for one in failures)},
            "failure-details": [
                {"result-type": name, "receiving-mx-hostname": mx, "failed-session-count": count}
                for name, mx, count in failures]}]}).encode()


def mail(data, signer):
    """The same in a mail whose signature our mail server found right."""
    message = email.message.EmailMessage()
    message["Authentication-Results"] = f"mx.ours.example; dkim=pass header.d={signer}"
    message["From"] = f"tls@{signer}"
    message["Subject"] = "Report Domain: example.com"
    message.set_content("A report.")
    message.add_attachment(gzip.compress(data), maintype="application", subtype="tlsrpt+gzip",
                           filename="report.json.gz")
    return bytes(message)


def days(sender, first=1, last=20, **options):
    options = {"text": policy(), **options}
    return [report(sender, ago, **options) for ago in range(first, last + 1)]


class Store:
    """A state directory, filled by mta-sts import."""

    def __init__(self, directory):
        self.directory = directory
        self.state = directory / "state"
        self.state.mkdir(mode=0o700)
        (self.state / "reports").mkdir(mode=0o700)
        self.path = directory / "bin"
        self.path.mkdir()
        self.have_apache("exit 1")
        self.policy = directory / "policy"
        self.policy.write_text("".join(f"{line}\r\n" for line in policy()))

    def have_apache(self, script):
        program = self.path / "apachectl"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def serve(self, *policies):
        """httpd's configuration, as the module prints it."""
        (self.directory / "dump").write_text(dump.document(*policies) + "\n")
        self.have_apache(f"exec cat '{self.directory}/dump'")

    def run(self, *words, **environment):
        return subprocess.run([COMMAND, *map(str, words)], capture_output=True, timeout=60,
                              env={**os.environ, "PATH": f"{self.path}:{os.environ['PATH']}",
                                   "LC_ALL": "C.UTF-8", **environment})

    def import_mails(self, data, *words):
        mails = self.directory / "mails"
        mails.mkdir(exist_ok=True)
        for number, one in enumerate(data):
            (mails / f"{number}").write_bytes(one)
        done = self.run("import", "--state-dir", self.state, *words, mails)
        assert done.returncode == 0, done
        for path in mails.iterdir():
            path.unlink()

    def import_verified(self, data, signer="signer.example"):
        self.import_mails([mail(one, signer) for one in data], "--authserv-id", "mx.ours.example")

    def note_served(self, mode):
        """The history of the module: another machine serves this policy since a day."""
        assert self.run("reindex", "--state-dir", self.state).returncode == 0
        text = "".join(f"{line}\r\n" for line in policy(mode))
        now = int(time.time()) * 1000000
        with sqlite3.connect(self.state / "reports.db") as db:
            db.execute("INSERT INTO mta_sts_history (domain, host, first_served, id, max_age, text) VALUES "
                       "('example.com', 'other', ?, ?, 604800, ?)",
                       (now - 86400000000, hashlib.sha256(text.encode()).hexdigest()[:20], text))
            db.execute("INSERT INTO mta_sts_history_host (host, noted) VALUES ('other', ?)", (now,))
        db.close()

    def ready(self, *words, domain="example.com", **environment):
        return self.run("ready", "--state-dir", self.state, "--no-check", *words, domain,
                        **environment)

    def assess(self, *words, domain="example.com"):
        """What JSON says of one domain, and the exit status."""
        done = self.ready("--format", "json", *words, domain=domain)
        assert done.stderr == b"", done
        return json.loads(done.stdout)["domains"][0], done.returncode


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.fixture(scope="module")
def good_state(tmp_path_factory):
    """Twenty days of two senders, verified: enough even without a look."""
    made = Store(tmp_path_factory.mktemp("good"))
    made.import_verified(days("a.example"))
    made.import_verified(days("b.example"), "b.example")
    return made.state


@pytest.fixture
def good(store, good_state):
    shutil.copytree(good_state, store.state, dirs_exist_ok=True)
    return store


def severities(domain):
    return {finding["id"]: finding["severity"]
            for section in domain["sections"] for finding in section["findings"]}


AT = dump.location(7)
MODE_AT = dump.location(9)


# --- the verdict and the line to change ---


def test_a_ready_domain_gets_the_line_to_change_where_apache_has_it(good):
    good.serve(dump.policy("example.com", dump.place(AT, MODE_AT)))
    done = good.ready()
    assert (done.returncode, done.stderr) == (READY, b"")
    text = done.stdout.decode()
    assert "✔ ready: it is safe to switch to mode enforce\n" in text
    assert "1. change the line at /etc/apache2/sites-enabled/mta-sts.conf:9 to: MTASTSMode enforce" \
        in text
    assert "2. reload httpd: sudo apachectl graceful" in text
    assert "3. publish the new policy id, printed by: mta-sts dns --state-dir '%s' example.com" % good.state in text


def test_a_mode_by_default_is_changed_by_a_line_below_its_policy(good):
    good.serve(dump.policy("example.com", dump.place(AT)))
    domain, status = good.assess()
    assert status == READY
    assert domain["steps"][0] == "add this line after " \
        "/etc/apache2/sites-enabled/mta-sts.conf:7: MTASTSMode enforce"
    assert domain["change"] == {"directive": "MTASTSMode enforce",
                                "locations": ["/etc/apache2/sites-enabled/mta-sts.conf:7"]}


def test_a_mode_that_applies_to_other_domains_too_is_marked_as_such(good):
    good.serve(dump.policy("example.com", dump.place(AT, MODE_AT)),
               dump.policy("example.net", dump.place(AT, MODE_AT)))
    domain, _ = good.assess()
    assert "this changes 2 domains; for this one alone, add it at " \
        "/etc/apache2/sites-enabled/mta-sts.conf:7" in domain["steps"][0]


def test_a_virtual_host_that_speaks_http_need_not_be_changed(good):
    good.serve(dump.policy(
        "example.com", dump.place(AT, MODE_AT),
        dump.place(dump.location(1, "/etc/apache2/x.conf"),
                   dump.location(2, "/etc/apache2/x.conf"), served=False)))
    domain, _ = good.assess()
    assert domain["change"]["locations"] == ["/etc/apache2/sites-enabled/mta-sts.conf:9"]


def test_if_served_elsewhere_the_change_is_shown_without_a_location(good):
    domain, status = good.assess("--policy", good.policy)
    assert status == READY
    assert "on the machine that serves mta-sts.example.com" in domain["steps"][0]
    assert domain["change"] == {"directive": "MTASTSMode enforce", "locations": []}


def test_json_contains_the_evidence(good):
    domain, status = good.assess("--policy", good.policy)
    assert (status, domain["status"], domain["ready"]) == (READY, "ok", "yes")
    assert domain["reports"] == {
        "since": str(TODAY - datetime.timedelta(days=29)), "reports": 40, "earlier_reports": 0,
        "counted": 40,
        "days": 20, "senders": 2, "successful_sessions": 1600, "failed_sessions": 0}
    assert domain["policy"]["mode"] == "testing"
    assert [section["part"] for section in domain["sections"]] == ["policy", "mx", "reports"]
    assert set(severities(domain).values()) == {"ok"}


def test_an_empty_store_says_what_is_missing(store):
    domain, status = store.assess("--policy", store.policy)
    assert status == NOT_YET
    assert severities(domain)["reports-missing"] == "warning"
    assert domain["change"] is None


def test_a_failure_of_an_mx_that_nobody_looks_at_is_critical_and_says_what_to_do(good):
    good.import_verified([report("c.example", 2, policy(),
                      [("certificate-expired", "mx1.example.com", 7)])])
    done = good.ready("--policy", good.policy)
    assert done.returncode == NO
    text = done.stdout.decode()
    assert "The certificate of mx1.example.com has expired (7 sessions from c.example, last on " \
        in text
    assert "✘ do not switch to mode enforce, it would block mail: 1 problem has to be fixed" in text
    assert "\n       To check: openssl s_client -starttls smtp -connect mx1.example.com:25" in text


def test_if_enforce_blocks_mail_the_first_step_is_back_to_testing(good):
    good.serve(dump.policy("example.com", dump.place(AT, MODE_AT), mode="enforce"))
    good.import_verified([report("c.example", 2, policy("enforce"),
                      [("certificate-expired", "mx1.example.com", 7)])])
    domain, status = good.assess()
    assert status == NO
    assert domain["summary"] == "mode enforce is on and blocks mail: 1 problem has to be fixed"
    assert domain["steps"][0].endswith("mta-sts.conf:9 to: MTASTSMode testing")
    assert sum("publish" in step for step in domain["steps"]) == 1
    assert domain["steps"][-1].endswith(f"mta-sts ready --state-dir '{good.state}' example.com")
    assert len(set(domain["steps"])) == len(domain["steps"])
    assert domain["earlier_copies"] is None and not any("copies" in step for step in domain["steps"])
    good.note_served("enforce")
    domain, _ = good.assess()
    left = datetime.datetime.fromisoformat(
        domain["earlier_copies"]["worst_case_until"].replace("Z", "+00:00")) - datetime.datetime.now(
            datetime.timezone.utc)
    assert abs(left.total_seconds() - 7 * 86400) < 1200, "the current policy will be an earlier one"
    step, = (step for step in domain["steps"] if "copies" in step)
    assert "Senders may use an earlier policy from their cache until" in step
    assert step.endswith(f"To check: mta-sts rollout --state-dir '{good.state}' example.com")
    assert domain["steps"][-1].endswith(f"mta-sts ready --state-dir '{good.state}' example.com")


def test_enforce_that_is_on_needs_no_days_and_senders(store):
    store.serve(dump.policy("example.com", dump.place(AT, MODE_AT), mode="enforce"))
    store.import_verified(days("b.example", last=2, text=policy("enforce")), "b.example")
    domain, status = store.assess()
    assert (status, domain["summary"]) == (READY, "mode enforce is on and safe")
    assert severities(domain)["days-few"] == "info"


# --- what weighs ---


def test_unverified_reports_decide_nothing_and_the_way_to_verified_ones_is_shown(store):
    """Anyone can send them under any name, and the policy that they quote is public."""
    store.import_mails(days("Google Inc.") + days("Microsoft Corporation"))
    store.import_mails([report("Google Inc.", 0, policy(), [("certificate-expired", "mx1.example.com", 50)])])
    domain, status = store.assess("--policy", store.policy)
    assert status == NOT_YET
    assert severities(domain)["reports-inconclusive"] == "warning"
    assert severities(domain)["failure-unconfirmed"] == "info"
    assert severities(domain)["mx-unprobed"] == "unknown"
    assert not {"days-enough", "senders-enough", "sender-policy-current"} & set(severities(domain))
    assert domain["reports"]["reports"] == 41
    assert domain["reports"]["counted"] == domain["reports"]["senders"] == 0
    shown = store.ready("--policy", store.policy).stdout.decode()
    assert "41 reports were received, but none is verified" in shown
    assert "mta-sts import --verify-dkim (or --authserv-id NAME" in shown
    assert "only unverified reports contain it: check it" in shown


def test_unverified_reports_change_nothing_beside_verified_ones(good):
    good.import_mails(days("forger.example", failures=[("starttls-not-supported", "mx1.example.com", 9)]))
    domain, status = good.assess("--policy", good.policy)
    assert status == READY
    assert severities(domain)["failure-unconfirmed"] == "info"
    assert severities(domain)["reports-not-counted"] == "info"
    assert domain["reports"]["reports"] == 60
    assert domain["reports"]["counted"] == 40
    assert domain["reports"]["senders"] == 2


def test_the_last_day_of_a_failure_is_the_one_that_ends_at_midnight(good):
    document = json.loads(report("c.example", 2, policy(), [("starttls-not-supported",
                                                         "mx1.example.com", 3)]))
    document["date-range"]["end-datetime"] = f"{TODAY - datetime.timedelta(days=1)}T00:00:00Z"
    good.import_verified([json.dumps(document).encode()])
    found = good.ready("--policy", good.policy).stdout.decode()
    assert f"(3 sessions from c.example, last on {TODAY - datetime.timedelta(days=2)})" in found


def test_one_failure_under_two_types_of_policy_is_shown_with_both(good):
    failure = ("starttls-not-supported", "mx1.example.com")
    good.import_verified([report("c.example", 2, policy(), [(*failure, 3)]),
                        report("d.example", 2, None, [(*failure, 2)], kind="no-policy-found"),
                        report("e.example", 2, None, [(*failure, 9)], kind="tlsa")], "c.example")
    output = good.ready("--policy", good.policy).stdout.decode()
    day = TODAY - datetime.timedelta(days=2)
    assert f"(3 sessions from c.example, last on {day})" in output
    assert f"(2 sessions from d.example, no policy found, last on {day}" in output
    assert "e.example" not in output


def test_json_counts_the_days_that_the_verdict_counts(good):
    """None without sessions, none to come: a report about one counts on the day of its receipt."""
    good.import_verified([report("c.example", 25, policy(), good=0), report("c.example", -3, policy()),
                          report("d.example", -400, policy())])
    found, _ = good.assess("--policy", good.policy)
    assert found["reports"]["days"] == 21
    assert "verified reports cover 21 days" in json.dumps(found["sections"])


def test_a_failure_without_a_date_does_not_count_as_past(good):
    document = json.loads(report("c.example", 2, policy(), [("starttls-not-supported",
                                                         "mx1.example.com", 3)]))
    del document["date-range"]
    good.import_verified([json.dumps(document).encode()])
    found, status = good.assess("--policy", good.policy, "--since", "all")
    assert (status, severities(found)["failure-blocking"]) == (NO, "error")
    assert "last on unspecified date)" in json.dumps(found)


def test_dane_is_another_matter(good):
    good.import_verified([report("dane.example", 1, [], [("tlsa-invalid", "mx1.example.com", 99)],
                      kind="tlsa")])
    domain, status = good.assess("--policy", good.policy)
    assert (status, domain["reports"]["reports"]) == (READY, 40)


def test_other_domains_reports_do_not_count(good):
    good.import_verified(days("a.example", domain="example.net",
                   failures=[("starttls-not-supported", "mx1.example.com", 9)]))
    domain, status = good.assess("--policy", good.policy)
    assert (status, domain["reports"]["reports"]) == (READY, 40)
    domain, status = good.assess("--policy", good.policy, domain="example.net")
    assert (status, domain["reports"]["reports"]) == (NO, 20)


def test_text_of_a_hostile_report_is_escaped_for_the_terminal(good):
    hostile = "\x1b]0;x\x07\u202eevil"
    good.import_verified([report(hostile, 1, policy(), [(hostile, hostile, 90)])])
    done = good.ready("--policy", good.policy)
    assert done.returncode == NOT_YET
    text = done.stdout.decode()
    assert not set("\x1b\x07\u202e") & set(text)
    assert "\\x1b]0;x\\x07" in text


def test_a_report_that_cannot_be_opened_makes_the_verdict_unknown(good):
    path = next(path for path in (good.state / "reports").rglob("*") if path.is_file())
    path.unlink()
    path.symlink_to("/nowhere")
    done = good.ready("--policy", good.policy)
    assert done.returncode == 3
    assert path.name.encode() in done.stderr and b"the verdict is not known" in done.stderr


def test_unreadable_files_of_the_store_are_counted_and_the_others_shown(good):
    path = next(path for path in (good.state / "reports").rglob("*") if path.is_file())
    path.write_bytes(b"rubbish")
    done = good.ready("--policy", good.policy)
    assert done.returncode == READY
    assert b"1 of the stored reports cannot be read" in done.stderr


# --- options ---


@pytest.mark.parametrize("words,status,finding", [
    (["--days", "20"], READY, "days-enough"),
    (["--days", "21"], NOT_YET, "days-few"),
    (["--senders", "3"], NOT_YET, "senders-few"),
    (["--since", "15d"], READY, "days-enough"),
    (["--since", "5d", "--days", "4"], READY, "days-enough"),
    (["--since", "all"], READY, "days-enough"),
    (["--since", str(TODAY - datetime.timedelta(days=16))], READY, "days-enough"),
], ids=str)
def test_the_options_days_senders_and_since_set_the_requirements(good, words, status, finding):
    domain, got = good.assess("--policy", good.policy, *words)
    assert (got, finding in severities(domain)) == (status, True), domain


def test_reports_from_before_since_do_not_count(store):
    store.import_verified(days("a.example", 10, 20))
    words = ["--policy", store.policy, "--days", "8"]
    assert severities(store.assess(*words)[0])["days-enough"] == "ok"
    assert "reports-missing" in severities(store.assess(*words, "--since", "8d")[0])


def test_several_domains_have_the_status_of_the_worst(good):
    done = good.ready("--policy", good.policy, "example.net", "--format", "json", "EXAMPLE.com")
    document = json.loads(done.stdout)
    assert [domain["domain"] for domain in document["domains"]] == ["example.net", "example.com"]
    assert [domain["status"] for domain in document["domains"]] == ["warning", "ok"]
    assert (document["status"], done.returncode) == ("warning", NOT_YET)
    text = good.ready("--policy", good.policy, "example.net").stdout.decode()
    assert text.startswith("example.net\n") and "\n\nexample.com\n" in text


def test_the_state_directory_can_come_from_the_environment(good):
    done = good.run("ready", "--no-check", "--policy", good.policy, "example.com",
                    MTA_STS_STATE_DIR=str(good.state))
    assert done.returncode == READY


def test_what_is_unknown_without_a_check_and_a_policy_is_one_step(store):
    steps = store.ready().stdout.decode().split("What to do\n")[1]
    assert steps.count("--no-check") == 1


@pytest.mark.parametrize("has_spool", [True, False], ids=("an empty spool", "no spool"))
def test_reports_that_another_machine_received_count_by_the_index_that_it_shares(good, tmp_path, has_spool):
    words = "--policy", good.policy, "--format", "json"
    own = json.loads(good.ready(*words).stdout)
    assert good.run("reindex", "--state-dir", good.state).returncode == 0
    shared = tmp_path / "shared.db"
    shutil.copy(good.state / "reports.db", shared)
    here = tmp_path / "here"
    if has_spool:
        (here / "reports").mkdir(mode=0o700, parents=True)
        here.chmod(0o700)
    done = good.run("ready", "--no-check", "--database", f"sqlite3 {shared}", *words, "example.com",
                    MTA_STS_STATE_DIR=str(here))
    assert (done.returncode, done.stderr) == (READY, b"")
    found = json.loads(done.stdout)
    assert found["domains"][0]["ready"] == own["domains"][0]["ready"]
    assert severities(found["domains"][0]) == severities(own["domains"][0])


FAILING = [report("c.example", 2, policy(), [("certificate-expired", "mx1.example.com", 7)])]


def verified_days(store):
    store.import_verified(days("a.example"))
    store.import_verified(days("b.example"), "b.example")


def verified_failures(store):
    verified_days(store)
    store.import_verified(FAILING)


# What the database of all machines contains, what the spool of this one, the verdict, and whether two of them had to be
# compared.
SHARED = {
    "failures that another machine received": (verified_failures, verified_days, NO),
    "an unverified report here hides nothing": (
        verified_days, lambda here: here.import_mails([report("forger.example", 1, policy())]), READY),
    "unverified failures here decide nothing": (verified_days, lambda here: here.import_mails(FAILING), READY),
    "verified failures here that are not in the database yet": (verified_days, verified_failures, NO, True),
    "verified reports here that are not in the database yet, which has none": (
        lambda all: all.import_mails(FAILING), verified_days, READY),
    "verified reports here that are not in the database yet, which has failures": (
        lambda all: all.import_verified(FAILING), verified_days, NO, True),
    "nothing in the database": (lambda all: None, verified_days, READY),
    "unverified reports here and nothing in the database": (
        lambda all: None, lambda here: here.import_mails(days("a.example")), NOT_YET),
}


@pytest.mark.parametrize("everywhere, local, expected, compared",
                         [(*row, *[False] * (4 - len(row))) for row in SHARED.values()], ids=SHARED)
def test_the_sums_of_all_machines_decide_and_what_they_lack_only_makes_the_verdict_stricter(
        tmp_path, everywhere, local, expected, compared):
    stores = []
    for name, fill in ("all", everywhere), ("here", local):
        (tmp_path / name).mkdir()
        stores.append(Store(tmp_path / name))
        fill(stores[-1])
    machines, here = stores
    assert machines.run("reindex", "--state-dir", machines.state).returncode == 0
    shared = tmp_path / "shared.db"
    shutil.copy(machines.state / "reports.db", shared)
    done = here.ready("--policy", here.policy, "--database", f"sqlite3 {shared}", "--format", "json")
    domain, status = json.loads(done.stdout)["domains"][0], done.returncode
    assert (b"the stricter of two results applies" in done.stderr) == compared, done
    assert len(done.stderr.splitlines()) == compared
    assert (domain["ready"], status) == (["yes", "not-yet", "no"][expected], expected), domain
    assert domain["reports"]["reports"] > 0


def test_the_spool_decides_about_its_own_database_which_may_be_behind(good):
    assert good.run("reindex", "--state-dir", good.state).returncode == 0
    good.import_verified(FAILING)
    assert good.assess("--policy", good.policy, "--database", f"sqlite3 {good.state}/reports.db")[1] == NO
    assert good.assess("--policy", good.policy, "--database", "sqlite3")[1] == NO


NO_SPOOL = {  # the state directory, whether it is named, the exit status, and what is said
    "a missing one that is not named": (lambda path: None, False, READY, None),
    "a missing one that is named": (lambda path: None, True, READY, "No such file|does not exist"),
    "a file in its place": (lambda path: path.write_text(""), False, READY, "is not a directory"),
    "a foreign one that is not named": (lambda path: foreign(path), False, READY, "is not a state directory"),
    "a foreign one that is named": (lambda path: foreign(path), True, UNKNOWN, "is not a state directory"),
}


def foreign(path):
    path.mkdir()
    for name in "passwd", "hosts":
        (path / name).write_text("")


@pytest.mark.parametrize("make, named, status, said", NO_SPOOL.values(), ids=NO_SPOOL)
def test_a_spool_that_cannot_be_read_is_said_and_a_mistaken_one_refused(good, tmp_path, make, named, status, said):
    assert good.run("reindex", "--state-dir", good.state).returncode == 0
    shared = tmp_path / "shared.db"
    shutil.copy(good.state / "reports.db", shared)
    path = tmp_path / "elsewhere"
    make(path)
    done = good.run("ready", "--no-check", *(["--state-dir", path] if named else []), "--database",
                    f"sqlite3 {shared}", "--policy", good.policy, "example.com", MTA_STS_STATE_DIR=str(path))
    assert (done.returncode, bool(done.stdout)) == (status, status == READY), done
    if said is None:
        assert done.stderr == b""
    else:
        assert re.search(said, done.stderr.decode()) and str(path) in done.stderr.decode(), done


def test_sums_of_the_shared_index_that_cannot_be_read_are_not_taken_for_no_reports(good, tmp_path):
    assert good.run("reindex", "--state-dir", good.state).returncode == 0
    shared = tmp_path / "shared.db"
    shutil.copy(good.state / "reports.db", shared)
    connection = sqlite3.connect(shared)
    connection.execute("ALTER TABLE tlsrpt_sum RENAME TO elsewhere")
    connection.close()
    done = good.run("ready", "--no-check", "--state-dir", tmp_path / "none", "--database", f"sqlite3 {shared}",
                    "--policy", good.policy, "example.com")
    assert (done.returncode, done.stdout) == (UNKNOWN, b"")
    assert b"--database: " in done.stderr and b"tlsrpt_sum" in done.stderr


def test_without_spool_and_database_it_is_not_known_and_said_what_to_do(good, tmp_path):
    done = good.run("ready", "--no-check", "--state-dir", tmp_path / "none", "example.com")
    assert done.returncode == UNKNOWN
    assert b"specify that with --database" in done.stderr


def test_a_history_that_cannot_be_read_is_said_with_what_follows_and_what_to_do(good):
    before = good.ready("--policy", good.policy)
    (good.state / "reports.db").write_bytes(b"damaged " * 1000)
    done = good.ready("--policy", good.policy)
    assert done.returncode == before.returncode
    line, = done.stderr.decode().splitlines()
    assert line.startswith("mta-sts ready: the record of served policies cannot be read: "), line
    assert "mode enforce counts as new" in line and "--database" in line
    assert b"cannot be read" not in before.stderr


def test_an_unreadable_database_given_by_option_is_reported(good):
    done = good.ready("--policy", good.policy, "--database", "pgsql host=/nonexistent")
    assert (done.returncode, done.stdout) == (UNKNOWN, b"")
    assert done.stderr.startswith(b"mta-sts ready: --database: ")


def test_without_the_utf8_of_a_terminal_signs_are_ascii(good):
    text = good.ready("--policy", good.policy, LC_ALL="C").stdout
    assert b"    + ready: it is safe" in text and text.isascii()


WRONG = [  # words, what is said
    ([], "DOMAIN is missing"),
    (["mta-sts.example.com"], 'write the policy domain, the part after "mta-sts."'),
    (["a..b"], "has an empty label"),
    (["--frobnicate", "a.test"], "there is no option --frobnicate"),
    (["--days"], "--days needs a value"),
    (["--days", "0", "a.test"], "--days takes a number from 1 to 3650"),
    (["--days", "-1", "a.test"], "--days takes a number"),
    (["--senders", "0", "a.test"], "--senders takes a number from 1 to 1000"),
    (["--senders", "x", "a.test"], "--senders takes a number"),
    (["--since", "30", "a.test"], "--since takes a time like"),
    (["--since", "0d", "a.test"], "--since takes a time like"),
    (["--since", "", "a.test"], "--since takes a time like"),
    (["--since", "2026-02-31", "a.test"], "--since takes a time like"),
    (["--since", "9999-01-01", "a.test"], "choose an earlier --since, or fewer --days"),
    (["--since", "7d", "a.test"], "choose an earlier --since, or fewer --days"),
    (["--format", "nagios", "a.test"], 'text or json, not "nagios"'),
    (["--state-dir", "", "a.test"], "--state-dir needs a non-empty value"),
    (["--timeout", "18", "a.test"], "a number from 1 to 17"),
    (["--smtp-port", "0", "a.test"], "a number from 1 to 65535"),
    (["--connect", "mx", "a.test"], "HOST=ADDRESS:PORT"),
    (["--resolver", "dns.example", "a.test"], "is not an IP address"),
    (["--ca-file", "/nonexistent", "a.test"], "/nonexistent cannot be read"),
    (["--trust-anchor", "/dev/null", "a.test"], "is empty"),
    (["--database", "", "a.test"], "--database needs a non-empty value"),
    (["--database", "mysql host=x", "a.test"], '--database: there is no database driver "mysql"'),
    (["--database", "sqlite3 reports.db", "a.test"], "--database: the path of the database must begin with"),
    (["--database", "pgsql host='x", "a.test"], "--database: the connection string is not valid: a quotation mark"),
    (["--policy", "/nonexistent", "a.test"], "/nonexistent: No such file or directory"),
    (["--policy", "/etc/hostname", "a.test"], "/etc/hostname: line "),
    (["--no-check", "--state-dir", "/nonexistent", "a.test"],
     "the state directory /nonexistent"),
]


@pytest.mark.parametrize("words,said", WRONG, ids=lambda value: str(value)[:40])
def test_wrong_usage_is_reported_in_a_sentence(store, words, said):
    done = store.run("ready", *words)
    assert (done.returncode, done.stdout) == (UNKNOWN, b"")
    assert said in done.stderr.decode()
    assert done.stderr.startswith(b"mta-sts ready: ")


def test_a_network_without_name_servers_is_reported(store):
    done = store.run("ready", "--state-dir", store.state, "--timeout", "1", "--resolver",
                     "127.0.0.1@9", "example.com")
    assert (done.returncode, done.stdout) == (UNKNOWN, b"")
    assert b"--no-check uses only the reports" in done.stderr


def test_a_dump_of_another_version_is_not_used(good):
    (good.directory / "dump").write_text(dump.document(version=2))
    good.have_apache(f"exec cat '{good.directory}/dump'")
    done = good.run("check", "--timeout", "1")
    assert done.returncode == 3
    assert b"cannot read: install mod_mta_sts and mta-sts of the same version" in done.stderr


def test_an_apachectl_that_fails_is_quoted(good):
    good.have_apache("echo '{' ; echo 'Syntax error on line 3' >&2; exit 1")
    done = good.run("check", "--timeout", "1")
    assert done.returncode == 3
    assert b'DUMP_MTA_STS_JSON failed: "Syntax error on line 3"; ' in done.stderr
