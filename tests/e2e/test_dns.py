# SPDX-License-Identifier: Apache-2.0
"""`mta-sts dns` and scripts/publish-id: their output is published in a real zone."""

import json
import re
import shlex
import socket
import subprocess
import time
from pathlib import Path

import pytest

from lab import APACHE, DIRECTORY, NAMESERVER
from lab.apache import ETC, site_text
from lab.deadline import wait_until
from lab.dns import UPDATE_KEY, ask, quoted
from lab.domain import MailDomain, policy_id, policy_text
from lab.process import run

NAME = "published.test"
RUA = f"mailto:tls@{NAME}"
REPORTS = f"v=TLSRPTv1; rua={RUA}"
CONF = "published-policy"
OLD = "v=STSv1; id=20250101;"
MUTE = "127.0.2.96"
EXAMPLES = Path("/usr/share/doc/mod_mta_sts/examples")


def record(text):
    return f"v=STSv1; id={policy_id(text)};"


def run_dns(*words, user=None):
    return subprocess.run(["mta-sts", "dns", *words], capture_output=True, text=True, timeout=60,
                          user=user)


def run_dns_json(*words):
    return json.loads(run_dns("--format", "json", *words).stdout)["domains"][0]


def lines(output):
    """What would be pasted."""
    return [line for line in output.splitlines() if not line.startswith(";")]


class Policy:
    """The policy of the domain in Apache's configuration."""

    def __init__(self, apache):
        self.apache = apache

    def write(self, mode, *mx):
        """Changes the configuration, not yet what is served; returns the text to come."""
        text = (f"<MTASTSPolicy {NAME}>\n    MTASTSMode {mode}\n    MTASTSMx {' '.join(mx)}\n"
                "</MTASTSPolicy>\n")
        (ETC / "conf-available" / f"{CONF}.conf").write_text(text)
        return policy_text(mode, *mx)

    def serve(self, mode, *mx):
        text = self.write(mode, *mx)
        self.apache.graceful()
        return text


@pytest.fixture(scope="module")
def host(module, dns, apache, certbot, sites):
    domain = MailDomain(dns, NAME)
    apache.conf(CONF, f"<MTASTSPolicy {NAME}>\n    MTASTSMx mx1.lab.test\n</MTASTSPolicy>\n")
    sites(domain.host, site_text(domain.host))
    certbot.apache(domain.host)
    yield domain
    apache.remove_conf(CONF)


@pytest.fixture
def policy(host, apache, dns):
    """The policy in mode enforce, served; nothing of it is in DNS."""
    for name in f"_mta-sts.{NAME}", f"_smtp._tls.{NAME}":
        dns.remove(name, "TXT")
    policy = Policy(apache)
    policy.text = policy.serve("enforce", "mx1.lab.test")
    return policy


@pytest.fixture(scope="module")
def key():
    path = DIRECTORY / "update.key"
    path.write_text(UPDATE_KEY)
    return path


def update(commands, key):
    return run("nsupdate", "-k", key, input=f"server {NAMESERVER}\n{commands}")


def wait_for(name, *texts):
    wait_until(lambda: ask(name, "TXT").values("TXT") == sorted(map(quoted, texts)),
               lambda: f"{texts} at {name}, last {ask(name, 'TXT')}")


def test_the_records_pasted_into_the_zone_are_what_senders_need(policy, dns):
    result = run_dns("--rua", RUA, "--rua", f"https://{NAME}/r,1", NAME)
    assert (result.returncode, result.stderr) == (0, "")
    pasted = [re.match(r"(\S+)\. \d+ IN (\S+) (.*) ; (\w+)$", line).groups()
              for line in lines(result.stdout)]
    assert [(name, kind, state) for name, kind, _, state in pasted] == [
        (f"_mta-sts.{NAME}", "TXT", "missing"), (f"mta-sts.{NAME}", "A", "same"),
        (f"_smtp._tls.{NAME}", "TXT", "missing")]
    for name, kind, value, _ in pasted:
        dns.publish(name, kind, value)
    found = run("mta-sts-query", NAME).stdout
    assert "VALID" in found and policy_id(policy.text) in found
    for option, name in ("mta-sts", "_mta-sts"), ("tlsrpt", "_smtp._tls"):
        text, = (value.strip('"') for value in ask(f"{name}.{NAME}", "TXT").values("TXT"))
        assert "valid" in run("mta-sts", "lint", f"--{option}-record", text).stdout
    again = run_dns_json(NAME)
    assert {record["state"] for record in again["records"]} == {"same"}
    assert again["steps"] == ["Nothing to do: the policy is served, and its "
                              "records are in DNS."]


def test_nsupdate_brings_the_zone_up_to_date(policy, dns, key):
    dns.txt(f"_mta-sts.{NAME}", OLD, "v=STSv1; id=2;", "somebody else's")
    result = run_dns("--format", "nsupdate", "--rua", RUA, "--ttl", "300", NAME)
    assert result.returncode == 0, result.stderr
    update(result.stdout, key)
    wait_for(f"_mta-sts.{NAME}", record(policy.text), "somebody else's")
    wait_for(f"_smtp._tls.{NAME}", REPORTS)
    assert lines(run_dns("--format", "nsupdate", "--rua", RUA, NAME).stdout) == []


@pytest.fixture
def long_ttls(policy, key):
    """TTLs in the zone of which the resolver's cache keeps no more than a second."""
    policy.serve("testing", "mx9.lab.test")
    update(f"update add _mta-sts.{NAME}. 300 TXT \"{OLD}\"\nsend\n"
           f"update delete {NAME}. MX\nupdate add {NAME}. 172800 MX 10 mx1.lab.test.\nsend\n",
           key)
    wait_for(f"_mta-sts.{NAME}", OLD)
    yield
    update(f"update delete {NAME}. MX\nupdate add {NAME}. 1 MX 10 mx1.lab.test.\nsend\n", key)


def test_the_times_to_wait_are_the_ttls_of_the_zone_not_what_a_cache_has_left(long_ttls):
    result = run_dns_json(NAME)
    first = result["records"][0]
    assert (first["state"], first["ttl"], first["now"]) == ("differs", 300, OLD)
    assert any("then wait 5 minutes, its TTL:" in step for step in result["steps"]), result["steps"]
    assert any("and wait (2 days, the TTL of the MX records)" in step for step in result["steps"])


def test_where_the_name_servers_of_the_zone_do_not_answer_the_times_are_the_least(long_ttls, dns):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind((MUTE, 53))
        dns.pretend(f"ns.{NAME}", MUTE)
        try:
            began = time.monotonic()
            result = run_dns_json(NAME)
            took = time.monotonic() - began
        finally:
            dns.end_pretending(f"ns.{NAME}")
    assert took < 30
    assert result["records"][0]["ttl"] == 3600
    for least in "then wait at least 1 second, its TTL as seen in a cache;", \
            "and wait (at least 1 second, the TTL of the MX records as seen in a cache;":
        assert any(least in step for step in result["steps"]), result["steps"]


def test_differences_from_dns_are_marked(policy, dns):
    dns.txt(f"_mta-sts.{NAME}", OLD, "v=STSv1; id=3;")
    dns.txt(f"_smtp._tls.{NAME}", REPORTS)
    result = run_dns("--rua", "mailto:other@lab.test", "--address", "192.0.2.7", NAME)
    assert re.search(r'^_mta-sts.* ; differs: DNS has "v=STSv1; id=', result.stdout, re.M)
    assert re.search(r"^;_mta-sts.* ; superfluous: delete it$", result.stdout, re.M)
    assert re.search(r"^mta-sts.* IN A 192.0.2.7 ; missing$", result.stdout, re.M)
    assert re.search(rf"^;mta-sts.* IN A {APACHE} ; superfluous", result.stdout, re.M)
    assert re.search(rf'^_smtp.*other@lab.test" ; differs: DNS has "{re.escape(REPORTS)}"$',
                     result.stdout, re.M)


def test_an_alias_of_the_policy_host_is_kept(policy, dns):
    dns.publish(f"alias.{NAME}", "A", APACHE)
    dns.remove(f"mta-sts.{NAME}", "A")
    dns.publish(f"mta-sts.{NAME}", "CNAME", f"alias.{NAME}.")
    try:
        result = run_dns(NAME)
    finally:
        dns.remove(f"mta-sts.{NAME}", "CNAME")
        dns.publish(f"mta-sts.{NAME}", "A", APACHE)
    assert re.search(rf"^mta-sts\.{NAME}\. \d+ IN CNAME alias\.{NAME}\. ; same$", result.stdout,
                     re.M), result.stdout + result.stderr


def test_the_id_is_held_back_while_another_policy_is_served(policy, tmp_path):
    path = tmp_path / "policy.txt"
    path.write_bytes(policy_text("enforce", "mx1.lab.test", "mx9.lab.test"))
    result = run_dns("--policy", str(path), NAME)
    assert result.returncode == 1
    assert "[policy-not-served]" in result.stderr
    assert not any(line.startswith("_mta-sts") for line in lines(result.stdout))
    assert f"; not yet: another policy is served, with the id {policy_id(policy.text)}\n" \
        in result.stdout
    assert "No MX record matches these patterns of the policy: mx9.lab.test." in result.stdout


def test_the_id_is_held_back_while_an_mx_host_is_not_covered(policy):
    policy.serve("enforce", "mx9.lab.test")
    result = run_dns(NAME)
    assert result.returncode == 1
    assert "[mx-not-in-policy]" in result.stderr
    assert "; not yet: the policy does not cover the MX host mx1.lab.test\n" in result.stdout
    policy.serve("testing", "mx9.lab.test")
    assert run_dns(NAME).returncode == 0


def test_a_domain_without_a_policy_is_reported(dns):
    dns.zone("unserved.test")
    result = run_dns("unserved.test")
    assert (result.returncode, result.stdout) == (1, "")
    assert "[policy-missing]" in result.stderr and "[policy-host-no-address]" in result.stderr
    assert "on the web server: mta-sts-setup unserved.test" in result.stderr
    unknown = run_dns("nosuch.test.").stderr
    assert re.findall(r"\[([a-z-]+)\]$", unknown, re.M) == ["domain-unknown"]


def test_the_policy_to_be_served_next_is_read_from_the_configuration(policy):
    coming = policy.write("enforce", "*.lab.test")
    result = run_dns("--from-apache", "--offline", NAME)
    assert result.returncode == 0, result.stderr
    assert record(coming) in result.stdout
    result = run_dns("--from-apache", "other.test")
    assert result.returncode == 1
    assert "[policy-not-configured]" in result.stderr


def test_a_user_who_cannot_read_the_configuration_sees_the_reason(policy):
    result = run_dns("--from-apache", NAME, user="nobody")
    assert result.returncode == 1
    assert "root" in result.stderr


def test_publish_id_waits_until_the_policy_is_served(policy, key):
    script = EXAMPLES / "publish-id"
    words = [script, "-k", key, "-s", NAMESERVER]
    before = policy.text
    # Nothing proves that the new mode enforce is safe.
    refused = run(*words, "--rua", RUA, NAME, check=False)
    assert refused.returncode == 1
    for text in "is in mode enforce", "[reports-missing]", "nothing was published":
        assert text in refused.stdout
    run(words[0], "--force", *words[1:], "--rua", RUA, NAME)
    wait_for(f"_mta-sts.{NAME}", record(before))

    coming = policy.write("testing", "*.lab.test")
    failed = run(*words, "-w", "0", NAME, check=False)
    assert failed.returncode == 1
    assert "[policy-not-served]" in failed.stdout and "nothing was published" in failed.stdout
    wait_for(f"_mta-sts.{NAME}", record(before))

    waiting = subprocess.Popen([*words, "-w", "60", NAME])
    try:
        assert waiting.poll() is None
        policy.apache.graceful()
        assert waiting.wait(60) == 0
    finally:
        waiting.kill()
        waiting.wait()
    wait_for(f"_mta-sts.{NAME}", record(coming))
    assert "DNS is up to date" in run(*words, NAME).stdout

    # No server accepts mail there, so it is unknown whether mode enforce would delay it.
    unsafe = policy.write("enforce", "*.lab.test")
    policy.apache.graceful()
    refused = run(*words, "-w", "60", NAME, check=False)
    assert refused.returncode == 1
    for text in "is in mode enforce", "nothing was published", "--force":
        assert text in refused.stdout
    wait_for(f"_mta-sts.{NAME}", record(coming))
    run(words[0], "--force", *words[1:], "-w", "60", NAME)
    wait_for(f"_mta-sts.{NAME}", record(unsafe))


@pytest.fixture(scope="module")
def provider(module, dns):
    dns.zone("provider.test")


@pytest.fixture
def delegated(policy, dns, provider):
    """Both records are CNAMEs into the zone of another party, which has an old id."""
    names = {f"_mta-sts.{NAME}": "_mta-sts.provider.test", f"_smtp._tls.{NAME}": "reports.provider.test"}
    dns.txt("_mta-sts.provider.test", OLD)
    dns.txt("reports.provider.test", REPORTS)
    for name, target in names.items():
        dns.publish(name, "CNAME", f"{target}.")
    yield policy
    for name in names:
        dns.remove(name, "CNAME")


def test_records_in_the_zone_of_another_party_are_asked_for_and_never_sent(delegated, key):
    request = (f'ask the operator of _mta-sts.provider.test, where the CNAME of _mta-sts.{NAME} points, '
               f'to publish "{record(delegated.text)}" there')
    for words in ["--format", "zone"], ["--format", "nsupdate"]:
        result = run_dns(*words, "--rua", "mailto:new@lab.test", NAME)
        assert result.returncode == 0, result.stderr
        assert [line for line in lines(result.stdout) if "TXT" in line or "send" in line] == []
        assert f"; elsewhere: {request}" in result.stdout
        assert "[record-elsewhere]" in result.stderr
    shown = run_dns_json("--rua", "mailto:new@lab.test", NAME)
    assert [found for found in shown["records"] if found["type"] == "TXT"] == []
    assert [(found["name"], found["target"], found["state"], found["now"])
            for found in shown["delegated"]] == [
        (f"_mta-sts.{NAME}", "_mta-sts.provider.test", "differs", OLD),
        (f"_smtp._tls.{NAME}", "reports.provider.test", "differs", REPORTS)]

    published = run(EXAMPLES / "publish-id", "-k", key, "-s", NAMESERVER, NAME, check=False)
    assert published.returncode == 1 and f"not published: {request}" in published.stdout
    assert "published: _mta" not in published.stdout
    assert ask("_mta-sts.provider.test", "TXT").values("TXT") == [quoted(OLD)]


def test_setup_names_the_party_that_has_the_record(delegated):
    output = run("mta-sts-setup", NAME, "--dry-run", "--force").stdout
    assert "ask the operator of _mta-sts.provider.test" in output
    assert f'_mta-sts.{NAME}. IN TXT "v=STSv1' not in output
    assert f'_smtp._tls.{NAME}. IN TXT "{REPORTS}"   (already published)' in output


@pytest.fixture
def second(policy, apache):
    """A second policy in the configuration, which no virtual host serves."""
    apache.conf("second-policy", "<MTASTSPolicy second.test>\n    MTASTSMx mx1.lab.test\n</MTASTSPolicy>\n")
    yield "second.test"
    apache.remove_conf("second-policy")


def test_all_policy_domains_of_this_machine_are_printed_without_a_domain(second):
    result = run_dns("--from-apache", "--offline")
    assert {NAME, second} <= set(re.findall(r"^_mta-sts\.([a-z.]+)\. ", result.stdout, re.M))


def test_each_command_that_is_advised_where_no_policy_is_served_prints_what_it_should(second, dns):
    dns.zone(second)
    result = run_dns(second)
    assert result.returncode == 1
    advised = re.search("until then (mta-sts dns .*?) prints its records", result.stderr)[1]
    assert f";_mta-sts.{second}. " in run(*shlex.split(advised), check=False).stdout
    checked = run("mta-sts", "check", second, check=False).stdout
    assert f"serve a policy first (on the web server: mta-sts-setup {second})" in checked
    assert "first fix what is reported about the policy host" in run("mta-sts", "check", check=False).stdout
