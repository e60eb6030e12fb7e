# SPDX-License-Identifier: Apache-2.0
"""MX records that change: `mta-sts watch` notices, `mta-sts mx` changes what mta-sts-setup wrote, and
mta-sts-setup finds its own file again."""

import subprocess

import pytest

from lab.domain import policy_id, policy_text
from lab.process import run
from lab.setup import set_up

pytestmark = pytest.mark.usefixtures("restored")

NAME, OTHER_NAME = "drift.test", "retired.test"
MX, NEW = f"mx1.{NAME}", f"mx2.{NAME}"
NETWORK = ("--trust-anchor", "/run/lab/unbound/anchor")


def call(command, *words, status):
    done = subprocess.run(["mta-sts", command, *NETWORK, *words], capture_output=True, text=True,
                          timeout=100)
    print(done.stdout)
    assert (done.returncode, done.stderr) == (status, ""), done
    return done.stdout


def watch(status, *words):
    return call("watch", "--no-smtp", *words, NAME, status=status)


def begin(dns, made, name):
    """A domain that mta-sts-setup has set up, with all records."""
    domain = made(name, MX)
    if name == NAME:
        for host in MX, NEW:
            dns.publish(host, "A", "127.0.0.77")
    set_up(name, "--mx", MX)
    domain.publish_id()
    dns.txt(f"_smtp._tls.{name}", f"v=TLSRPTv1; rua=mailto:tls@{name}")
    return domain


def test_a_new_mail_server_from_the_first_alarm_to_the_last_step(bare, dns, made):
    domain = begin(dns, made, NAME)
    assert watch(1).startswith("begin: ")
    assert watch(0) == ""
    dns.publish(NAME, "MX", f"10 {MX}.", f"20 {NEW}.")
    assert watch(0) == ""
    line = watch(1)
    assert line.startswith(f"new: {NAME}: warning: {NEW}: the policy does not cover this host")
    assert f"(see: mta-sts mx {NAME})" in line

    text = call("mx", NAME, status=1)
    assert f"1. change the policy: mta-sts mx --apply {NAME}" in text
    expected = policy_text("testing", MX, NEW)
    done = run("mta-sts", "mx", *NETWORK, "--apply", NAME, check=False)
    assert done.returncode == 1 and f"{NEW}: would be added as " in done.stdout, done
    text = call("mx", "--apply", "--yes", NAME, status=0)
    assert text.endswith(f' publish _mta-sts.{NAME}. IN TXT "v=STSv1; id={policy_id(expected)};"\n')
    assert domain.fetch().body == expected
    domain.publish_id()

    assert watch(0) == ""
    assert watch(1).startswith(f"resolved: {NAME}: {NEW}: the policy does not cover this host")
    assert watch(0) == ""
    assert set_up(NAME).startswith("Nothing to change.\n")

    # An address that this machine cannot reach hides nothing of the others.
    dns.publish(domain.host, "AAAA", "2001:db8::1")
    assert watch(0, "--warning", "3650") == ""
    assert "[certificate-expires-soon]" in watch(1, "--warning", "3650")
    assert watch(0) == ""
    assert watch(1).startswith(f"resolved: {NAME}: {domain.host}: ")


def test_a_retired_mail_server_leaves_dns_first(bare, dns, made):
    domain = begin(dns, made, OTHER_NAME)
    set_up(OTHER_NAME, "--mx", MX, "--mx", NEW, "--mode", "testing")
    dns.publish(OTHER_NAME, "MX", f"10 {MX}.", f"20 {NEW}.")
    done = run("mta-sts", "mx", *NETWORK, "--apply", "--remove", NEW, OTHER_NAME, check=False)
    assert done.returncode == 1
    assert f"nothing was changed: {NEW} is still an MX host" in done.stdout
    dns.publish(OTHER_NAME, "MX", f"10 {MX}.")
    call("mx", "--apply", "--remove", NEW, OTHER_NAME, status=0)
    assert domain.fetch().body == policy_text("testing", MX)
