# SPDX-License-Identifier: Apache-2.0
"""mta-sts-setup: from a machine without MTA-STS to a policy that senders fetch, and back."""

import re
from datetime import datetime, timezone
from pathlib import Path

import pytest

import lab
from lab import database
from lab.apache import ETC, site_text
from lab.deadline import wait_until
from lab.domain import MailDomain, policy_id, policy_text
from lab.fetch import fetch
from lab.log import Log
from lab.process import run
from lab.setup import MX, enabled, forget, set_up, tree

NOWHERE = "https://127.0.0.1:9/directory"

pytestmark = pytest.mark.usefixtures("restored")


def hours_from_now(text):
    then = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
    return (then - datetime.now(timezone.utc)).total_seconds() / 3600


def undo_commands(output):
    """The commands that the program prints after a failure."""
    return re.findall(r"^  (\S.*)$", output.split("or undo these changes with:\n")[1], re.M)


@pytest.fixture(scope="module")
def served_by_all(dns):
    domain = MailDomain(dns, "served.test", MX)
    set_up(domain.name, "--mx", MX)
    yield domain
    forget(domain)


@pytest.fixture
def served(served_by_all):
    """A domain that the program has set up, with the same policy at the start of each test."""
    set_up(served_by_all.name, "--mx", MX, "--mode", "testing", "--max-age", "1w")
    return served_by_all


def assert_served(domain, text):
    response = domain.fetch()
    assert (response.status, response.body) == (200, text)


# --- setting up ---


def test_a_bare_machine_gets_a_policy_with_a_certificate_and_the_records_are_shown(bare, made):
    domain = made("fresh.test")
    output = set_up(domain.name, "--mx", MX, "--mx", "*.backup.test", "--email", "admin@fresh.test")
    expected = policy_text("testing", MX, "*.backup.test")
    assert_served(domain, expected)
    assert domain.fetch().names == [domain.host]
    record = f'_mta-sts.fresh.test. IN TXT "v=STSv1; id={policy_id(expected)};"'
    reports = '_smtp._tls.fresh.test. IN TXT "v=TLSRPTv1; rua=mailto:admin@fresh.test"'
    assert 0 < output.index(record) < output.index(reports)


def test_a_second_run_changes_nothing_and_says_the_same_records(served):
    before = tree()
    log = Log("/var/log/apache2/error.log")
    output = set_up(served.name, "--mx", MX)
    assert output.startswith("Nothing to change.\n")
    assert "v=STSv1; id=" in output
    assert tree() == before
    assert log.lines("SIGUSR1") == []


def test_a_published_record_is_recognised(served):
    assert "(already published)" not in set_up(served.name)
    served.publish_id()
    assert re.search(r"id=\w+;\"   \(already published\)", set_up(served.name))


def test_a_dry_run_shows_files_and_commands_and_changes_nothing(bare, made):
    domain = made("dry.test")
    before = tree()
    output = set_up(domain.name, "--mx", MX, "--dry-run")
    assert tree() == before
    assert "a2enmod -q mta_sts ssl\n" in output
    assert "+    <MTASTSPolicy dry.test>\n" in output
    assert "a2ensite -q mta-sts.dry.test\n" in output
    assert re.search(r"^    certbot --apache .* -d mta-sts.dry.test$", output, re.M)
    assert "Publish" not in output and "publish in DNS" not in output
    assert re.search(r'^1\. _mta-sts\.dry\.test\. IN TXT "v=STSv1; id=[0-9a-f]{20};"$', output, re.M)
    assert output.endswith("\nNothing was changed.\n")


def test_a_rehearsal_asks_the_staging_ca(made):
    made("rehearsed.test")
    output = set_up("rehearsed.test", "--mx", MX, "--staging", "--dry-run", server=None)
    server = "https://acme-staging-v02.api.letsencrypt.org/directory"
    assert re.search(rf"^    certbot .* --server {server} ", output, re.M)


def test_an_existing_site_gets_the_name_and_its_certificate_keeps_its_names(
        made, certbot, dns, apache, request):
    domain = made("shop.test")
    dns.publish("www.shop.test", "A", lab.APACHE)
    dns.publish("shop.test", "A", lab.APACHE)
    request.addfinalizer(lambda: forget(domain, "shop", "shop-le-ssl", "www.shop.test"))
    apache.site("shop", site_text("www.shop.test", "    ServerAlias shop.test"))
    certbot.apache("www.shop.test", "shop.test")
    output = set_up(domain.name, "--mx", MX, "--site", "shop")
    assert_served(domain, policy_text("testing", MX))
    assert domain.fetch().names == ["mta-sts.shop.test", "shop.test", "www.shop.test"]
    assert fetch("www.shop.test", "/").names == domain.fetch().names
    assert not apache.site_file(domain.host).exists()
    assert "certbot" in output

    before = tree()
    assert set_up(domain.name, "--site", "shop").startswith("Nothing to change.\n")
    assert tree() == before

    # A change reaches https without a look at certbot's copy of the site.
    set_up(domain.name, "--mode", "enforce", "--force")
    assert_served(domain, policy_text("enforce", MX))

    set_up(domain.name, "--remove")
    set_up(domain.name, "--remove", "--force")
    assert fetch("www.shop.test", "/").names == ["shop.test", "www.shop.test"]
    for name in "shop", "shop-le-ssl":
        text = apache.site_file(name).read_text()
        assert domain.host not in text and "ServerAlias shop.test" in text
    assert not (ETC / "conf-available" / f"{domain.host}.conf").exists()


HIDING = """\
<VirtualHost {address}:443>
    ServerName hiding.lab.test
    SSLEngine on
    SSLCertificateFile {files.chain}
    SSLCertificateKeyFile {files.key}
</VirtualHost>
"""


@pytest.fixture
def hiding(apache, ca):
    """A site of the very address, which hides those of *:443, with a certificate of its own."""
    apache.enable_module("ssl")
    apache.site("hiding", HIDING.format(address=lab.APACHE, files=ca.issue("hiding.lab.test")))
    yield
    apache.remove_site("hiding")
    apache.graceful()


def test_virtual_hosts_of_the_very_address_do_not_hide_a_new_site(hiding, made):
    domain = made("unhidden.test")
    set_up(domain.name, "--mx", MX)
    assert_served(domain, policy_text("testing", MX))


def test_mod_md_gets_the_certificate_from_a_bare_machine(bare, made, apache, request):
    domain = made("md-made.test")
    request.addfinalizer(lambda: apache.disable_module("md"))
    set_up(domain.name, "--mx", MX, "--mod-md", "--email", "admin@lab.test")
    assert_served(domain, policy_text("testing", MX))
    assert domain.fetch().names == [domain.host]
    before = tree(ETC / "sites-available", ETC / "sites-enabled", ETC / "mods-enabled")
    assert set_up(domain.name, "--mx", MX, "--mod-md").startswith("Nothing to change.\n")
    assert tree(ETC / "sites-available", ETC / "sites-enabled", ETC / "mods-enabled") == before
    set_up(domain.name, "--mode", "enforce", "--force")
    assert_served(domain, policy_text("enforce", MX))


def test_a_run_continues_where_an_interrupted_one_ended(made, apache):
    domain = made("resumed.test")
    set_up(domain.name, "--mx", MX, server=NOWHERE, status=1)
    set_up(domain.name, "--mx", MX)
    assert_served(domain, policy_text("testing", MX))


def test_a_server_that_was_not_reloaded_is(served, apache):
    path = apache.site_file(served.host)
    path.write_text(path.read_text().replace("testing", "enforce"))
    output = set_up(served.name)
    assert "* reload Apache" in output
    assert_served(served, policy_text("enforce", MX))


# --- changing ---


def test_a_changed_policy_reaches_https_and_its_id_is_shown(served):
    text = policy_text("enforce", "other.setup.test", max_age=2 * 604800)
    output = set_up(served.name, "--mode", "enforce", "--force", "--mx", "other.setup.test",
                   "--max-age", "2w")
    assert_served(served, text)
    assert f"id={policy_id(text)};" in output


def test_a_policy_typed_into_a_virtual_host_is_changed_for_https_too(made, certbot, apache, dns):
    domain = made("typed.test")
    dns.publish(domain.name, "MX", "10 old.setup.test.", "20 older.setup.test.")
    lines = "    MTASTSMode testing\n    MTASTSMx old.setup.test \\\n        older.setup.test"
    apache.enable_module("mta_sts", "ssl")
    apache.graceful()
    apache.site(domain.host, site_text(domain.host, lines))
    certbot.apache(domain.host)
    assert set_up(domain.name).startswith("Nothing to change.\n")
    set_up(domain.name, "--mode", "enforce", "--force", "--mx", MX)
    assert_served(domain, policy_text("enforce", MX))
    for name in domain.host, domain.host + "-le-ssl":
        assert "MTASTS" not in apache.site_file(name).read_text()

    # What the admin wrote stays, with its certificate.
    set_up(domain.name, "--remove")
    output = set_up(domain.name, "--remove", "--force")
    assert f"still has the name {domain.host}: remove it yourself" in output
    apache.configtest()
    assert domain.fetch().status == 404


def test_a_policy_of_several_domains_is_left_to_the_admin(served, apache, request):
    path = apache.site_file(served.host)
    kept = path.read_text()
    request.addfinalizer(lambda: path.write_text(kept))
    request.addfinalizer(lambda: apache.remove_conf("several"))
    block = f"<MTASTSPolicy {served.name} two.test>\n    MTASTSMx {MX}\n</MTASTSPolicy>\n"
    path.write_text(re.sub(r"(?s)<IfModule mod_mta_sts.*</IfModule>\n", "", kept, 1))
    apache.conf("several", block)
    before = tree()
    output = set_up(served.name, "--max-age", "2w", status=1)
    assert "conf-available/several.conf:1 defines the policy of several domains" in output
    assert tree() == before


def test_mode_enforce_needs_evidence_and_nothing_is_changed_without(served):
    before = tree()
    output = set_up(served.name, "--mode", "enforce", status=1)
    for text in "mode enforce is not known to be safe", "Nothing was changed", "--force":
        assert text in output
    assert tree() == before


# --- failing half-way ---


def test_a_failure_half_way_shows_what_was_done_and_its_undo_commands_work(bare, made):
    domain = made("halfway.test")
    before, switched_on = tree(), enabled()
    output = set_up(domain.name, "--mx", MX, server=NOWHERE, status=1)
    assert "could not get the certificate of mta-sts.halfway.test with certbot" in output
    assert "- write /etc/apache2/sites-available/mta-sts.halfway.test.conf\n" in output
    assert enabled() != switched_on
    for command in undo_commands(output):
        run("sh", "-c", command)
    now = {path: digest for path, digest in tree().items() if "/etc/letsencrypt/" not in path}
    assert now == {path: digest for path, digest in before.items()
                   if "/etc/letsencrypt/" not in path}
    assert enabled() == switched_on


def test_a_policy_that_a_sender_would_not_accept_in_the_end_is_a_failure_too(
        served, hiding, apache):
    before = apache.site_file(served.host).read_text()
    output = set_up(served.name, "--max-age", "2w", status=1)
    assert "could not fetch the policy over https as a sender does" in output
    assert f"https://{served.host}/.well-known/mta-sts.txt at {lab.APACHE}: its certificate is "\
           "not accepted: Hostname mismatch" in output
    assert "Do not publish anything in DNS yet" in output
    assert apache.site_file(served.host).read_text() != before
    for command in undo_commands(output):
        run("sh", "-c", command)
    assert apache.site_file(served.host).read_text() == before


# --- removing ---

def wait_until_noted(domain, policy):
    """Until the module has noted that it serves this policy now."""
    wait_until(lambda: database.FILE.exists() and policy_id(policy) in database.rows(
        f"SELECT id FROM mta_sts_history WHERE domain = '{domain}' AND last_served IS NULL"),
        "the policy to be in the history")


def test_removal_serves_none_until_every_copy_has_expired_and_only_then_removes(
        made, apache):
    served = made("leaving.test")
    set_up(served.name, "--mx", MX, "--max-age", "4w")
    wait_until_noted(served.name, policy_text("testing", MX, max_age=4 * 604800))
    set_up(served.name, "--max-age", "1d")
    output = set_up(served.name, "--remove")
    none = policy_text("none", MX, max_age=86400)
    assert_served(served, none)
    assert f'_mta-sts.{served.name}. IN TXT "v=STSv1; id={policy_id(none)};"' in output
    path = apache.site_file(served.host)
    until = re.search("# mta-sts-setup: being removed, serve mode none until (.*)\n",
                      path.read_text()).group(1)
    # Four weeks from now, because that is how long the longest-lived copy lives.
    assert hours_from_now(until) == pytest.approx(4 * 7 * 24, abs=1)
    # If the fetch log is up to date already, its date comes first, and this one as the worst case.
    assert until in output and re.search("That is 2[78] days from now.", output)

    before = tree()
    output = set_up(served.name, "--remove", status=1)
    assert "It is too early to remove the site" in output and until in output
    assert tree() == before

    # Whatever the file says, the history knows of the policy of four weeks.
    path.write_text(path.read_text().replace(until, "2026-01-01T00:00:00Z"))
    wait_until_noted(served.name, none)
    output = set_up(served.name, "--remove", status=1)
    assert hours_from_now(re.search(r"until (\S+):", output).group(1)) == pytest.approx(
        4 * 7 * 24, abs=1)

    # By the log nobody but this machine has fetched it, which is not certain: it asks.
    wait_until(lambda: policy_id(none) in database.rows(
        f"SELECT id FROM mta_sts_fetch WHERE domain = '{served.name}'"), "the fetches to be in the log")
    output = set_up(served.name, "--remove", status=1)
    assert "According to the fetch log, no sender holds an earlier policy any more." in output
    assert "In the worst case, senders" in output and served.host in str(path) and path.exists()

    # What was fetched later than the history says extends the time.
    database.rows("UPDATE mta_sts_history SET last_served = last_served - 31 * 86400000000 "
            f"WHERE domain = '{served.name}'")
    assert "It is too early to remove the site" in set_up(served.name, "--remove", status=1)
    database.rows("UPDATE mta_sts_fetch SET hour = hour - 31 * 24, last_at = last_at - 31 * 86400000000, "
            f"first_at = first_at - 31 * 86400000000 WHERE domain = '{served.name}'")
    output = set_up(served.name, "--remove")
    assert (f"1. _mta-sts.{served.name}. TXT or CNAME\n2. {served.host}. A, AAAA or CNAME\n"
            f"3. _smtp._tls.{served.name}. TXT or CNAME") in output
    assert not list(ETC.glob(f"sites-*/{served.host}*"))
    assert not Path("/etc/letsencrypt/live", served.host).exists()
    apache.configtest()
    assert set_up(served.name, "--remove").startswith("Nothing to do: ")


def test_a_dry_run_of_a_removal_changes_nothing_and_asks_for_no_dns_change(served, apache):
    set_up(served.name, "--remove")
    path = apache.site_file(served.host)
    path.write_text(path.read_text().replace(MX, "not-reloaded.test"))
    before = tree()
    log = Log("/var/log/apache2/error.log")
    assert "It is too early to remove the site" in set_up(served.name, "--remove", "--dry-run", status=1)
    output = set_up(served.name, "--remove", "--force", "--dry-run")
    assert f"would remove {path}\n" in output
    assert "in DNS" not in output
    assert output.endswith("\nNothing was changed.\n")
    assert tree() == before
    assert log.lines("SIGUSR1") == []


def test_previous_max_age_lengthens_the_removal(served):
    output = set_up(served.name, "--remove", "--previous-max-age", "31557600")
    until = re.search(r"until (\S+):", output).group(1)
    assert hours_from_now(until) == pytest.approx(31557600 / 3600, abs=1)


def test_a_removal_can_be_taken_back(served, apache):
    set_up(served.name, "--remove")
    set_up(served.name, "--mode", "enforce", "--force", "--max-age", "1w")
    assert_served(served, policy_text("enforce", MX))
    assert "being removed" not in apache.site_file(served.host).read_text()


# --- the mail server's own certificate ---

HOOK = Path("/etc/letsencrypt/renewal-hooks/deploy/reload-mail-server")


@pytest.fixture
def with_mx(served, dns, mx, certbot):
    """A served policy whose MX has a certificate that certbot on this machine keeps."""
    dns.publish(served.name, "MX", "10 mx1.lab.test.")
    set_up(served.name, "--mx", "mx1.lab.test")
    yield served
    dns.publish(served.name, "MX", f"10 {MX}.")
    HOOK.unlink(missing_ok=True)


def test_a_missing_deploy_hook_for_the_mail_server_is_reported(with_mx):
    output = set_up(with_mx.name)
    assert ("warning: certbot renews the certificate mx1.lab.test of the MX host mx1.lab.test "
            "here, but nothing reloads the mail server") in output
    assert not HOOK.exists()


def test_yes_installs_the_deploy_hook_and_it_runs_at_a_renewal(with_mx, certbot):
    set_up(with_mx.name, "--yes")
    assert HOOK.stat().st_mode & 0o777 == 0o755
    certbot.renew("mx1.lab.test")
    log = Path("/var/log/letsencrypt/letsencrypt.log").read_text()
    assert f"Running deploy-hook command: {HOOK}" in log and "error code" not in log
    assert "warning" not in set_up(with_mx.name)


def test_an_existing_hook_is_recognised(with_mx):
    own = HOOK.with_name("own")
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("#!/bin/sh\npostfix reload\n")
    own.chmod(0o755)
    try:
        assert "warning" not in set_up(with_mx.name)
    finally:
        own.unlink()
