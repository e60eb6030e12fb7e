# SPDX-License-Identifier: Apache-2.0
"""The lab itself: what the other tests rely on."""

import ssl

import pytest

from lab import APACHE
from lab.dns import ask
from lab.fetch import fetch


def test_the_resolver_authenticates_a_signed_zone_and_refuses_a_bogus_one(dns):
    dns.zone("chain.test")
    dns.txt("_mta-sts.chain.test", "v=STSv1; id=1;")
    assert ask("_mta-sts.chain.test", "TXT").authenticated
    dns.break_chain("chain.test")
    assert ask("_mta-sts.chain.test", "TXT").status == "SERVFAIL"
    dns.repair("chain.test")
    assert ask("_mta-sts.chain.test", "TXT").authenticated


def test_a_zone_without_ds_is_served_but_not_authenticated(dns):
    dns.zone("insecure.test")
    dns.publish("insecure.test", "MX", "10 mx1.lab.test.", "20 mx2.lab.test.")
    dns.make_insecure("insecure.test")
    answer = ask("insecure.test", "MX")
    assert answer.values("MX") == ["10 mx1.lab.test.", "20 mx2.lab.test."]
    assert not answer.authenticated


def test_a_record_is_gone_once_it_is_removed(dns):
    dns.zone("removed.test")
    dns.txt("_mta-sts.removed.test", "x" * 300)
    dns.remove("_mta-sts.removed.test", "TXT")
    assert ask("_mta-sts.removed.test", "TXT").status == "NXDOMAIN"


SITE = """\
<VirtualHost *:443>
    ServerName {host}
    SSLEngine on
    SSLCertificateFile {chain}
    SSLCertificateKeyFile {key}
</VirtualHost>
"""


@pytest.mark.parametrize(("name", "fault", "wanted"), [
    ("healthy", {}, None),
    ("expired", {"starts": -90, "ends": -1}, "certificate has expired"),
    ("early", {"starts": 1}, "not yet valid"),
])
def test_a_client_sees_the_dates_that_the_own_ca_was_asked_for(
        dns, ca, acme, apache, sites, name, fault, wanted):
    host = f"{name}.lab.test"
    dns.publish(host, "A", APACHE)
    apache.enable_module("ssl")
    certificate = ca.issue(host, **fault)
    sites(host, SITE.format(host=host, chain=certificate.chain, key=certificate.key))
    if wanted:
        with pytest.raises(ssl.SSLCertVerificationError, match=wanted):
            fetch(host, "/")
    else:
        assert fetch(host, "/").names == [host]


def test_a_client_refuses_a_wrong_name_and_a_self_signed_certificate(
        dns, ca, acme, apache, sites):
    apache.enable_module("ssl")
    faults = {"misnamed": (ca.issue("other.lab.test"), "Hostname mismatch"),
              "selfmade": (ca.self_signed("selfmade.lab.test"), "self-signed certificate")}
    for name, (certificate, wanted) in faults.items():
        host = f"{name}.lab.test"
        dns.publish(host, "A", APACHE)
        sites(host, SITE.format(host=host, chain=certificate.chain, key=certificate.key))
        with pytest.raises(ssl.SSLCertVerificationError, match=wanted):
            fetch(host, "/")
