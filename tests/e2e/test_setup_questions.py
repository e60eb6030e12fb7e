# SPDX-License-Identifier: Apache-2.0
"""mta-sts-setup: what it refuses, and what it asks, before it changes anything."""

import os
import pty
import re
import subprocess

import pytest

from lab.apache import ETC
from lab.domain import MailDomain
from lab.process import run
from lab.setup import MX, PATH, set_up, tree

pytestmark = pytest.mark.usefixtures("restored")


# --- refusing ---


def test_a_name_that_does_not_resolve_stops_it_and_the_record_is_shown(dns):
    dns.zone("nameless.test")
    before = tree()
    output = set_up("nameless.test", "--mx", MX, status=1)
    assert "mta-sts.nameless.test does not resolve to any address" in output
    assert "mta-sts.nameless.test. IN A" in output
    assert tree() == before


@pytest.mark.parametrize(("kind", "address"), [("A", "192.0.2.1"), ("AAAA", "2001:db8::1")])
def test_one_address_of_another_machine_stops_it(dns, kind, address):
    name = f"foreign-{kind.lower()}.test"
    domain = MailDomain(dns, name)
    dns.publish(domain.host, kind, address)
    before = tree()
    output = set_up(name, "--mx", MX, status=1)
    assert f"resolves to {address}, not to this machine" in output
    assert "--force" in output
    assert tree() == before


def test_force_continues_behind_nat(bare, made, dns):
    domain = made("nat.test")
    dns.publish(domain.host, "AAAA", "2001:db8::1")
    output = set_up(domain.name, "--mx", MX, "--force", "--dry-run")
    assert "continuing because of --force" in output
    assert "a2ensite -q mta-sts.nat.test" in output


@pytest.mark.parametrize(("words", "message"), [
    (["words.test", "--mx", "mx1.words.test:25"], '--mx: "mx1.words.test:25" contains a port'),
    (["words.test", "--mx", MX, "--max-age", "2y"], '--max-age: "2y" is not a duration'),
    (["mta-sts.words.test", "--mx", MX], 'DOMAIN: "mta-sts.words.test" is a policy host'),
])
def test_values_the_module_would_refuse_are_refused_with_its_message(apache, words, message):
    before = tree()
    assert message in set_up(words[0], *words[1:], status=2)
    assert tree() == before


def test_a_broken_configuration_is_not_touched(made, apache, request):
    domain = made("broken.test")
    path = ETC / "conf-enabled" / "broken.conf"
    path.write_text("NoSuchDirective on\n")
    request.addfinalizer(path.unlink)
    before = tree()
    output = set_up(domain.name, "--mx", MX, status=1)
    assert "already has errors, so nothing was changed" in output and "NoSuchDirective" in output
    assert tree() == before


def test_it_asks_to_be_run_as_root():
    done = run("runuser", "-u", "nobody", "--", "/usr/sbin/mta-sts-setup", "a.test", check=False)
    asked = "run as root, since it changes Apache's configuration: sudo " in done.stdout
    assert (done.returncode, asked) == (1, True), done.stdout


@pytest.fixture
def without():
    """without(path...): covers programs and directories by empty ones, until the test ends."""
    covered = []

    def cover(*paths):
        for path in paths:
            empty = "/run/empty" if os.path.isdir(path) else "/dev/null"
            os.makedirs("/run/empty", exist_ok=True)
            run("mount", "--bind", empty, path)
            covered.append(path)

    yield cover
    for path in covered:
        run("umount", path)


def test_all_missing_programs_are_named_together_with_their_packages(made, without):
    made("bare.test")
    without("/usr/bin/ip", "/usr/bin/dig", "/usr/bin/host", "/usr/bin/certbot")
    before = tree()
    output = set_up("bare.test", status=1)
    assert ("not installed, but needed: ip, dig (or --mx), certbot (or --mod-md), certbot's Apache "
            "plugin\n  apt-get install iproute2 bind9-dnsutils certbot python3-certbot-apache\n"
            ) in output
    output = set_up("bare.test", "--mx", MX, "--mod-md", status=1)
    assert "not installed, but needed: ip\n  apt-get install iproute2\n" in output
    assert tree() == before


def test_a_certbot_without_its_apache_plugin_is_reported_first(made, without):
    made("plugin.test")
    without("/usr/lib/python3/dist-packages/certbot_apache")
    assert ("needed: certbot's Apache plugin\n  apt-get install python3-certbot-apache\n"
            ) in set_up("plugin.test", "--mx", MX, status=1)


# --- the MX records as a proposal ---


def test_without_mx_and_terminal_it_proposes_and_stops(made):
    made("asked.test", mx="mx7.asked.test")
    output = set_up("asked.test", status=2)
    assert "mta-sts-setup: name the MX hosts of asked.test, as in: --mx mx7.asked.test" in output


def test_yes_takes_the_mx_records_in_their_order(made, dns):
    made("agreed.test")
    dns.publish("agreed.test", "MX", "20 b.agreed.test.", "5 a.agreed.test.")
    output = set_up("agreed.test", "--yes", "--dry-run")
    assert re.findall(r"MTASTSMx +(\S+)", output) == ["a.agreed.test", "b.agreed.test"]


@pytest.mark.parametrize(("name", "mx"), [
    ("other", "wrong.example"), ("typo", "*.wrong-typo.example"), ("short", "*.test")])
def test_an_mx_that_matches_no_mx_record_is_reported_and_stops_mode_enforce(made, name, mx):
    domain = made(f"wrong-{name}.test", mx=f"mx7.wrong-{name}.test")
    before = tree()
    for mode, status in ("testing", 0), ("enforce", 1):
        output = set_up(domain.name, "--mx", mx, "--mode", mode, "--yes",
                        *(["--dry-run"] if not status else []), status=status)
        assert f"no mx of the policy covers the MX host mx7.{domain.name}" in output
        assert f"no MX record matches the policy's mx {mx}" in output
    assert "mode enforce would not be safe" in output
    assert tree() == before


def test_on_a_terminal_it_asks(made):
    domain = made("terminal.test", mx="mx7.terminal.test")
    ours, its = pty.openpty()
    words = ["mta-sts-setup", domain.name, "--dry-run"]
    with subprocess.Popen(words, stdin=its, stdout=its, stderr=its,
                          env={**os.environ, **PATH}) as process:
        os.close(its)
        os.write(ours, b"y\n")
        output = b""
        while True:
            try:
                output += os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
    os.close(ours)
    assert process.returncode == 0, output
    assert b"Use them as the policy's mx? [y/N]" in output
    assert b"+        MTASTSMx     mx7.terminal.test" in output


def test_an_internationalized_domain_is_set_up_by_its_a_label(made):
    made("xn--bcher-kva.test")
    output = set_up("Bücher.test", "--mx", "mx.Bücher.test", "--dry-run")
    assert "<MTASTSPolicy xn--bcher-kva.test>\n" in output
    assert "MTASTSMx     mx.xn--bcher-kva.test\n" in output
    assert "-d mta-sts.xn--bcher-kva.test\n" in output


def test_a_domain_that_accepts_no_mail_is_refused(made, dns):
    made("mailless.test")
    dns.publish("mailless.test", "MX", "0 .")
    assert "accepts no mail" in set_up("mailless.test", status=1)
