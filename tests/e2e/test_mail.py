# SPDX-License-Identifier: Apache-2.0
"""Real mail: a Postfix that honours MTA-STS sends to domains whose policy the module serves."""

import pytest

from lab.apache import site_text
from lab.domain import MailDomain, policy_id, policy_text
from lab.process import run

# The policies stand at server level, so that one edit changes what https serves.
BLOCK = """\
<MTASTSPolicy {domain}>
    MTASTSMode enforce
    MTASTSMx {mx}
</MTASTSPolicy>
"""
CONF = "mail-policies"


class Policies:
    """The server-wide snippet with the policies of this file's domains."""

    def __init__(self, apache):
        self.apache = apache
        self.mx = {}

    def set(self, mx):
        """Changes the `mx` of some domains, {domain: mx}, and reloads."""
        self.mx.update(mx)
        blocks = (BLOCK.format(domain=name, mx=mx) for name, mx in self.mx.items())
        self.apache.conf(CONF, "".join(blocks))


@pytest.fixture(scope="module")
def domains(module, dns, certbot):
    """{name: domain}; `wrong` has its mail at the MX whose certificate names another host."""
    return {
        "right": MailDomain(dns, "right.test", "mx1.lab.test"),
        "wrong": MailDomain(dns, "wrong.test", "mx2.lab.test"),
        "unlisted": MailDomain(dns, "unlisted.test", "mx1.lab.test"),
    }


@pytest.fixture(scope="module")
def policies(domains, apache, certbot, sites):
    """Published policies, all served by one site that does not mention them."""
    policies = Policies(apache)
    policies.set({"right.test": "mx1.lab.test", "wrong.test": "mx2.lab.test",
                  "unlisted.test": "mx9.lab.test"})
    hosts = [domain.host for domain in domains.values()]
    sites("policy-hosts", site_text(hosts[0], f"    ServerAlias {' '.join(hosts[1:])}"))
    certbot.apache(*hosts, name="policy-hosts")
    for domain in domains.values():
        domain.publish_id()
    yield policies
    apache.remove_conf(CONF)


def test_the_policy_id_is_made_of_the_text_that_is_served(policies, domains):
    body = domains["right"].fetch().body
    assert body == policy_text("enforce", "mx1.lab.test")
    assert policy_id(body) in run("apache2ctl", "-t", "-D", "DUMP_MTA_STS").stdout


def test_a_mail_under_enforce_is_delivered_over_verified_tls(policies, sender, mx):
    mail = sender.send("right.test")
    outcome = sender.delivery(mail)
    assert outcome.tls.startswith("Verified TLS connection established to mx1.lab.test"), outcome
    assert len(sender.outcomes(mail)) == 1
    mx.wait_for(mail)


def test_a_mail_is_refused_where_the_certificate_of_the_mx_names_another_host(
        policies, sender, wrong_mx):
    mail = sender.send("wrong.test")
    outcome = sender.outcome(mail)
    assert outcome.status == "deferred"
    assert "Server certificate not verified" in outcome.reason
    assert not wrong_mx.has(mail)


def test_the_same_mx_gets_the_mail_of_a_domain_without_a_policy(policies, dns, sender, wrong_mx):
    MailDomain(dns, "without.test", "mx2.lab.test")
    mail = sender.send("without.test")
    outcome = sender.delivery(mail)
    assert outcome.tls.startswith("Trusted TLS connection established to mx2"), outcome
    wrong_mx.wait_for(mail)


def assert_refused_as_unlisted(sender, outcome, mx, domain):
    """A Postfix with TLSRPT has the patterns of the policy, and does not connect to another MX;
    before, it has only a list of names that the certificate must contain."""
    if sender.sessions:
        text = sender.log.path.read_text(errors="replace")
        assert f"MX name '{mx}' does not match STS MX pattern for '{domain}'" in text
        assert outcome.tls is None, outcome
    else:
        assert "Server certificate not verified" in outcome.reason


def test_a_mail_is_refused_at_an_unlisted_mx_and_delivered_once_policy_and_id_are_fixed(
        policies, domains, sender, mx):
    mail = sender.send("unlisted.test")
    outcome = sender.outcome(mail)
    assert outcome.status == "deferred"
    assert_refused_as_unlisted(sender, outcome, "mx1.lab.test", "unlisted.test")
    assert not mx.has(mail)

    policies.set({"unlisted.test": "mx1.lab.test"})
    domains["unlisted"].publish_id()
    outcome = sender.delivery(mail)
    assert outcome.tls.startswith("Verified TLS connection established to mx1.lab.test"), outcome
    mx.wait_for(mail)
