# SPDX-License-Identifier: Apache-2.0
"""mod_md instead of certbot."""

import re

import pytest

from lab.domain import MailDomain, policy_text
from lab.log import Log

# Debian's own level, warn, would hide what is no more than an info.
SITE = """\
LogLevel mta_sts:info
MDomain {host}
MDCertificateAuthority {directory}
MDCertificateAgreement accepted
MDContactEmail admin@lab.test
<VirtualHost *:80>
    ServerName {host}
    Redirect permanent / https://{host}/
</VirtualHost>
<VirtualHost *:443>
    ServerName {host}
    SSLEngine on
    MTASTSMode testing
    MTASTSMx mx1.lab.test
</VirtualHost>
"""

# Every line of ours but those that list what is served.
TOLD = r"\[mta_sts:\w+\] (?!.*\[policy-served\]$)"


@pytest.fixture
def mod_md(apache):
    apache.enable_module("ssl", "md", "alias")
    # It takes the first configuration after its LoadModule for a dry run, and sleeps till the next.
    apache.graceful()
    apache.graceful()
    yield
    apache.disable_module("md")


def test_mod_md_gets_the_certificate_of_a_virtual_host_that_serves_its_policy(
        module, acme, mod_md, apache, dns, sites):
    domain = MailDomain(dns, "managed.test")
    log = Log(apache.error_log.path)
    sites(domain.host, SITE.format(host=domain.host, directory=acme.directory))
    log.wait(rf"Managed Domain {domain.host} has been setup", 60)
    told, = log.lines(TOLD)
    assert re.search(r"\[mta_sts:info\] .*/mta-sts.managed.test.conf:\d+: mta-sts.managed.test: "
                     r".*; wait for mod_md to get it.* \[certificate-missing\]$", told)
    log.mark()
    apache.graceful()
    assert log.lines(TOLD) == []
    response = domain.fetch()
    assert (response.status, response.body) == (200, policy_text("testing", "mx1.lab.test"))
    assert response.names == [domain.host]
