# SPDX-License-Identifier: Apache-2.0
"""From testing to enforce, as `mta-sts ready` guides through it: reports posted and then mailed
with a signature, two mail servers, one of them broken on purpose and fixed, and the named line
changed."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from lab import report
from lab.apache import site_text
from lab.domain import MailDomain, policy_text
from lab.faulty import Mail, context, serve

NAME = "ready.test"
OTHER_MX = f"mx.{NAME}"
OTHER_ADDRESS = "127.0.5.1"
LINES = f"""\
    MTASTSMode testing
    MTASTSMx mx1.lab.test {OTHER_MX}
    MTASTSReportPath /tlsrpt
"""
DAYS = 3
CALL = ("mta-sts", "ready", "--trust-anchor", "/run/lab/unbound/anchor", "--days", str(DAYS))
READY, NOT_YET, NO = range(3)


class OtherMx:
    """The second mail server, whose certificate can be changed."""

    def __init__(self, ca):
        self.ca = ca
        self.take("other.lab.test")
        serve(OTHER_ADDRESS, 25, lambda connection: self.talk(connection))

    def take(self, name):
        self.talk = Mail(tls=context(self.ca.issue(name)))


@pytest.fixture(scope="module")
def other_mx(ca, acme):
    mx = OtherMx(ca)
    mx.take(OTHER_MX)
    return mx


@pytest.fixture(scope="module")
def domain(module, certbot, dns, sites, mx, other_mx):
    domain = MailDomain(dns, NAME)
    dns.publish(NAME, "MX", "10 mx1.lab.test.", f"20 {OTHER_MX}.")
    dns.publish(OTHER_MX, "A", OTHER_ADDRESS)
    sites(domain.host, site_text(domain.host, LINES))
    certbot.apache(domain.host)
    dns.txt(f"_smtp._tls.{NAME}", f"v=TLSRPTv1; rua=https://{domain.host}/tlsrpt")
    domain.publish_id()
    return domain


def receive(domain, sender, days_ago):
    """One sender's day, all well, as it posts it: its bytes."""
    data = report.make(NAME, policy_text("testing", "mx1.lab.test", OTHER_MX), sender, days_ago)
    assert report.post(f"https://{domain.host}/tlsrpt", data) == "201"
    return data


def ready(status):
    """Its text output, with this exit status."""
    done = subprocess.run([*CALL, NAME], capture_output=True, text=True, timeout=90)
    print(done.stdout)
    assert (done.returncode, done.stderr) == (status, ""), done
    return done.stdout


def findings():
    done = subprocess.run([*CALL, "--format", "json", NAME], capture_output=True, timeout=90)
    sections = json.loads(done.stdout)["domains"][0]["sections"]
    return {finding["id"]: finding for section in sections for finding in section["findings"]}


def test_a_domain_goes_from_testing_to_enforce_when_ready_says_so(domain, other_mx, apache):
    assert "no report covers this period" in ready(NOT_YET)

    received = []
    for days_ago in range(1, DAYS + 1):
        for sender in "a.test", "b.test":
            received.append((sender, receive(domain, sender, days_ago)))
    text = ready(NOT_YET)
    assert "but none is verified" in text and "[reports-inconclusive]" in text, text

    for sender, data in received:
        report.store_verified(NAME, sender, data)
    assert "ready: it is safe to switch to mode enforce" in ready(READY)

    other_mx.take("other.lab.test")
    text = ready(NO)
    assert "do not switch to mode enforce, it would block mail: " in text
    assert re.search(rf"{OTHER_MX}: .*does not cover this host.*certificate-name-missing", text), text
    assert "mx1.lab.test: probed now: offers STARTTLS with a certificate" in text

    other_mx.take(OTHER_MX)
    text = ready(READY)
    path, line = re.search(r"1\. change the line at (\S+):(\d+) to: MTASTSMode enforce",
                           text).groups()
    lines = Path(path).read_text().splitlines()
    assert lines[int(line) - 1].strip() == "MTASTSMode testing"
    lines[int(line) - 1] = "MTASTSMode enforce"
    Path(path).write_text("\n".join(lines) + "\n")
    apache.configtest()
    apache.graceful()
    assert "id-differs" in ready(NOT_YET)

    domain.publish_id()
    assert domain.fetch().body == policy_text("enforce", "mx1.lab.test", OTHER_MX)
    assert "mode enforce is on and safe" in ready(READY)

    other_mx.take("other.lab.test")
    text = ready(NO)
    assert "mode enforce is on and blocks mail: 1 problem has to be fixed" in text
    assert f"1. change the line at {path}:{line} to: MTASTSMode testing" in text
