# SPDX-License-Identifier: Apache-2.0
"""mod_md instead of certbot."""

import re

import pytest

from lab.apache import example_text
from lab.domain import MailDomain, policy_text
from lab.log import Log

# Every line of ours but those that list what is served.
LOGGED = r"\[mta_sts:\w+\] (?!.*\[policy-served\]$)"


@pytest.fixture
def site(acme, apache, dns):
    """The example, for a domain of the lab and its CA; at Debian's own level, warn, an info would
    be hidden."""
    domain = MailDomain(dns, "managed.test")
    text = example_text("mod_md", domain.name)
    agreed = "MDCertificateAgreement accepted\n"
    assert agreed in text
    text = text.replace(agreed, f"{agreed}MDCertificateAuthority {acme.directory}\n")
    yield domain, f"LogLevel mta_sts:info\n{text}"
    apache.disable_module("md")


def test_the_example_for_mod_md_gets_its_certificate_in_three_reloads(module, site, apache, sites):
    domain, text = site
    log = Log(apache.error_log.path)
    apache.enable_module("ssl", "md")
    sites(domain.host, text)
    log.mark()
    apache.graceful()
    log.wait(rf"Managed Domain {domain.host} has been setup", 60)
    line, = log.lines(LOGGED)
    assert re.search(r"\[mta_sts:info\] .*/mta-sts.managed.test.conf:\d+: mta-sts.managed.test: "
                     r".*; wait for mod_md to obtain it.* \[certificate-missing\]$", line)
    log.mark()
    apache.graceful()
    assert log.lines(LOGGED) == []
    response = domain.fetch()
    assert (response.status, response.body) == (200, policy_text("testing", "mx1.managed.test"))
    assert response.names == [domain.host]
