# SPDX-License-Identifier: Apache-2.0
"""Hosted domains on a real machine: the policy host over TLS, DNS, mta-sts check, and a customer
who only points CNAMEs."""

import json

import pytest

import lab
from lab.check import check, findings
from lab.deadline import wait_until
from lab.dns import quoted
from lab.domain import policy_id, policy_text
from lab.fetch import fetch
from lab.mail import Mx
from lab.process import Failed, run

PROVIDER, CUSTOMER, PATH = "parent.test", "customer.test", "/.well-known/mta-sts.txt"
MX, ADDRESS = "hosting-mx", "127.0.0.63"
TEXT = policy_text("enforce", f"{MX}.lab.test")
SITE = """\
MTASTSHosting on
<VirtualHost *:443>
    ServerName hosting.lab.test
    ServerAlias mta-sts.*
    SSLEngine on
    SSLCertificateFile {chain}
    SSLCertificateKeyFile {key}
</VirtualHost>
"""


def policy(*words):
    return run("mta-sts", "policy", *words).stdout


def has_tables():
    try:
        return policy("init")
    except Failed:
        return False  # httpd has not made the database yet


@pytest.fixture(scope="module")
def hosted(dns, issued, ca, apache, module, sites):
    """A provider with one customer, of whom both have the same mail server."""
    apache.enable_module("ssl")
    dns.publish(f"{MX}.lab.test", "A", ADDRESS)
    server = Mx(MX, f"{MX}.lab.test", ADDRESS, ca.issue(f"{MX}.lab.test"))
    certificate = ca.issue(f"mta-sts.{PROVIDER}", f"mta-sts.{CUSTOMER}")
    sites("hosting", SITE.format(chain=certificate.chain, key=certificate.key))
    wait_until(has_tables, "the database")
    printed = policy("set", "--mx", f"{MX}.lab.test", "--mode", "enforce", "--force", "--wait", "30",
                     PROVIDER)
    printed += policy("set", "--alias-of", PROVIDER, "--wait", "30", CUSTOMER)
    for domain in PROVIDER, CUSTOMER:
        dns.zone(domain)
        dns.publish_all(domain, {
            (domain, "MX"): [f"10 {MX}.lab.test."],
            (f"_smtp._tls.{domain}", "TXT"): [quoted("v=TLSRPTv1; rua=mailto:tls@lab.test")]})
    dns.publish(f"mta-sts.{PROVIDER}", "A", lab.APACHE)
    publish(dns, printed)
    server.wait_ready()
    return printed


def publish(dns, printed):
    """The records that the command printed, as they are."""
    for line in printed.splitlines():
        name, _, rest = line.partition(". IN ")
        if rest.startswith("CNAME "):
            dns.publish(name, "CNAME", rest.removeprefix("CNAME "))
        elif rest.startswith("TXT "):
            dns.publish(name, "TXT", rest.removeprefix("TXT "))


def test_provider_and_customer_serve_the_same_policy(hosted):
    for domain in PROVIDER, CUSTOMER:
        assert fetch(f"mta-sts.{domain}", PATH).body == TEXT


def test_check_finds_both_healthy_and_follows_the_cnames(hosted):
    done = check("--format", "json", PROVIDER, CUSTOMER)
    assert done.returncode == 0, done.stdout
    provider, customer = json.loads(done.stdout)["domains"]
    assert provider["verdict"]["outcome"] == customer["verdict"]["outcome"] == "delivers"
    found, = [finding for finding in findings(customer) if finding["id"] == "record-found"]
    assert f"through the alias _mta-sts.{PROVIDER}" in found["message"]


def test_without_a_domain_hosted_ones_are_checked_when_asked(hosted):
    done = check("--hosted", "--format", "json")
    assert {domain["domain"] for domain in json.loads(done.stdout)["domains"]} >= {PROVIDER, CUSTOMER}
    assert done.returncode == 0, done.stdout


def test_an_old_id_is_to_be_changed_where_the_cname_leads(hosted, dns):
    policy("set", "--max-age", "86401", "--wait", "30", PROVIDER)
    done = check("--format", "json", CUSTOMER)
    customer, = json.loads(done.stdout)["domains"]
    found, = [finding for finding in findings(customer) if finding["id"] == "id-differs"]
    new = policy_id(policy_text("enforce", f"{MX}.lab.test", max_age=86401))
    assert found["fix"] == (f'publish "v=STSv1; id={new};" in the TXT record at '
                            f'"_mta-sts.{PROVIDER}", where the CNAME of _mta-sts.{CUSTOMER} points')
    assert "it is the one in the database" in found["message"]
    publish(dns, policy("set", "--max-age", "604800", "--wait", "30", PROVIDER))
    assert check(CUSTOMER).returncode == 0


def test_a_wrong_row_is_named_by_check(hosted):
    run("setpriv", "--reuid", "www-data", "--regid", "www-data", "--clear-groups", "sqlite3", "-cmd",
        ".timeout 10000", "/var/lib/mod_mta_sts/reports.db",
        f"UPDATE mta_sts_policy SET mx = 'mx 1' WHERE domain = '{PROVIDER}'")
    wait_until(lambda: "[row-wrong]" in check(CUSTOMER).stdout, "the finding")
    assert check(CUSTOMER).returncode == 1
    policy("set", "--mx", f"{MX}.lab.test", "--wait", "30", PROVIDER)
    assert check(CUSTOMER).returncode == 0
