# SPDX-License-Identifier: Apache-2.0
"""Reports on a real machine: sent as senders send them, and kept."""

import collections
import datetime
import email.message
import gzip
import json
import smtplib
import subprocess
import urllib.request
from pathlib import Path

import pytest

import lab
from lab.apache import site_text
from lab.deadline import wait_until
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


def curl(url, octets):
    """As the reporter of Postfix calls it, but for the status, which it does not look at."""
    done = subprocess.run(
        ["curl", "--silent", "--header", "Content-Type: application/tlsrpt+gzip",
         "--data-binary", "@-", "--output", "/dev/null", "--write-out", "%{http_code}", url],
        input=octets, stdout=subprocess.PIPE, timeout=60, check=True)
    return int(done.stdout)


def post(url, octets):
    """A client in Python."""
    request = urllib.request.Request(url, octets, {"Content-Type": "application/tlsrpt+gzip"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.status


def kept():
    """What is in the spool: {organization: how often}."""
    found = collections.Counter()
    for path in SPOOL.glob("*/*"):
        octets = path.read_bytes().split(b"\n", 1)[1]
        found[json.loads(gzip.decompress(octets))["organization-name"]] += 1
    return found


def test_the_reporter_of_postfix_and_a_python_client_deliver_and_each_report_counts_once(url):
    first, second = report("curl.test", 1), report("python.test", 1)
    assert (curl(url, first), curl(url, first)) == (201, 200)
    assert (post(url, second), post(url, second)) == (201, 200)
    assert (kept()["curl.test"], kept()["python.test"]) == (1, 1)
    assert all(path.owner() == "www-data" for path in SPOOL.rglob("*"))


def test_a_report_by_mail_goes_through_a_pipe_transport_and_counts_once_with_its_copy(url):
    mailbox = Reports("tls-reports@reported.test")
    mailbox.wait_ready()
    octets = report("mail.test", 1)
    message = email.message.EmailMessage()
    message["From"], message["To"] = "tls@mail.test", "tls-reports@reported.test"
    message["Subject"] = "Report Domain: reported.test Submitter: mail.test Report-ID: <1@mail.test>"
    message.set_content("A report.")
    message.add_attachment(octets, maintype="application", subtype="tlsrpt+gzip",
                           filename="mail.test!reported.test!1!2.json.gz")
    with smtplib.SMTP(mailbox.address, 25, "lab.test", timeout=20) as smtp:
        smtp.send_message(message)

    wait_until(lambda: kept()["mail.test"], lambda: f"the mailed report; now {kept()}", 30)
    assert curl(url, octets) == 200
    assert kept()["mail.test"] == 1
