# SPDX-License-Identifier: Apache-2.0
"""Reports made of what a real Postfix with TLSRPT (3.10 and later) says about its own sessions."""

import json
import subprocess

import pytest

from lab import MX2, SENDER, report, sessions
from lab.apache import site_text
from lab.deadline import wait_until
from lab.domain import MailDomain

pytestmark = pytest.mark.skipif(not sessions.are_supported(),
                                reason="TLSRPT came with Postfix 3.10")
SITE = """\
    MTASTSMode enforce
    MTASTSMx {mx}
    MTASTSReportPath /tlsrpt
"""
ORGANIZATION = "sender.lab.test"


def domain_at(name, mx, dns, sites, certbot):
    """Its policy demands verified TLS, and it asks for reports."""
    domain = MailDomain(dns, name, mx)
    sites(domain.host, site_text(domain.host, SITE.format(mx=mx)))
    certbot.apache(domain.host)
    domain.publish_id()
    dns.txt(f"_smtp._tls.{name}", f"v=TLSRPTv1; rua=https://{domain.host}/tlsrpt")
    return domain


@pytest.fixture(scope="module")
def well(module, dns, sites, certbot):
    return domain_at("sessions.test", "mx1.lab.test", dns, sites, certbot)


@pytest.fixture(scope="module")
def broken(module, dns, sites, certbot):
    """The certificate of its MX names another host."""
    return domain_at("broken-sessions.test", "mx2.lab.test", dns, sites, certbot)


def submit(domain, sender, number):
    """Posts the sums of the sender's sessions with a domain, once there are so many."""
    wait_until(lambda: len(sender.sessions.of(domain.name)) >= number,
               lambda: f"{number} sessions with {domain.name}; all: {sender.sessions.seen}", 30)
    return report.post(f"https://{domain.host}/tlsrpt",
                       sender.sessions.report(domain.name, ORGANIZATION))


def policies(domain):
    """What `mta-sts report` reads of the sender's report on a domain."""
    done = subprocess.run(["mta-sts", "report", "--format", "json", "--since", "all",
                           "--organization", ORGANIZATION],
                          capture_output=True, text=True, timeout=60, check=True)
    return [policy for found in json.loads(done.stdout)["reports"] for policy in found["policies"]
            if policy["domain"] == domain.name]


def test_secure_sessions_of_postfix_are_reported_under_the_policy_that_the_module_serves(
        well, sender, mx):
    mails = [sender.send(well.name) for _ in range(2)]
    for mail in mails:
        assert sender.delivery(mail).tls.startswith("Verified TLS connection"), mail
        mx.wait_for(mail)
    assert submit(well, sender, 2) == "201"
    policy, = policies(well)
    assert (policy["type"], policy["domain"]) == ("sts", well.name)
    assert (policy["successful_sessions"], policy["failed_sessions"]) == (2, 0)


def test_a_session_that_postfix_refuses_is_explained_with_the_mx_and_both_addresses(
        broken, sender, wrong_mx):
    assert sender.outcome(sender.send(broken.name)).status == "deferred"
    assert submit(broken, sender, 1) == "201"
    policy, = policies(broken)
    assert policy["type"] == "sts" and policy["successful_sessions"] == 0
    failure, = policy["failures"]
    assert (failure["result_type"], failure["receiving_mx"]) == \
        ("certificate-host-mismatch", "mx2.lab.test")
    assert (failure["receiving_ip"], failure["sending_ip"]) == (MX2, SENDER)
    assert failure["sessions"] == policy["failed_sessions"] >= 1


def test_sessions_without_a_policy_are_reported_as_such(dns, well, sender, mx):
    without = MailDomain(dns, "no-policy-sessions.test", "mx1.lab.test")
    dns.txt(f"_smtp._tls.{without.name}", f"v=TLSRPTv1; rua=https://{well.host}/tlsrpt")
    mx.wait_for(sender.send(without.name))
    wait_until(lambda: sender.sessions.of(without.name), "a session", 30)
    (policy,), = sender.sessions.of(without.name)
    assert (sessions.POLICY_TYPES[policy["policy-type"]], policy["f"]) == ("no-policy-found", 0)
    assert "failure-details" not in policy
