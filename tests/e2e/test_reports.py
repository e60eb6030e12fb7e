# SPDX-License-Identifier: Apache-2.0
"""Reports on a real machine: sent as senders send them, and stored."""

import collections
import datetime
import email.message
import email.policy
import email.utils
import gzip
import json
import os
import subprocess
import urllib.request
from pathlib import Path

import pytest

import lab
from lab.apache import site_text
from lab.deadline import wait_until
from lab.dkim import Milter, Signer
from lab.domain import MailDomain, policy_text
from lab.mail import Reports

LINES = """\
    MTASTSMode testing
    MTASTSMx mx1.lab.test
    MTASTSReportPath /tlsrpt
"""
POLICY = policy_text("testing", "mx1.lab.test").decode().splitlines()
SPOOL = Path("/var/lib/mod_mta_sts/reports")


def report(sender, days_ago, good=40, failures=(), domain="reported.test"):
    """One sender's day, as RFC 8460 has it."""
    day = datetime.date.today() - datetime.timedelta(days=days_ago)
    return gzip.compress(json.dumps({
        "organization-name": sender,
        "date-range": {"start-datetime": f"{day}T00:00:00Z", "end-datetime": f"{day}T23:59:59Z"},
        "contact-info": f"tls@{sender}", "report-id": f"{day}-{domain}",
        "policies": [{
            "policy": {"policy-type": "sts", "policy-string": POLICY, "policy-domain": domain,
                       "mx-host": ["mx1.lab.test"]},
            "summary": {"total-successful-session-count": good,
                        "total-failure-session-count": sum(count for _, count in failures)},
            "failure-details": [
                {"result-type": kind, "receiving-mx-hostname": "mx1.lab.test",
                 "receiving-ip": lab.MX1, "failed-session-count": count}
                for kind, count in failures]}]}).encode(), mtime=0)


@pytest.fixture(scope="module")
def domain(module, certbot, dns, sites):
    domain = MailDomain(dns, "reported.test")
    sites(domain.host, site_text(domain.host, LINES))
    certbot.apache(domain.host)
    domain.publish_id()
    return domain


@pytest.fixture(scope="module")
def url(domain):
    return f"https://{domain.host}/tlsrpt"


def curl(url, data):
    """As the reporter of Postfix calls it, but for the status, which it does not look at."""
    done = subprocess.run(
        ["curl", "--silent", "--header", "Content-Type: application/tlsrpt+gzip",
         "--data-binary", "@-", "--output", "/dev/null", "--write-out", "%{http_code}", url],
        input=data, stdout=subprocess.PIPE, timeout=60, check=True)
    return int(done.stdout)


def post(url, data):
    """A client in Python."""
    request = urllib.request.Request(url, data, {"Content-Type": "application/tlsrpt+gzip"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.status


def kept():
    """What is in the spool: {organization: how often}."""
    found = collections.Counter()
    for path in SPOOL.glob("*/*"):
        data = path.read_bytes().split(b"\n", 1)[1]
        found[json.loads(gzip.decompress(data))["organization-name"]] += 1
    return found


def test_the_reporter_of_postfix_and_a_python_client_deliver_and_each_report_counts_once(url):
    first, second = report("curl.test", 1), report("python.test", 1)
    assert (curl(url, first), curl(url, first)) == (201, 200)
    assert (post(url, second), post(url, second)) == (201, 200)
    assert (kept()["curl.test"], kept()["python.test"]) == (1, 1)
    assert all(path.owner() == "www-data" for path in SPOOL.rglob("*"))


@pytest.fixture(scope="module")
def mailbox(url):
    mailbox = Reports("tls-reports@reported.test", Milter(Reports.HOST).name)
    mailbox.wait_ready()
    return mailbox


@pytest.fixture(scope="module")
def signer(dns):
    return Signer(dns, "signing.test")


def mail(sender, data, **headers):
    """A report as senders mail it (RFC 8460 section 5.3)."""
    message = email.message.EmailMessage(email.policy.SMTP)
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message["From"], message["To"] = f"tls@{sender}", "tls-reports@reported.test"
    message["Subject"] = f"Report Domain: reported.test Submitter: {sender} Report-ID: <1@{sender}>"
    message["Date"] = email.utils.formatdate()
    message["Message-ID"] = email.utils.make_msgid(domain=sender)
    message.set_content("A report.")
    message.add_attachment(data, maintype="application", subtype="tlsrpt+gzip",
                           filename=f"{sender}!reported.test!1!2.json.gz")
    return message.as_bytes()


def verified(sender):
    """Whom the header line of the one report of this sender names as its signer."""
    found = [path.read_bytes().split(b"\n", 1) for path in SPOOL.glob("*/*")]
    head, = [head for head, data in found
             if json.loads(gzip.decompress(data))["organization-name"] == sender]
    return head.decode().split(" ")[5]


def wait_until_stored(sender):
    wait_until(lambda: kept()[sender], lambda: f"the report of {sender}; now {kept()}", 30)


def test_a_report_by_mail_goes_through_a_pipe_transport_and_counts_once_with_its_copy(url, mailbox):
    data = report("mail.test", 1)
    mailbox.take(mail("mail.test", data), "tls@mail.test")
    wait_until_stored("mail.test")
    assert curl(url, data) == 200
    assert kept()["mail.test"] == 1
    assert all(path.owner() == "www-data" for path in SPOOL.rglob("*"))


def test_a_signature_accepted_by_the_milter_verifies_a_report_received_earlier_in_any_way(
        url, mailbox, signer):
    data = report("signing.test", 1)
    assert curl(url, data) == 201
    assert verified("signing.test") == "-"
    mailbox.take(signer.sign(mail("signing.test", data)), "tls@signing.test")
    wait_until(lambda: verified("signing.test") == "signing.test", "the verified report", 30)
    assert kept()["signing.test"] == 1


def test_a_forged_result_in_the_mail_is_not_trusted(mailbox):
    forged = f"{Reports.HOST}; dkim=pass header.d=forged.test"
    mailbox.take(mail("forged.test", report("forged.test", 1), Authentication_Results=forged),
                 "tls@forged.test")
    wait_until_stored("forged.test")
    assert verified("forged.test") == "-"


def test_a_mail_without_a_report_is_accepted_and_not_bounced(mailbox):
    before = kept()
    queued = mailbox.take(mail("spam.test", b"buy"), "tls@spam.test")
    wait_until(lambda: mailbox.outcomes(queued), "a delivery", 30)
    assert mailbox.outcomes(queued) == ["sent"]
    assert kept() == before


def test_a_mail_that_cannot_be_stored_stays_in_the_queue_and_is_delivered_later(mailbox):
    aside = SPOOL.with_name("aside")
    SPOOL.rename(aside)
    SPOOL.write_text("in the way")
    queued = mailbox.take(mail("patient.test", report("patient.test", 1)), "tls@patient.test")
    wait_until(lambda: mailbox.outcomes(queued), "an attempt", 30)
    assert set(mailbox.outcomes(queued)) == {"deferred"}
    SPOOL.unlink()
    aside.rename(SPOOL)
    wait_until_stored("patient.test")
    wait_until(lambda: mailbox.outcomes(queued)[-1] == "sent", "the end of it", 30)


def shown(*words):
    """The output of `mta-sts report` about the store, its lines joined."""
    done = subprocess.run(["mta-sts", "report", *words], capture_output=True, text=True, timeout=60,
                          check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert done.stderr == ""
    return " ".join(done.stdout.split())


def test_report_shows_root_what_failed_and_which_policy_the_sender_had(url):
    assert post(url, report("broken.test", 1, failures=[("certificate-expired", 3)])) == 201
    story = shown("--organization", "broken.test")
    assert "reported.test: 93.0 % of 43 sessions delivered securely, 3 failed" in story
    assert "3 sessions failed: certificate-expired at mx1.lab.test" in story
    assert "policy used by broken.test" in story and "the policy that is served now" in story


def test_the_digest_of_a_good_day_is_silent(url):
    assert post(url, report("good.test", 1)) == 201
    assert shown("--since", "1d", "--failures", "--organization", "good.test") == ""
    assert "all 40 sessions of 1 sender" in shown("--organization", "good.test")
