# SPDX-License-Identifier: Apache-2.0
"""`mta-sts mx` against a small live deployment (live.py), with an apachectl that reads a file as httpd
reads its configuration. tests/httpd/test_mx_apply.py has a real httpd."""

import errno
import fcntl
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys

import pytest

import live

TOP = pathlib.Path(__file__).parents[2]
DOMAIN = "example.com"
MX, NEW, OLD = f"mx1.{DOMAIN}", f"mx2.{DOMAIN}", f"old.{DOMAIN}"
DONE, DIFFER, USAGE = range(3)

SETUP = """\
# The MTA-STS policy of example.com, written by mta-sts-setup: run it again to change it, or
# change it here.
<IfModule mod_mta_sts.c>
    <MTASTSPolicy {domains}>
        # a comment of the administrator
        MTASTSMode   {mode}
{mx}        MTASTSMaxAge 604800
    </MTASTSPolicy>
</IfModule>

<VirtualHost *:80>
    ServerName mta-sts.example.com
</VirtualHost>
"""

# It prints what httpd has, from the file as it is now, and notes what it was called with.
APACHECTL = """\
#!{python}
import hashlib, json, pathlib, re, sys
directory = pathlib.Path({directory!r})
with open(directory / "calls", "a") as calls:
    print(*sys.argv[1:], file=calls)
text = (directory / "mta-sts.conf").read_text()
if "REFUSED" in text or (directory / "broken").exists():
    print("AH00526: Syntax error on line 7 of mta-sts.conf:", file=sys.stderr)
    print("Invalid command 'REFUSED'", file=sys.stderr)
    print("Action 'configtest' failed.", file=sys.stderr)
    sys.exit(1)
mode = re.search(r"MTASTSMode +(\\w+)", text)[1]
mx = [name for line in re.findall(r"^ *MTASTSMx +(.*)$", text, re.M) for name in line.split()]
policy = "".join(line + "\\r\\n" for line in (
    "version: STSv1", "mode: " + mode, *("mx: " + name for name in mx), "max_age: 604800"))
if (directory / "elsewhere").exists() and "{new}" in policy:
    policy = policy.replace("604800", "604801")
if "graceful" in sys.argv:
    if (directory / "stuck").exists():
        sys.exit("httpd (pid 1) hangs")
    (directory / "served").write_text(policy)
number = [i for i, line in enumerate(text.splitlines(), 1) if "<MTASTSPolicy" in line]
places = [dict(precedence=1, defined_at=dict(file=str(directory / "enabled.conf"), line=one),
               mode_at=None, virtual_host=None, served=True) for one in number]
if "DUMP_MTA_STS_JSON" in sys.argv:
    print(json.dumps(dict(version=1, policies=[dict(
        domain="example.com", policy_host="mta-sts.example.com", pattern=False, mode=mode,
        id=hashlib.sha256(policy.encode()).hexdigest()[:20], mx=mx, max_age=604800, text=policy,
        served=True, published=True, locations=places)])))
"""


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return live.Ca(tmp_path_factory.mktemp("ca"))


class Machine:
    """A web server with the policy of example.com in a file, and its domain in DNS."""

    def __init__(self, directory, deployment):
        self.directory, self.live = directory, deployment
        self.file = directory / "mta-sts.conf"
        (directory / "enabled.conf").symlink_to(self.file)
        (directory / "state").mkdir(mode=0o700)
        (directory / "bin").mkdir()
        program = directory / "bin" / "apachectl"
        program.write_text(APACHECTL.format(python=sys.executable, directory=str(directory),
                                            new=NEW))
        program.chmod(0o755)

    def write(self, *mx, mode="enforce", domains=DOMAIN, text=SETUP):
        """The file, and what is served of it."""
        lines = "".join(f"        MTASTSMx     {one}\n" for one in mx)
        self.file.write_text(text.format(domains=domains, mode=mode, mx=lines))
        self.live.serve(DOMAIN, live.policy(*mx, mode=mode))
        served = self.directory / "served"
        served.write_text(live.policy(*mx, mode=mode))
        self.live.web[f"mta-sts.{DOMAIN}"].text = lambda: served.read_bytes().decode()
        return self

    def mx(self, *hosts):
        self.live.set_mx(DOMAIN, *hosts)
        return self

    def forget_apache(self):
        (self.directory / "bin" / "apachectl").write_text("#!/bin/sh\nexit 1\n")
        return self

    def call(self, words, domain=DOMAIN):
        path = f"{self.directory}/bin:/usr/bin:/bin"
        return {"args": [live.COMMAND, "mx", "--state-dir", str(self.directory / "state"),
                         *self.live.options(), *words, domain], "text": True,
                "env": {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"}}

    def run(self, *words, domain=DOMAIN, **more):
        return subprocess.run(**{"capture_output": True, "timeout": 60, "stdin": subprocess.DEVNULL,
                                 **self.call(words, domain), **more})

    def start(self, *words):
        return subprocess.Popen(**self.call(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                stdin=subprocess.DEVNULL)

    def shown(self, *words, status):
        done = self.run(*words)
        assert (done.returncode, done.stderr) == (status, ""), done
        return done.stdout

    def read(self, *words):
        return json.loads(self.run("--format", "json", *words).stdout)

    def calls(self):
        """How httpd was tested and reloaded."""
        path = self.directory / "calls"
        calls = path.read_text().split("\n")[:-1] if path.exists() else []
        return [call for call in calls if "DUMP" not in call]


@pytest.fixture
def machine(tmp_path, ca):
    return Machine(tmp_path, live.Deployment(ca)).write(MX)


# --- comparing ---


def test_where_they_agree_there_is_nothing_to_change(machine):
    text = machine.shown(status=DONE)
    assert text == f"""\
{DOMAIN}
  MX records
    ✔ {MX}: covered by "mx: {MX}"
  Policy, in the configuration of this machine's httpd: mode enforce
    ✔ mx: {MX}
  Nothing to change
"""
    assert machine.shown("--apply", status=DONE) == text
    assert machine.calls() == []


COVERAGE = [  # patterns of the policy, MX records, patterns that cover them, hosts that match
    ([MX], [MX, NEW], [MX, None], [MX]),
    ([MX, NEW], [MX], [MX], [MX, None]),
    ([f"*.{DOMAIN}"], [MX, NEW], [f"*.{DOMAIN}"] * 2, [MX]),
    ([f"*.{DOMAIN}"], [f"a.b.{DOMAIN}"], [None], [None]),
    ([f"*.{DOMAIN}"], [DOMAIN], [None], [None]),
    (["*.mail.example.net", MX], ["a.mail.example.net", MX], ["*.mail.example.net", MX],
     ["a.mail.example.net", MX]),
]


@pytest.mark.parametrize("patterns, hosts, covered, matched", COVERAGE)
def test_both_directions_with_wildcards_as_rfc_8461_has_them(machine, patterns, hosts, covered,
                                                             matched):
    shown = machine.write(*patterns).mx(*hosts).read()
    by_host = {one["host"]: one["pattern"] for one in shown["mx_records"]}
    assert by_host == dict(zip(hosts, covered))
    assert shown["mx_patterns"] == [
        {"pattern": pattern, "host": host} if pattern[0] != "*" or not host else
        {"pattern": pattern, "host": shown["mx_patterns"][i]["host"]}
        for i, (pattern, host) in enumerate(zip(patterns, matched))]
    missing = [host for host in hosts if by_host[host] is None]
    assert (shown["change"] is not None) == bool(missing)
    if missing:
        assert shown["change"]["policy"]["mx"] == [*patterns, *missing]


def test_the_provider_of_a_host_decides_its_pattern(machine):
    shown = machine.mx(MX, "example-com.mail.protection.outlook.com").read()
    assert shown["change"]["policy"]["mx"] == [MX, "*.mail.protection.outlook.com"]


def test_what_is_served_is_compared_where_the_configuration_is_not_known(machine):
    machine.forget_apache().mx(MX, NEW)
    shown = machine.read()
    assert shown["source"] == "served"
    assert "the configuration of this machine's httpd could not be read (" in shown["by_hand"]
    assert shown["steps"][0] == f"on the machine that serves mta-sts.{DOMAIN}, change the mx of " \
                                f"the policy to: {MX} {NEW}"
    done = machine.run("--apply")
    assert done.returncode == DIFFER and "change it as shown" in done.stderr


def test_a_policy_that_is_not_served_yet_is_said_so(machine):
    (machine.directory / "served").write_bytes(live.policy(OLD).encode())
    assert "this is not the policy that is served now: see mta-sts check" in machine.shown(
        status=DIFFER)


# --- the order ---


def test_a_host_that_is_in_dns_already_is_added_at_once(machine):
    text = machine.mx(MX, NEW).shown(status=DIFFER)
    new_id = live.policy_id(live.policy(MX, NEW))
    assert f"✘ {NEW}: no mx of the policy covers it: in mode enforce, senders do not deliver" in text
    assert text.endswith(f"""\
  What to do, in this order
    1. change the policy: mta-sts mx --apply --state-dir '{machine.directory}/state' {DOMAIN}
    2. once the new policy is served, publish _mta-sts.{DOMAIN}. IN TXT "v=STSv1; id={new_id};"
""")


def test_a_new_host_is_in_the_policy_before_it_is_in_dns(machine):
    steps = machine.read("--add", NEW)["steps"]
    assert [step.split()[0] for step in steps] == ["change", "once", "wait:", "only"]
    assert steps[0] == (
        f"change the policy: mta-sts mx --apply --add '{NEW}' "
        f"--state-dir '{machine.directory}/state' {DOMAIN}")
    assert "for its max_age (7 days), and would not deliver" in steps[2]
    assert steps[3] == f"only then publish the MX record of {NEW}"
    machine.write(MX, mode="testing")
    assert [step.split()[0] for step in machine.read("--add", NEW)["steps"]] == [
        "change", "once", "only"]


def test_a_former_host_leaves_dns_before_the_policy(machine):
    machine.write(MX, OLD).mx(MX, OLD)
    shown = machine.read("--remove", OLD)
    assert shown["refused"] == [f"{OLD} is still an MX host: its MX record must be deleted first"]
    assert [step.split()[0] for step in shown["steps"]] == ["delete", "wait", "change", "once"]
    assert shown["steps"][0] == f"delete the MX record of {OLD} in DNS"
    assert shown["steps"][2] == (
        f"change the policy: mta-sts mx --apply --remove '{OLD}' "
        f"--state-dir '{machine.directory}/state' {DOMAIN}")
    machine.mx(MX)
    shown = machine.read("--remove", OLD)
    assert shown["refused"] == []
    assert [step.split()[0] for step in shown["steps"]] == ["wait", "change", "once"]


def test_a_pattern_that_matches_nothing_is_shown_but_removed_only_on_request(machine):
    machine.write(MX, OLD)
    assert f"· mx: {OLD}: no MX record matches it: a future MX host, or a former one (--remove " \
           f"{OLD})" in machine.shown(status=DONE)
    assert machine.read()["change"] is None


def test_an_apachectl_that_fails_is_noticed_where_sigchld_is_ignored(machine):
    """As under some supervisors, which pass that on."""
    (machine.directory / "broken").touch()
    done = machine.run("--format", "json",
                       preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    assert "apachectl -t -D DUMP_MTA_STS_JSON failed: " in json.loads(done.stdout)["by_hand"]


# --- what mta-sts-setup wrote ---


def test_a_new_host_is_written_tested_reloaded_and_its_id_printed(machine):
    machine.file.chmod(0o640)
    before = machine.file.read_text()
    text = machine.mx(MX, NEW).shown("--apply", "--add", NEW, status=DONE)
    line = f"        MTASTSMx     {MX}\n"
    assert machine.file.read_text() == before.replace(line, line + line.replace(MX, NEW))
    assert machine.file.stat().st_mode & 0o777 == 0o640
    assert machine.calls() == ["configtest", "configtest", "graceful"]
    assert text == f"""\
{machine.file}:4: changed; the configuration was tested, and httpd reloaded.
The policy host serves it. Now publish _mta-sts.{DOMAIN}. IN TXT "v=STSv1; id={live.policy_id(live.policy(MX, NEW))};"
"""
    assert machine.shown("--apply", status=DONE).endswith("Nothing to change\n")
    assert [path.name for path in machine.directory.glob(".mta-sts*")] == []


def test_planned_and_former_hosts_are_written_too(machine):
    text = machine.write(MX, OLD).shown("--apply", "--add", NEW, "--add", "*.mail.example.net",
                                        "--remove", OLD, status=DONE)
    assert re.findall(r"MTASTSMx +(\S+)", machine.file.read_text()) == [
        MX, NEW, "*.mail.example.net"]
    assert text.startswith("Before a pattern is removed: wait until the TTL of the MX records")
    rest = text.split("After that:\n")[1].splitlines()
    assert [line.split()[1] for line in rest] == ["once", "wait:", "only"]
    assert rest[0].startswith("  1. once the new policy is served, publish _mta-sts.")
    assert "for its max_age (7 days), and would not deliver" in rest[1]
    assert rest[2] == f"  3. only then publish the MX record of {NEW} *.mail.example.net"


def unchanged(machine, *words, calls=()):
    """A call that fails, and changes nothing: what it says."""
    before = machine.file.read_text()
    done = machine.run("--apply", "--yes", *words)
    assert done.returncode == DIFFER, done
    assert machine.file.read_text() == before
    assert machine.calls() == list(calls)
    return done.stderr


def test_a_host_that_is_still_in_dns_is_never_removed(machine):
    for mode in "enforce", "testing":
        machine.write(MX, OLD, mode=mode).mx(MX, OLD)
        assert f"nothing was changed: {OLD} is still an MX host" in unchanged(machine, "--remove",
                                                                             OLD)
    machine.write(f"*.{DOMAIN}").mx(MX)
    assert f"{MX} is still an MX host" in unchanged(machine, "--remove", f"*.{DOMAIN}")


def test_a_pattern_may_go_if_another_one_covers_the_host(machine):
    machine.write(f"*.{DOMAIN}", MX).mx(MX)
    machine.shown("--apply", "--remove", f"*.{DOMAIN}", status=DONE)
    assert re.findall(r"MTASTSMx +(\S+)", machine.file.read_text()) == [MX]


def test_without_the_mx_records_nothing_is_changed(machine):
    machine.live.dns.failing.add(DOMAIN)
    assert "the MX records of example.com could not be looked up" in unchanged(machine, "--add", NEW)
    assert "could not be looked up" in machine.run().stdout


def test_the_last_mx_is_never_removed(machine):
    machine.mx()
    machine.live.dns.records[DOMAIN, "MX"] = ["."]
    assert "the policy would have no mx left" in unchanged(machine, "--remove", MX)


def test_a_configuration_with_errors_is_not_touched(machine):
    machine.mx(MX, NEW)
    (machine.directory / "broken").touch()
    machine.live.dns.failing.clear()
    before = machine.file.read_text()
    done = machine.run("--apply")
    assert done.returncode == DIFFER and machine.file.read_text() == before
    assert "graceful" not in machine.calls()


def test_a_file_that_httpd_refuses_is_put_back(machine):
    """The file has a part that only shows with two hosts, as a limit of another module would."""
    text = APACHECTL.replace('if "REFUSED" in text', 'if "{new}" in text')
    program = machine.directory / "bin" / "apachectl"
    program.write_text(text.format(python=sys.executable, directory=str(machine.directory), new=NEW))
    machine.mx(MX, NEW)
    error = unchanged(machine, calls=["configtest", "configtest"])
    assert "apachectl configtest: it ended with status 1:\nAH00526: Syntax error on line 7" in error
    assert f"{machine.file} is as it was before, and httpd was not reloaded" in error


def test_a_policy_that_would_not_become_the_one_that_is_served_is_put_back(machine):
    (machine.directory / "elsewhere").touch()
    machine.mx(MX, NEW)
    error = unchanged(machine, calls=["configtest", "configtest"])
    assert "httpd would serve another policy: it is also defined elsewhere" in error


def test_a_reload_that_fails_puts_the_file_back(machine):
    (machine.directory / "stuck").touch()
    machine.mx(MX, NEW)
    error = unchanged(machine, calls=["configtest", "configtest", "graceful"])
    assert "apachectl graceful: it ended with status 1:\nhttpd (pid 1) hangs" in error
    assert "httpd may have been reloaded with the change: run apachectl graceful" in error


def change_at_configtest(machine, number):
    """Somebody else adds a line to the file during this call of configtest."""
    program = machine.directory / "bin" / "apachectl"
    program.write_text(program.read_text() + f"""
calls = (directory / "calls").read_text().splitlines()
if sys.argv[1] == "configtest" and calls.count("configtest") == {number}:
    with open(directory / "mta-sts.conf", "a") as file:
        print("# theirs", file=file)
    sys.exit({number - 1})
""")


def test_a_file_that_changed_since_it_was_compared_is_left_alone(machine):
    change_at_configtest(machine, 1)
    before = machine.mx(MX, NEW).file.read_text()
    done = machine.run("--apply", "--yes")
    assert done.returncode == DIFFER
    assert "was changed by someone else in the meantime; run this again" in done.stderr
    assert machine.file.read_text() == before + "# theirs\n"
    assert machine.calls() == ["configtest"]


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten_by_putting_back(machine):
    change_at_configtest(machine, 2)
    done = machine.mx(MX, NEW).run("--apply", "--yes")
    assert done.returncode == DIFFER
    assert "The file could not be restored: " in done.stderr
    assert machine.file.read_text().endswith("# theirs\n") and NEW in machine.file.read_text()


def test_an_id_is_not_to_be_published_before_the_policy_is_served(machine):
    machine.live.web[f"mta-sts.{DOMAIN}"].text = live.policy(MX)
    done = machine.mx(MX, NEW).run("--apply", "--yes")
    assert done.returncode == DIFFER
    assert "publish" not in done.stdout
    assert f"before you publish its id, {live.policy_id(live.policy(MX, NEW))}" in done.stderr


def test_a_record_in_another_zone_is_asked_for(machine):
    """As where a provider has the record: it is no use to publish it here."""
    machine.live.dns.aliases[f"_mta-sts.{DOMAIN}"] = "_mta-sts.provider.example"
    machine.live.dns.records["_mta-sts.provider.example", "TXT"] = ["v=STSv1; id=1;"]
    expected = f'have the id {live.policy_id(live.policy(MX, NEW))} published in the TXT record at ' \
               f'"_mta-sts.provider.example", where the CNAME of _mta-sts.{DOMAIN} points'
    assert expected in machine.mx(MX, NEW).shown(status=DIFFER)
    assert f"The policy host serves it. Now {expected}" in machine.shown(
        "--apply", "--yes", status=DONE)


# --- hosts that only DNS names ---


PROVIDER = "example-com.mail.protection.outlook.com"
ADDED = sorted(f"""\
The MX records of {DOMAIN} in DNS, which DNSSEC does not protect, have hosts that the policy does not cover:
  {NEW}: would be added as "mx: {NEW}"
  {PROVIDER}: would be added as "mx: *.mail.protection.outlook.com"
Senders deliver mail to the hosts in the policy: add only your own, or your provider's.
""".splitlines())


def test_without_a_terminal_and_without_yes_hosts_from_dns_are_not_added(machine):
    machine.mx(MX, NEW, PROVIDER)
    before = machine.file.read_text()
    done = machine.run("--apply")
    assert (done.returncode, sorted(done.stdout.splitlines())) == (DIFFER, ADDED)
    assert done.stderr.startswith("mta-sts mx: nothing was changed: there is no terminal to ask on. If "
                                  "these hosts are right, name them with --add '")
    assert f"--add '{NEW}'" in done.stderr and "--add '*.mail.protection.outlook.com'" in done.stderr
    assert done.stderr.endswith("', or accept what DNS has with --yes\n")
    assert machine.file.read_text() == before and machine.calls() == []
    # One that is named does not name the other.
    done = machine.run("--apply", "--add", NEW)
    assert done.returncode == DIFFER and NEW not in done.stdout and PROVIDER in done.stdout


@pytest.mark.parametrize("words", [("--yes",), ("-y",), ("--add", NEW, "--add",
                                                         "*.mail.protection.outlook.com")])
def test_hosts_from_dns_that_are_named_or_accepted_are_added(machine, words):
    text = machine.mx(MX, NEW, PROVIDER).shown("--apply", *words, status=DONE)
    assert (set(ADDED) <= set(text.splitlines())) == (len(words) == 1)
    assert "After that:" not in text  # DNS has their MX records
    assert sorted(re.findall(r"MTASTSMx +(\S+)", machine.file.read_text())) == [
        "*.mail.protection.outlook.com", MX, NEW]


def read_terminal(ours):
    """All that was written: a read may return the echo of the answer alone."""
    shown = b""
    try:
        while piece := os.read(ours, 100_000):
            shown += piece
    except OSError as error:
        assert error.errno == errno.EIO  # its other side is closed
    return shown.decode()


ANSWERS = {b"y\n": True, b" YES\n": True, b"n\n": False, b"\n": False, b"yet\n": False,
           b"\x04": False}


@pytest.mark.parametrize("answer", ANSWERS)
def test_at_a_terminal_hosts_from_dns_are_added_only_after_a_yes(machine, answer):
    machine.mx(MX, NEW)
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    done = machine.run("--apply", stdin=theirs, stdout=theirs, stderr=subprocess.PIPE,
                       capture_output=False)
    os.close(theirs)
    shown = read_terminal(ours)
    os.close(ours)
    assert f'{NEW}: would be added as "mx: {NEW}"' in shown
    assert "Add them to the policy? [y/N] " in shown
    assert done.returncode == (DONE if ANSWERS[answer] else DIFFER), done
    assert done.stderr == ("" if ANSWERS[answer] else "mta-sts mx: nothing was changed\n")
    assert (NEW in machine.file.read_text()) == ANSWERS[answer]


def test_what_the_command_line_names_is_not_asked_about(machine):
    assert "would be added" not in machine.shown("--apply", "--add", NEW, status=DONE)


# --- several at once ---


def test_of_many_runs_at_once_none_overwrites_what_another_has_written(machine):
    hosts = [f"mx{number}.{DOMAIN}" for number in range(2, 6)]
    program = machine.directory / "bin" / "apachectl"  # widens the window
    program.write_text(program.read_text().replace("import hashlib", "import time, hashlib", 1)
                       + "\ntime.sleep(0.3)\n")
    runs = [machine.start("--apply", "--add", host) for host in hosts]
    output = [run.communicate(timeout=100) for run in runs]
    written = set(re.findall(r"MTASTSMx +(\S+)", machine.file.read_text()))
    done = {host for host, run in zip(hosts, runs) if run.returncode == DONE}
    changed = {host for host, (out, _) in zip(hosts, output) if ": changed; " in out}
    assert done <= changed and changed and written == {MX} | changed
    for host, (_, errors) in zip(hosts, output):
        assert host in changed or "run this again" in errors, errors


def test_the_lock_of_mta_sts_setup_is_respected(machine):
    """Both lock the same file (scripts/mta_sts_setup/lock.py)."""
    sys.path.append(str(TOP / "scripts"))
    from mta_sts_setup.lock import Lock
    with Lock([str(machine.directory / "enabled.conf")]):
        run = machine.start("--apply", "--add", NEW)
        with pytest.raises(subprocess.TimeoutExpired):
            run.communicate(timeout=4)
        assert NEW not in machine.file.read_text()
    assert run.communicate(timeout=60)[1] == "" and NEW in machine.file.read_text()
    assert not list(machine.file.resolve().parent.glob(".mta-sts*"))


def test_who_may_only_read_the_directory_cannot_hold_the_lock(machine):
    handle = os.open(machine.file.resolve().parent, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    machine.shown("--apply", "--add", NEW, status=DONE)
    os.close(handle)


def test_the_lock_file_of_a_run_that_was_killed_is_taken_over(machine):
    lock = machine.file.resolve().parent / ".mta-sts.lock"
    os.close(os.open(lock, os.O_CREAT | os.O_WRONLY, 0o600))
    machine.shown("--apply", "--add", NEW, status=DONE)
    assert not lock.exists()


FOREIGN_LOCKS = {
    "a symbolic link": (lambda path: path.symlink_to("new"), "it is a symbolic link; remove it"),
    "open to others": (lambda path: (path.touch(), path.chmod(0o644)), "other users may open it; remove it"),
    "a directory": (lambda path: path.mkdir(), "Is a directory"),
    "a pipe": (lambda path: os.mkfifo(path), "it is not a file"),
}


@pytest.mark.parametrize("kind", FOREIGN_LOCKS)
def test_a_lock_file_that_others_could_hold_is_refused(machine, kind):
    make, why = FOREIGN_LOCKS[kind]
    lock = machine.file.resolve().parent / ".mta-sts.lock"
    make(lock)
    before = machine.file.read_text()
    done = machine.run("--apply", "--add", NEW)
    assert f"nothing was changed: {machine.file.resolve()}: the lock file {lock} cannot be opened: {why}" in (
        done.stderr.replace(str(machine.file), str(machine.file.resolve()))), done
    assert machine.file.read_text() == before and not (lock.parent / "new").exists()


# --- what somebody else wrote ---


OWN = SETUP.replace(", written by mta-sts-setup: run it again to change it, or", " of ours,")
BY_HAND = {
    "own file": (OWN, DOMAIN, "mta-sts-setup did not write this file"),
    "several domains": (SETUP, f"{DOMAIN} example.net", "the policy of several domains"),
    "continued line": (SETUP.replace("enforce", "enforce"), DOMAIN, "continued on the next one"),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_another_file_is_never_changed_but_its_lines_are_named(machine, name):
    text, domains, why = BY_HAND[name]
    machine.write(MX, domains=domains, text=text)
    if name == "continued line":
        machine.file.write_text(machine.file.read_text().replace(
            "        MTASTSMaxAge 604800", "        MTASTSMaxAge \\\n 604800"))
    machine.mx(MX, NEW)
    line = next(i for i, text in enumerate(machine.file.read_text().splitlines(), 1)
                if "MTASTSMx" in text)
    steps = machine.read()["steps"]
    assert steps[:2] == [
        f"add this line after {machine.file}:{line}: MTASTSMx {NEW}",
        "test and reload: sudo apachectl configtest && sudo apachectl graceful"]
    error = unchanged(machine)
    assert f"--apply changes only hosted rows and what mta-sts-setup wrote: {why}" in error or \
        why in error


def test_the_line_of_a_former_host_is_named(machine):
    machine.write(MX, OLD, text=OWN).mx(MX)
    line = next(i for i, text in enumerate(machine.file.read_text().splitlines(), 1) if OLD in text)
    assert f"remove {OLD} from MTASTSMx at {machine.file}:{line}" in machine.read(
        "--remove", OLD)["steps"]


# --- usage ---


WRONG = {
    ("--remove", OLD): f"--remove: the policy has no mx {OLD}; it has {MX}",
    ("--add", "10.0.0.1"): "--add: ",
    ("--add", "mx_1.example.com"): "--add: ",
    ("--apply", "--format", "json"): "--apply cannot be combined with --format json",
    ("example.net",): "only one DOMAIN at a time",
    ("--add", MX, "--remove", MX): f"{MX} is both in --add and in --remove",
}


@pytest.mark.parametrize("words", WRONG)
def test_wrong_usage(machine, words):
    done = machine.run(*words)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert WRONG[words] in done.stderr and "Try 'mta-sts mx --help'." in done.stderr


def test_a_domain_without_a_policy_is_an_error(machine):
    machine.live.dns.records["empty.example", "MX"] = [MX]
    done = machine.run(domain="empty.example")
    assert done.returncode == DIFFER
    assert "there is no valid policy of empty.example to compare with (a sender " in done.stderr
