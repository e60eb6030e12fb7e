# SPDX-License-Identifier: Apache-2.0
"""certbot --apache and the module on one machine: issuing, copying, renewing."""

import re

import pytest

from lab.apache import example_text, site_text
from lab.deadline import wait_until
from lab.domain import MailDomain, policy_text
from lab.fetch import fetch
from lab.load import Load
from lab.process import run

POLICY = policy_text("enforce", "mx1.lab.test", "*.example.test", max_age=86400)
FLAT = """\
    MTASTSMode enforce
    MTASTSMx mx1.lab.test *.example.test
    MTASTSMaxAge 1d"""

# Every way to write the same policy for {domain} into its virtual host.
# (None is called ifmodule: certbot fails where a file's name contains that word.)
SYNTAXES = {
    "flat": FLAT,
    "repeated": """\
    MTASTSMode enforce
    MTASTSMx mx1.lab.test
    MTASTSMx *.example.test
    MTASTSMaxAge 86400""",
    "wrapped": f"""\
    <IfModule mod_mta_sts.c>
    {FLAT}
    </IfModule>""",
    "bare": f"""\
    <MTASTSPolicy {{domain}}>
    {FLAT}
    </MTASTSPolicy>""",
    "quoted": f"""\
    <MTASTSPolicy "{{domain}}">
    {FLAT}
    </MTASTSPolicy>""",
    "several-domains": f"""\
    <MTASTSPolicy "first.{{domain}}" {{domain}} 'third.{{domain}}'>
    {FLAT}
    </MTASTSPolicy>""",
    "several-blocks": f"""\
    <MTASTSPolicy first.{{domain}}>
        MTASTSMode none
        MTASTSMx mx9.lab.test
    </MTASTSPolicy>
    <MTASTSPolicy {{domain}}>
    {FLAT}
    </MTASTSPolicy>""",
    "inheriting-block": """\
    MTASTSMode enforce
    MTASTSMaxAge 24h
    <MTASTSPolicy {domain}>
        MTASTSMx mx1.lab.test *.example.test
    </MTASTSPolicy>""",
    "wrapped-block": f"""\
    <IfModule mod_mta_sts.c>
    <MTASTSPolicy {{domain}}>
    {FLAT}
    </MTASTSPolicy>
    </IfModule>""",
    "other-case": """\
    <mtastspolicy {domain}>
        mtastsmode enforce
        MTASTSMX MX1.lab.test *.EXAMPLE.test
        mtastsmaxage 86400
    </mtastspolicy>""",
    "nested-quotes": """\
    SetEnv NOTE "it's \\"quoted\\", <b>and</b> 'nested'"
    <MTASTSPolicy '{domain}'>
        MTASTSMode "enforce"
        MTASTSMx "mx1.lab.test" '*.example.test'
        MTASTSMaxAge '86400'
    </MTASTSPolicy>""",
    "continuation-lines": """\
    MTASTSMode \\
        enforce
    MTASTSMx mx1.lab.test \\
             *.example.test
    MTASTSMaxAge 86400""",
}

# What virtual hosts do with every request; certbot's challenge and the policy must get past it.
REDIRECTS = {
    "redirect": "Redirect permanent / https://{host}/",
    "rewrite": "RewriteEngine on\nRewriteRule ^ https://%{{HTTP_HOST}}%{{REQUEST_URI}} [R=301,L]",
    "proxy": "ProxyPass / http://127.0.0.1:9/",
}


def lines_of(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def contains(whole, part):
    """Whether the list `part` occurs in `whole` in one piece."""
    return any(whole[at:at + len(part)] == part for at in range(len(whole)))


@pytest.fixture(scope="module")
def copied(module, certbot, dns, sites):
    """A site for each syntax, {name: (domain, lines)}, with one certificate for all of them."""
    made = {}
    for name, template in SYNTAXES.items():
        domain = MailDomain(dns, f"{name}.test")
        made[name] = domain, template.format(domain=domain.name)
        sites(domain.host, site_text(domain.host, made[name][1]))
    certbot.apache(*(domain.host for domain, _ in made.values()), name="syntaxes")
    return made


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_certbot_copies_every_syntax_whole_and_https_serves_the_policy(copied, apache, syntax):
    domain, lines = copied[syntax]
    copy = apache.site_file(f"{domain.host}-le-ssl").read_text()
    assert contains(lines_of(copy), lines_of(lines)), copy
    response = domain.fetch()
    assert (response.status, response.body) == (200, POLICY)


@pytest.fixture(scope="module")
def redirected(module, certbot, apache, dns, sites):
    """A site for each redirect, {name: domain}, with one certificate for all of them."""
    apache.enable_module("alias", "rewrite", "proxy", "proxy_http")
    made = {}
    for name, template in REDIRECTS.items():
        made[name] = domain = MailDomain(dns, f"{name}.test")
        sites(domain.host, site_text(domain.host, template.format(host=domain.host) + "\n" + FLAT))
    certbot.apache(*(domain.host for domain in made.values()), name="redirects", redirect=False)
    return made


@pytest.mark.parametrize("redirect", REDIRECTS)
def test_the_challenge_and_the_policy_get_past_every_kind_of_redirect(redirected, redirect):
    domain = redirected[redirect]
    elsewhere = fetch(domain.host, "/elsewhere", scheme="http")
    assert elsewhere.status in (301, 503), "the redirect is not in effect"
    response = domain.fetch()
    assert (response.status, response.body) == (200, POLICY)


def test_renewals_get_past_every_kind_of_redirect(redirected, certbot):
    before = {domain.fetch().serial for domain in redirected.values()}
    certbot.renew("redirects")

    def renewed():
        return before.isdisjoint(domain.fetch().serial for domain in redirected.values())

    wait_until(renewed, "the new certificate on every site")


def test_a_further_policy_host_joins_the_certificate_by_expand(redirected, certbot, dns, sites):
    domain = MailDomain(dns, "joined.test")
    sites(domain.host, site_text(domain.host, FLAT))
    hosts = [its.host for its in redirected.values()] + [domain.host]
    certbot.apache(*hosts, name="redirects", redirect=False, expand=True)
    response = domain.fetch()
    assert (response.status, response.body) == (200, POLICY)
    assert response.names == sorted(hosts)


def test_the_example_site_is_renewed_under_load_with_the_new_certificate_and_no_failed_request(
        module, certbot, dns, apache, sites):
    domain = MailDomain(dns, "renewed.test")
    policy = policy_text("testing", "mx1.renewed.test", "mx2.renewed.test")
    sites(domain.host, example_text("http-only", domain.name))
    certbot.apache(domain.host)
    before = domain.fetch().serial
    with Load(domain, policy) as load:
        certbot.renew(domain.host)
        wait_until(lambda: domain.fetch().serial != before, "the new certificate")
        apache.graceful()
    assert domain.fetch().body == policy
    assert load.requests > 100
    assert load.failures == []


def shown_commands(text):
    """certbot's calls in the comments of an example site, as words."""
    comments = "".join(re.findall(r"(?m)^# ?(.*\n)", text)).replace("\\\n", " ")
    return [line.split() for line in re.findall(r"(?m)^ +(certbot .*)$", comments)]


TWO = policy_text("enforce", "mx1.several.test", "mx2.several.test")
WITH_CERTIFICATE = {
    "certbot": {"alone.test": policy_text("enforce", "mx1.alone.test", "*.backup.net-alone.test",
                                          max_age=4 * 604800)},
    "several-domains": {"several.test": TWO, "net-several.test": TWO,
                        "org-several.test": policy_text("testing", "mail.org-several.test")},
}


@pytest.mark.parametrize("name", WITH_CERTIFICATE)
def test_an_example_serves_its_policies_after_the_command_it_shows(
        module, certbot, dns, apache, sites, name):
    policies = WITH_CERTIFICATE[name]
    domains = [MailDomain(dns, domain) for domain in policies]
    text = example_text(name, domains[0].name)
    command, = shown_commands(text)
    apache.enable_module("ssl")
    run(*command)
    sites(domains[0].host, text)
    for domain in domains:
        assert domain.fetch().body == policies[domain.name]
