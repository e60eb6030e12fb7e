# SPDX-License-Identifier: Apache-2.0
"""The story of one domain, from an empty machine to mode enforce, with one MX broken on purpose
under way: every view reports the same."""

import html
import json
import re
import shutil
import subprocess
from urllib.parse import urlencode

import pytest

from lab import DIRECTORY, NAMESERVER, report
from lab.deadline import wait_until
from lab.dns import UPDATE_KEY, ask
from lab.domain import MailDomain, policy_id, policy_text
from lab.mail import Mx
from lab.process import run
from lab.setup import forget, set_up

NAME = "story.test"
FIRST, SECOND = f"mx.{NAME}", "mx1.lab.test"
FIRST_ADDRESS = "127.0.0.29"
CONF = "story-reports"
STATE_DIR = "/var/lib/mod_mta_sts"
ADMIN, STRANGER = "127.0.0.90", "127.0.0.91"
REPORTS = f"""\
MTASTSReportPath /tlsrpt
<Location /mta-sts-status>
    SetHandler mta-sts-status
    Require ip {ADMIN}
</Location>
"""
URL = f"https://mta-sts.{NAME}"
ANCHOR = ("--trust-anchor", "/run/lab/unbound/anchor")
DAYS = 3
KIND = "certificate-host-mismatch"
WELL, WARNING, CRITICAL = range(3)


@pytest.fixture
def first_mx(dns, ca, acme):
    mx = Mx("story-mx", FIRST, FIRST_ADDRESS, ca.issue(FIRST))
    mx.wait_ready()
    yield mx
    mx.daemon.stop()


@pytest.fixture
def domain(bare, dns, mx, first_mx, apache):
    """Its mail servers are there, and an Apache that knows neither of it nor of any report."""
    domain = MailDomain(dns, NAME)
    dns.publish(NAME, "MX", f"10 {FIRST}.", f"20 {SECOND}.")
    dns.publish(FIRST, "A", FIRST_ADDRESS)
    shutil.rmtree(STATE_DIR, ignore_errors=True)  # made again by the next reload
    yield domain
    apache.remove_conf(CONF)
    forget(domain)


# --- what the admin and the senders do ---

def publish(domain):
    """The output of `mta-sts dns` for nsupdate."""
    key = DIRECTORY / "story.key"
    key.write_text(UPDATE_KEY)
    result = subprocess.run(["mta-sts", "dns", "--format", "nsupdate", "--rua", f"{URL}/tlsrpt",
                           NAME], capture_output=True, text=True, timeout=60, check=True)
    run("nsupdate", "-k", key, input=f"server {NAMESERVER}\n{result.stdout}")
    identity = policy_id(domain.fetch().body)
    wait_until(lambda: identity in str(ask(f"_mta-sts.{NAME}", "TXT")), f"the id {identity}")


def receive(organization, days_ago, failed=0):
    """A day of a sender with 40 sessions; those that failed met the certificate of the first MX. It
    is posted, and mailed with a valid signature."""
    failure = {"result-type": KIND, "receiving-mx-hostname": FIRST,
               "receiving-ip": FIRST_ADDRESS, "failed-session-count": failed}
    data = report.make(NAME, policy_text("testing", FIRST, SECOND), organization, days_ago,
                       [failure] * bool(failed))
    assert report.post(f"{URL}/tlsrpt", data) == "201"
    report.store_verified(NAME, organization, data)


def assert_delivered(sender, mx, strength):
    """A mail goes to an MX, over TLS that is Verified (under enforce), or Trusted (else)."""
    mail = sender.send(NAME)
    outcome = sender.delivery(mail)
    assert outcome.tls.startswith(f"{strength} TLS connection established to {FIRST}"), outcome
    mx.wait_for(mail)


# --- who is asked ---

def run_text(status, *words):
    """The output of the command, with this exit status; its lines joined."""
    done = subprocess.run(["mta-sts", *words], capture_output=True, text=True, timeout=90)
    assert (done.returncode, done.stderr) == (status, ""), done.stdout + done.stderr
    return " ".join(done.stdout.split())


def run_json(status, *words):
    return json.loads(run_text(status, *words, "--format", "json"))


def check(status):
    """The verdict of `mta-sts check`, and what it says about the first MX."""
    found = run_json(status, "check", *ANCHOR, NAME)["domains"][0]
    section, = (one for one in found["sections"] if one["subject"] == FIRST)
    return found["verdict"], {finding["id"] for finding in section["findings"]}


def ready(status, days=DAYS):
    return run_text(status, "ready", *ANCHOR, "--days", str(days), NAME)


def page(source=ADMIN, **query):
    """(HTTP status, body) of the status page, fetched from that address."""
    result = run("curl", "-sS", "--interface", source, "-w", "\n%{http_code}",
               f"{URL}/mta-sts-status?{urlencode(query)}").stdout
    body, _, status = result.rpartition("\n")
    return int(status), body


def page_json(**query):
    status, body = page(**query, format="json")
    assert status == 200, body
    return json.loads(body)


def page_text(**query):
    """The text of the page."""
    status, body = page(**query)
    assert status == 200, body
    body = re.sub(r"<style>.*?</style>", "", body, flags=re.S)
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", body)).split())


def metrics():
    status, body = page(format="prometheus")
    assert status == 200, body
    return dict(line.rsplit(" ", 1) for line in body.splitlines() if not line.startswith("#"))


def wait_for_reports(number):
    """The watchdog brings them into the index, which the page reads; each is verified."""
    return wait_until(
        lambda: (found := page_json(domain=NAME)["reports"]).get("count") == number and
        found["unverified_count"] == 0 and found,
        f"{number} verified reports on the status page", 60)


# --- the story ---

def assert_all_is_well():
    assert check(WELL)[0]["enforce"] == "yes"
    assert "ready: it is safe to switch to mode enforce" in ready(WELL)
    assert f"✔ {NAME}: all 240 sessions of 2 senders delivered securely" in run_text(0, "report")
    assert wait_for_reports(6)["causes"] == []
    assert f"{NAME} testing" in page_text() and "What failed" not in page_text()
    assert "DNS records" in page_text(domain=NAME)


def assert_the_break_is_reported():
    verdict, found = check(WARNING)
    assert (verdict["enforce"], "certificate-name-missing" in found) == ("no", True)

    text = ready(CRITICAL)
    assert "do not switch to mode enforce, it would block mail: " in text
    assert re.search(rf"✘ {FIRST}: .*certificate-name-missing.*failure-blocking", text), text

    result = run_json(0, "report")
    assert result["totals"] == {"reports": 7, "earlier_reports": 0, "folded_reports": 0,
                                "duplicates": 0, "successful_sessions": 273,
                                "failed_sessions": 7}
    failure, = (one for one in result["reports"] for policy in one["policies"]
                for one in policy["failures"])
    assert (failure["result_type"], failure["receiving_mx"], failure["sessions"]) == \
        (KIND, FIRST, 7)

    text = run_text(0, "report", "--received", "1d", "--failures")
    assert f"{NAME}: 97.5 % of 280 sessions delivered securely, 7 failed" in text
    assert f"7 sessions failed: {KIND} at {FIRST}" in text
    for words in "reporter: a.test", "where: your mail server (MX)", failure["explanation"]:
        assert words in text

    found = wait_for_reports(7)
    cause, = found["causes"]
    assert (found["successful_sessions"], found["failed_sessions"]) == (273, 7)
    assert (cause["result_type"], cause["receiving_mx"], cause["failed_sessions"],
            cause["senders"]) == (KIND, FIRST, 7, ["a.test"])
    assert cause["explanation"] == failure["explanation"]
    for text in page_text(), page_text(domain=NAME):
        assert f"{KIND} at {FIRST}" in text and failure["explanation"] in text
        assert "your mail server (MX)" in text
    series = f'mta_sts_sessions{{domain="{NAME}",result_type='
    values = metrics()
    assert (values[f'{series}"success"}}'], values[f'{series}"{KIND}"}}']) == ("273", "7")


def assert_the_fix_is_reported():
    verdict, found = check(WELL)
    assert (verdict["enforce"], found & {"certificate-name-missing"}) == ("yes", set())
    text = ready(WARNING)
    assert re.search(r"fixed by now\) \[failure-fixed\]", text), text
    assert f"1. {FIRST}: wait until" in text

    wait_for_reports(9)
    since = "80 secure sessions on later days"
    assert f"since: {report.day(2)}, last seen {report.day(2)}; {since}" in run_text(0, "report")
    assert f"{report.day(2)}; reported by a.test; IP address {FIRST_ADDRESS}; {since}" \
        in page_text(domain=NAME)
    text = ready(WELL, days=1)
    assert "ready: it is safe" in text
    assert f"last on {report.day(2)}; not since then) [failure-past]" in text


def assert_enforce_is_reported():
    assert "mode enforce is on and safe" in ready(WELL, days=1)
    assert check(WELL)[0]["enforce"] == "yes"
    assert page_json(domain=NAME)["domain"]["mode"] == "enforce"
    older = f"an older policy from its cache, served here until {report.day(0)}: mode testing"
    assert f"older {older}" in page_text(domain=NAME)
    assert older in run_text(0, "report")


def test_from_an_empty_machine_to_enforce_every_view_shows_a_break_and_its_fix(
        domain, first_mx, sender, apache, ca):
    set_up(NAME, "--mx", FIRST, "--mx", SECOND)
    apache.conf(CONF, REPORTS)
    publish(domain)
    assert domain.fetch().body == policy_text("testing", FIRST, SECOND)
    assert page(STRANGER)[0] == page(STRANGER, format="json")[0] == 403
    assert "no report covers this period" in ready(WARNING)

    assert_delivered(sender, first_mx, "Trusted")
    for days_ago in 5, 4, 3:
        for organization in "a.test", "b.test":
            receive(organization, days_ago)
    assert_all_is_well()

    first_mx.take(ca.issue("other.lab.test"))
    assert_delivered(sender, first_mx, "Trusted")  # mode testing loses no mail
    receive("a.test", 2, failed=7)
    assert_the_break_is_reported()

    first_mx.take(ca.issue(FIRST))
    assert_delivered(sender, first_mx, "Trusted")
    for organization in "a.test", "b.test":
        receive(organization, 1)
    assert_the_fix_is_reported()

    set_up(NAME, "--mode", "enforce", "--days", "1")
    publish(domain)
    assert_delivered(sender, first_mx, "Verified")
    assert_enforce_is_reported()
