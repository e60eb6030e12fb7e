# SPDX-License-Identifier: Apache-2.0
"""`mta-sts mx --apply` and `mta-sts watch` with a real httpd: the file that mta-sts-setup writes, a
hosted row, and the name server of tests/cli/live.py."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys

import pytest

import process
from hosting import BODY, COMMAND, begin_hosting, fetch, served
from httpd import APACHE, site
from policy import HOST, identity, text

TOP = pathlib.Path(__file__).parents[2]
sys.path += [str(TOP / "tests/cli"), str(TOP / "scripts")]

import live  # noqa: E402
from mta_sts_setup.policy import Policy  # noqa: E402
from mta_sts_setup.site import policy_text  # noqa: E402

pytestmark = pytest.mark.slow

DOMAIN = "example.com"
MX, NEW = "mx1.example.com", "mx2.example.com"
NOTHING, CHANGED, CRITICAL = range(3)
APACHECTL = """\
#!/bin/sh
case $1 in
configtest) exec {apache} -f "{conf}" -t ;;
graceful) exec kill -USR1 {pid} ;;
*) exec {apache} -f "{conf}" "$@" ;;
esac
"""


class Machine:
    """A running httpd, and DNS."""

    def __init__(self, server, ca):
        self.server, self.ca = server, ca
        self.dns = live.NameServer()
        script = server.write("bin/apachectl", APACHECTL.format(
            apache=APACHE, conf=server.conf_file, pid=server.pid))
        script.chmod(0o755)

    def set_mx(self, domain, *hosts):
        self.dns.records[domain, "MX"] = list(hosts)

    def words(self, *words):
        return [COMMAND, words[0], "--resolver", self.dns.address, "--ca-file", self.ca.root,
                "--connect", f"{HOST}=127.0.0.1:{self.server.ports['https']}", *words[1:]]

    def environment(self):
        return {**os.environ, "PATH": f"{self.server.root}/bin:/usr/bin:/bin", "LC_ALL": "C"}

    def call(self, *words, status):
        done = subprocess.run(self.words(*words), capture_output=True, text=True, timeout=100,
                              stdin=subprocess.DEVNULL, env=self.environment())
        assert done.returncode == status, done
        return done.stdout + done.stderr


@pytest.fixture
def machine(make, ca):
    server = make()
    file = server.write("mta-sts.conf", policy_text(DOMAIN, Policy("enforce", (MX,), 604800), []))
    server.configure(f"Include {file}\n" + site(HOST)).start()
    machine = Machine(server, ca)
    machine.file = file
    for name in HOST, MX, NEW:
        machine.dns.records[name, "A"] = ["127.0.0.1"]
    publish(machine, identity(text(MX, mode="enforce")))
    machine.set_mx(DOMAIN, MX)
    return machine


def publish(machine, number):
    machine.dns.records[f"_mta-sts.{DOMAIN}", "TXT"] = [f"v=STSv1; id={number};"]


def test_what_setup_wrote_is_changed_tested_reloaded_and_served(machine):
    assert "Nothing to change" in machine.call("mx", DOMAIN, status=0)
    machine.set_mx(DOMAIN, MX, NEW)
    before = machine.file.read_text()
    output = machine.call("mx", "--apply", "--yes", DOMAIN, status=0)
    expected = text(MX, NEW, mode="enforce")
    assert machine.server.fetch().body == expected
    assert output.endswith(f' publish _mta-sts.{DOMAIN}. IN TXT "v=STSv1; id={identity(expected)};"\n')
    assert machine.file.read_text() == policy_text(DOMAIN, Policy("enforce", (MX, NEW), 604800), [])
    assert machine.file.read_text() != before


def test_a_file_that_httpd_refuses_is_put_back_and_httpd_serves_on(machine):
    """A configuration that may have one MTASTSMx line of this block only."""
    machine.set_mx(DOMAIN, MX, NEW)
    before = machine.file.read_text()
    machine.server.conf_file.write_bytes(
        machine.server.conf_file.read_bytes()
        + f"<IfFile {machine.server.root}/more>\nNoSuchDirective\n</IfFile>\n".encode())
    # The first configtest passes; it makes the second one fail.
    script = machine.server.root / "bin/apachectl"
    script.write_text(script.read_text().replace(
        "configtest) exec", f"configtest) grep -q {NEW} {machine.file} && "
        f"touch {machine.server.root}/more; exec"))
    output = machine.call("mx", "--apply", "--yes", DOMAIN, status=1)
    assert "NoSuchDirective" in output and "is as it was before" in output, output
    assert machine.file.read_text() == before
    assert machine.server.fetch().body == text(MX, mode="enforce")


def test_watch_reports_the_drift_and_that_mx_has_ended_it(machine):
    """Run as root, the state belongs to the user of httpd's children, as all in its directory."""
    state = machine.server.root / "state"
    words = ("watch", "--runs", "1", "--no-smtp", "--state-dir", state)
    assert "begin: " in machine.call(*words, status=1)
    assert {path.stat().st_uid for path in (state / "watch", *(state / "watch").iterdir())} == {
        state.stat().st_uid}
    assert machine.call(*words, status=0) == ""
    machine.set_mx(DOMAIN, MX, NEW)
    (line,) = machine.call(*words, status=2).splitlines()
    assert line.startswith(f"new: {DOMAIN}: critical: {NEW}: the policy does not cover this host")
    assert line.endswith(f"(see: mta-sts mx --state-dir '{state}' {DOMAIN})")
    output = machine.call("mx", "--apply", "--yes", DOMAIN, status=0)
    publish(machine, re.search(r"id=(\w+)", output).group(1))
    (line,) = machine.call(*words, status=1).splitlines()
    assert line.startswith(f"resolved: {DOMAIN}: {NEW}: the policy does not cover this host")


# --- a hosted row ---


def begin_hosted(make, ca, database=None):
    server, hosting = begin_hosting(make, BODY, database=database)
    hosting.call("set", "--mx", "mx1.a.example", "--mode", "enforce", "a.example")
    hosting.call("set", "--alias-of", "a.example", "b.example")
    served(server, "a.example", text("mx1.a.example", mode="enforce"))
    served(server, "b.example", text("mx1.a.example", mode="enforce"))
    machine = Machine(server, ca)
    machine.state = ("--state-dir", server.root / "state")
    if database:
        machine.state += ("--database", "pgsql " + database.conninfo)
    for domain in "a.example", "b.example":
        machine.set_mx(domain, "mx1.a.example", "mx2.a.example")
    return machine


@pytest.fixture
def hosted(make, ca):
    return begin_hosted(make, ca)


def test_a_hosted_row_is_changed_and_served(hosted):
    shown = json.loads(hosted.call("mx", *hosted.state, "--format", "json", "a.example", status=1))
    assert (shown["source"], shown["by_hand"]) == ("database", None)
    output = hosted.call("mx", *hosted.state, "--apply", "--yes", "--wait", "30", "a.example", status=0)
    expected = text("mx1.a.example", "mx2.a.example", mode="enforce")
    assert "The only machine serves it." in output
    assert f'_mta-sts.a.example. IN TXT "v=STSv1; id={identity(expected)};"' in output
    served(hosted.server, "a.example", expected)
    assert "Nothing to change" in hosted.call("mx", *hosted.state, "a.example", status=0)


def test_a_row_that_is_not_served_yet_is_not_overwritten(hosted):
    """All mx of a row are replaced, so the list that was compared must be that of the row."""
    hosted.server.stop()
    own = subprocess.run([COMMAND, "policy", "set", "--mx", "mx1.a.example", "--mx", "own.a.example",
                          *hosted.state, "a.example"], capture_output=True, text=True, timeout=60)
    assert own.returncode == 0, own
    output = hosted.call("mx", *hosted.state, "--apply", "--yes", "a.example", status=1)
    assert "nothing was changed: the row has changed, and httpd does not serve it yet; run this again in a few seconds" in output
    shown = subprocess.run([COMMAND, "policy", "list", *hosted.state], capture_output=True,
                           text=True, timeout=60)
    assert "own.a.example" in shown.stdout and "mx2.a.example" not in shown.stdout, shown


@pytest.mark.parametrize("script, why", [
    ("echo 'AH00526: Syntax error on line 7' >&2; exit 1", "Syntax error on line 7"),
    ("exit 0", "does not load mod_mta_sts"),
])
def test_a_row_is_not_changed_while_it_is_not_known_whether_it_is_served(hosted, script, why):
    """Directives take precedence over a row, and say which database it is in."""
    (hosted.server.root / "bin/apachectl").write_text(f"#!/bin/sh\n{script}\n")
    output = hosted.call("mx", *hosted.state, "--apply", "--yes", "a.example", status=1)
    assert "it is not known whether this machine's httpd serves the row (" in output and why in output
    assert "1. change its row: mta-sts policy set --mx 'mx1.a.example' --mx 'mx2.a.example' " \
           f"--state-dir '{hosted.server.root}/state' a.example\n" in output
    served(hosted.server, "a.example", text("mx1.a.example", mode="enforce"))


def test_hosts_from_dns_get_into_a_row_only_if_somebody_agrees(hosted):
    output = hosted.call("mx", *hosted.state, "--apply", "a.example", status=1)
    assert 'mx2.a.example: would be added as "mx: mx2.a.example"' in output
    assert "nothing was changed: there is no terminal to ask on" in output
    served(hosted.server, "a.example", text("mx1.a.example", mode="enforce"))


def test_of_two_runs_at_once_none_loses_what_the_other_has_stored(hosted):
    hosts = ["mx3.a.example", "mx4.a.example"]
    runs = [subprocess.Popen(hosted.words("mx", *hosted.state, "--apply", "--add", host,
                                          "--add", "mx2.a.example", "a.example"),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env=hosted.environment()) for host in hosts]
    output = [run.communicate(timeout=100) for run in runs]
    stored = {host for host, (out, _) in zip(hosts, output) if "stored in" in out}
    assert stored, output
    process.wait_for(lambda: {host for host in hosts if host.encode() in
                              fetch(hosted.server, "a.example").body} == stored, "the row to be served")
    for host, (_, errors) in zip(hosts, output):
        assert host in stored or "run this again" in errors or "somebody else has changed it" in errors, errors


def test_a_row_is_changed_although_nothing_can_be_written_on_this_machine(make, ca, postgres):
    """An urgent change must not fail for a full disk: the row is elsewhere."""
    hosted = begin_hosted(make, ca, postgres)
    state = hosted.server.root / "state"
    hosted.server.stop()
    before = sorted(path.name for path in state.iterdir())
    state.chmod(0o500)
    output = hosted.call("mx", *hosted.state, "--apply", "--yes", "a.example", status=0)
    assert "stored in" in output and sorted(path.name for path in state.iterdir()) == before
    assert postgres.run("SELECT mx FROM mta_sts_policy WHERE domain = 'a.example'") == [
        ["mx1.a.example mx2.a.example"]]


def test_what_another_machine_stores_after_the_comparison_is_not_overwritten(make, ca, postgres):
    """No lock holds it up."""
    hosted = begin_hosted(make, ca, postgres)
    hosted.server.stop()
    with concurrent.futures.ThreadPoolExecutor() as threads:
        # Read after the comparison, before the row is read again.
        with postgres.transaction("LOCK TABLE mta_sts_policy_source IN ACCESS EXCLUSIVE MODE"):
            call = threads.submit(hosted.call, "mx", *hosted.state, "--apply", "--yes", "a.example", status=1)
            postgres.wait_until_blocked()
            postgres.run("UPDATE mta_sts_policy SET mx = 'mx1.a.example own.a.example' "
                         "WHERE domain = 'a.example'")
        output = call.result()
    own = identity(text("mx1.a.example", "own.a.example", mode="enforce"))
    assert f"nothing was changed: the stored policy has the id {own}, not " in output, output
    assert postgres.run("SELECT mx FROM mta_sts_policy WHERE domain = 'a.example'") == [
        ["mx1.a.example own.a.example"]]


def test_watch_reports_hosting_that_stands_still_and_wrong_rows(hosted):
    """As httpd's own configuration dump says, also while httpd is not there."""
    def lines():
        done = subprocess.run(
            hosted.words("watch", "--runs", "1", "--no-smtp", *hosted.state), text=True, timeout=100,
            capture_output=True, env=hosted.environment())
        assert done.returncode in (NOTHING, CHANGED, CRITICAL), done
        return [line for line in done.stdout.splitlines() if "this machine: " in line]

    state = hosted.server.root / "state"
    assert not [line for line in lines() + lines() if "hosted domains" in line]
    hosted.server.stop()
    with contextlib.closing(sqlite3.connect(state / "hosted.db")) as snapshot:
        snapshot.execute("UPDATE state SET synced = synced - 3600000000, wrong = 2")
        snapshot.commit()
    stale, wrong = sorted(line for line in lines() if "hosted domains" in line)
    assert stale.startswith("new: this machine: critical: httpd has not read the hosted domains from "
                            "the database since 20") and "[hosting-stale]" in stale
    assert wrong.startswith("new: this machine: warning: hosted domains: 2 rows are wrong [row-wrong]")
    assert lines() == []
    hosted.server.start()
    process.wait_for(lambda: any("[hosting-stale]" in line and line.startswith("resolved: ")
                                 for line in lines()), "a sync", 60)


def test_a_host_that_is_still_in_dns_stays_in_the_row(hosted):
    output = hosted.call("mx", *hosted.state, "--apply", "--yes", "--remove", "mx1.a.example", "a.example",
                         status=1)
    assert "nothing was changed: mx1.a.example is still an MX host" in output
    served(hosted.server, "a.example", text("mx1.a.example", mode="enforce"))


def test_an_alias_is_not_changed_but_the_domain_that_it_follows_is_named(hosted):
    output = hosted.call("mx", *hosted.state, "--apply", "--yes", "b.example", status=1)
    assert "nothing was changed: it is an alias of a.example: change the row of that domain" in output
    hosted.call("mx", *hosted.state, "--apply", "--yes", "--wait", "30", "a.example", status=0)
    process.wait_for(lambda: "Nothing to change" in hosted.call(
        "mx", *hosted.state, "b.example", status=0), "the alias to follow")
