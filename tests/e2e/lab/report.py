# SPDX-License-Identifier: Apache-2.0
"""Reports of senders: about one day of one sender, posted or mailed according to RFC 8460."""

import datetime
import email.message
import email.policy
import gzip
import json
import subprocess

POSTED = "application/tlsrpt+gzip"
VERIFIER = "mx.verifier.test"  # the mail server whose DKIM results `mta-sts import` trusts
TODAY = datetime.datetime.now(datetime.timezone.utc).date()


def day(days_ago):
    return str(TODAY - datetime.timedelta(days=days_ago))


def make(domain, policy, sender, days_ago, failures=(), begin=None, end=None):
    """A day of a sender with 40 sessions under this policy text, packed; `failures` are details.
    begin and end: another range of time, as texts."""
    failed = sum(one["failed-session-count"] for one in failures)
    report = {
        "organization-name": sender, "contact-info": f"tls@{sender}",
        "report-id": f"{day(days_ago)}-{domain}",
        "date-range": {"start-datetime": begin or f"{day(days_ago)}T00:00:00Z",
                       "end-datetime": end or f"{day(days_ago)}T23:59:59Z"},
        "policies": [{
            "policy": {"policy-type": "sts", "policy-string": policy.decode().splitlines(),
                       "policy-domain": domain},
            "summary": {"total-successful-session-count": 40 - failed,
                        "total-failure-session-count": failed},
            "failure-details": list(failures)}]}
    return gzip.compress(json.dumps(report).encode(), mtime=0)


def post(url, report):
    """Posts a report; returns the HTTP status, as curl prints it."""
    return subprocess.run(
        ["curl", "-sS", "--fail", "-H", f"Content-Type: {POSTED}", "--data-binary", "@-", "-o",
         "/dev/null", "-w", "%{http_code}", url], input=report, capture_output=True, timeout=60,
        check=True).stdout.decode()


def mail(domain, sender, report):
    """A message that the verifying mail server received with a valid signature of the sender."""
    message = email.message.EmailMessage(email.policy.SMTP)
    message["Authentication-Results"] = f"{VERIFIER}; dkim=pass header.d={sender}"
    message["From"], message["To"] = f"tls@{sender}", f"tls-reports@{domain}"
    message["Subject"] = f"Report Domain: {domain} Submitter: {sender} Report-ID: <1@{sender}>"
    message.set_content("A report.")
    message.add_attachment(report, maintype="application", subtype="tlsrpt+gzip",
                           filename=f"{sender}!{domain}!1!2.json.gz")
    return message.as_bytes()


def store_verified(domain, sender, report):
    """Delivers the report by mail with a valid signature."""
    done = subprocess.run(["mta-sts", "import", "--authserv-id", VERIFIER],
                          input=mail(domain, sender, report), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=True)
    assert f"verified: signed by {sender}: " in done.stdout.decode(), done.stdout
