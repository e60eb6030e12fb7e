# SPDX-License-Identifier: Apache-2.0
"""What the dump and the commands know of hosted domains, from the snapshot in the state directory."""

import json
import os
import subprocess

import pytest

import process
from hosting import BODY, COMMAND, ON, begin_hosting, served
from httpd import APACHE, CHILD, proxied
from policy import MX, identity, text
from report import import_verified, make as make_report

pytestmark = pytest.mark.slow

DUMP = ("-t", "-D", "DUMP_MTA_STS")


@pytest.fixture
def hosted(make):
    """A server that hosts a.example, and had another policy for it before."""
    server, hosting = begin_hosting(make, "MTASTSReportPath /tlsrpt\n" + BODY)
    hosting.call("set", "--mx", "mx1.example.com", "a.example")
    served(server, "a.example", text("mx1.example.com"))
    hosting.call("set", "--mx", "mx2.example.com", "a.example")
    served(server, "a.example", text("mx2.example.com"))
    return server, hosting


def call(server, *words, status=0, apachectl=True, user=None):
    """A command on the machine of this server: its apachectl reads this configuration."""
    script = server.write("bin/apachectl", f'#!/bin/sh\nexec {APACHE} -f "{server.conf_file}" "$@"\n'
                          if apachectl else "#!/bin/sh\nexit 1\n")
    script.chmod(0o755)
    done = subprocess.run([*(["runuser", "-u", user, "--"] if user else []), "env",
                           f"PATH={server.root}/bin:/usr/bin:/bin", COMMAND, *words],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done
    return done.stdout + done.stderr


def state(server):
    return ("--state-dir", server.root / "state")


def test_the_dump_counts_hosted_domains_and_says_what_lists_them(hosted):
    server, hosting = hosted
    status, output = server.run(*DUMP)
    assert status == 0
    assert "; example.com\n" in output and "a.example" not in output
    assert "; hosted domains (MTASTSHosting): 1; mta-sts policy list prints them\n" in output
    hosting.sql("INSERT INTO mta_sts_policy (domain) VALUES ('b.example')")
    process.wait_for(lambda: ";   1 row is wrong: mta-sts policy list --wrong\n" in
                     server.run(*DUMP)[1], "the wrong row")
    document = json.loads(server.run("-t", "-D", "DUMP_MTA_STS_JSON")[1].split("\n")[0])
    hosting = document["hosting"]
    assert hosting.pop("synced_at").startswith("20")
    assert hosting == {"domains": 1, "wrong": 1, "held": 0, "problem": None,
                       "report_path": "/tlsrpt"}
    server.log.expected.append(r"\[row-wrong\]$")


def test_the_dump_works_before_the_first_sync_and_with_a_damaged_snapshot(make):
    server = make().configure(BODY)
    assert "their number is not known: httpd has not read them from the database yet" in \
        server.run(*DUMP)[1]
    directory = server.root / "state"
    directory.mkdir(mode=0o700)
    (directory / "hosted.db").write_bytes(b"no database" * 1000)
    for path in (directory, directory / "hosted.db"):
        os.chown(path, CHILD.pw_uid, CHILD.pw_gid)
    status, output = server.run(*DUMP)
    assert status == 0 and "their number is not known: " in output
    assert "hosted domains" not in make().configure(proxied("mta-sts.example.com", MX)).run(*DUMP)[1]


def test_no_command_leaves_a_file_of_root_in_the_state_directory(hosted):
    server, _ = hosted
    server.run(*DUMP)
    call(server, "dns", *state(server), "--from-apache", "--offline", "a.example")
    assert {path.stat().st_uid for path in (server.root / "state").iterdir()} == {CHILD.pw_uid}


@pytest.mark.parametrize("user", [None, CHILD.pw_name])
def test_dns_prints_the_records_of_a_hosted_domain(hosted, user):
    server, _ = hosted
    output = call(server, "dns", *state(server), "--from-apache", "--offline", "a.example",
                  user=user)
    assert f'"v=STSv1; id={identity(text("mx2.example.com"))};"' in output
    assert "from the hosted domains of this machine's httpd" in output
    assert "https://mta-sts.a.example/tlsrpt" in output
    assert "senders may hold an earlier policy until 20" in output
    assert "a.example" not in call(server, "dns", *state(server), "--from-apache", "--offline")


def test_dns_knows_hosted_domains_without_apachectl(hosted):
    server, hosting = hosted
    words = ("dns", *state(server), "--from-apache", "--offline")
    assert identity(text("mx2.example.com")) in call(server, *words, "a.example", apachectl=False)
    assert "there is no policy" not in call(server, *words, "b.example", status=1, apachectl=False)
    hosting.sql("INSERT INTO mta_sts_policy (domain, mx) VALUES ('b.example', 'mx 1')")
    process.wait_for(lambda: "b.example" in call(server, *words, "b.example", status=1),
                     "the wrong row")
    process.wait_for(lambda: "[row-wrong]" in call(server, *words, "b.example", status=1),
                     "its finding")
    server.log.expected.append(r"\[row-wrong\]$")


def test_the_configuration_wins_in_commands_too(hosted):
    server, hosting = hosted
    hosting.insert("example.com", "other.example.com")
    hosting.insert("c.example")
    served(server, "c.example")
    output = call(server, "dns", *state(server), "--from-apache", "--offline", "example.com")
    assert "other.example.com" not in output and "mx1.example.com" in output


def test_hosted_domains_are_unknown_where_hosting_is_off(hosted):
    server, _ = hosted
    server.configure(BODY.replace(ON, ""))
    output = call(server, "dns", *state(server), "--from-apache", "--offline", "a.example", status=1)
    assert "[policy-not-configured]" in output


def take_report(server, number, mx, domain="a.example"):
    name = {"organization-name": f"Sender {number}"}
    import_verified(server, make_report(number, **name, policies=[{
        "policy": {"policy-type": "sts", "policy-domain": domain,
                   "policy-string": text(mx).decode().split("\r\n")[:-1]},
        "summary": {"total-successful-session-count": 5, "total-failure-session-count": 0}}]))


def test_report_and_ready_compare_with_what_is_and_was_hosted(hosted):
    server, _ = hosted
    for number, mx in enumerate(("mx2.example.com", "mx1.example.com", "mx9.example.com")):
        take_report(server, number, mx)
    output = call(server, "report", *state(server), "--since", "all")
    words = " ".join(output.split())
    assert "an older policy from its cache, served here until 20" in words
    assert "a policy that was never served here" in words
    assert "another policy than" not in words
    output = call(server, "ready", *state(server), "--since", "all", "--no-check", "--format", "json",
                  "a.example", status=1)
    domain, = json.loads(output)["domains"]
    assert domain["policy"]["mx"] == ["mx2.example.com"]
    found = {finding["id"] for section in domain["sections"] for finding in section["findings"]}
    assert {"sender-policy-older", "sender-policy-never-served"} <= found


def test_ready_says_how_to_change_the_mode_of_a_hosted_domain(hosted):
    server, _ = hosted
    for number in range(1, 3):
        take_report(server, number, "mx2.example.com")
    output = call(server, "ready", *state(server), "--since", "all", "--no-check", "--days", "1",
                  "--senders", "1", "--format", "json", "a.example")
    domain, = json.loads(output)["domains"]
    assert domain["change"] == {"directive": "MTASTSMode enforce", "locations": [], "command":
                                "mta-sts policy set --mode enforce --wait 60 --state-dir "
                                f"'{server.root}/state' a.example"}
    assert not any("apachectl" in step for step in domain["steps"])


def test_check_takes_hosted_domains_only_when_asked(hosted):
    server, _ = hosted
    resolver = ("--resolver", "127.0.0.1@9", "--timeout", "1")
    error = call(server, "check", "--hosted", "a.example", status=3)
    assert "--hosted cannot be combined" in error
    assert "no name server answers" in call(server, "check", "--hosted", *resolver, status=3)
    server.configure("MTASTSReportPath /tlsrpt\n" + ON)
    assert "--hosted checks those in the database, too" in call(server, "check", status=3)
