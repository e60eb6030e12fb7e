# SPDX-License-Identifier: Apache-2.0
"""`mta-sts watch` against a small live deployment (live.py): what it reports, once, when that is
over, and what it does if it cannot look, note or deliver."""
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

import dump
import live
from test_ready import Store, policy as policy_lines, report

DOMAIN = "example.com"
MX, OTHER = f"mx1.{DOMAIN}", f"mx2.{DOMAIN}"
HOST = f"mta-sts.{DOMAIN}"
NOTHING, CHANGED, CRITICAL, UNKNOWN = range(4)
pytestmark = pytest.mark.slow
DAY = 86_400_000_000  # microseconds


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return live.Ca(tmp_path_factory.mktemp("ca"))


class Watch:
    """A deployment, a store of reports, and the state of the runs."""

    def __init__(self, directory, deployment):
        self.directory = directory / "watch"
        self.file = self.directory / "watch.json"
        self.live = deployment
        self.store = Store(directory)

    def call(self, *words, domains=(DOMAIN,), **more):
        return [live.COMMAND, "watch", "--state", str(self.directory), "--state-dir",
                str(self.store.state), *self.live.options(), *map(str, words), *domains]

    def run(self, *words, domains=(DOMAIN,), **more):
        environment = {**os.environ, "PATH": f"{self.store.path}:{os.environ['PATH']}",
                       "LC_ALL": "C.UTF-8"}
        return subprocess.run(self.call(*words, domains=domains), capture_output=True, text=True,
                              timeout=100, env=environment, **more)

    def lines(self, *words, status=None, **more):
        """What a run prints, whose exit status is this one, or 0 if it prints nothing."""
        done = self.run(*words, **more)
        assert done.stderr == "", done
        assert done.returncode == (NOTHING if status is None else status), done
        return done.stdout.splitlines()

    def quiet(self, runs=1, *words, **more):
        for _ in range(runs):
            assert self.lines(*words, **more) == []

    def begin(self, *words, **more):
        (line,) = self.lines(*words, status=CHANGED, **more)
        assert line.startswith("begin: this is the first run: ")
        assert line.endswith(f" What was reported is stored in {self.file}")
        return self

    def items(self):
        return json.loads(self.file.read_text())["items"]

    def age(self, microseconds):
        """Lets time pass."""
        document = json.loads(self.file.read_text())
        for item in document["items"]:
            for name in "first", "last", "turned", "ended":
                item[name] = max(item[name] - microseconds, 0)
            item["begun"] = [max(time - microseconds, 0) for time in item["begun"]]
        for delivery in document["deliveries"]:
            for name in "failing", "said":
                delivery[name] = max(delivery[name] - microseconds, 0)
        self.file.write_text(json.dumps(document))


@pytest.fixture
def fresh(tmp_path, ca):
    """Before the first run; all is well."""
    return Watch(tmp_path, live.Deployment(ca))


@pytest.fixture
def watch(fresh):
    return fresh.begin()


# --- each change is reported once, and once more when it is over ---


def short_certificate(deployment):
    deployment.mail[MX].context = deployment.ca.context(MX, 20)


def right_certificate(deployment):
    deployment.mail[MX].context = deployment.ca.context(MX)


def add_mx(deployment):
    deployment.add_mx(OTHER)
    deployment.set_mx(DOMAIN, MX, OTHER)


def right_mx(deployment):
    deployment.set_mx(DOMAIN, MX)


def serve_both(deployment):
    deployment.serve(DOMAIN, live.policy(MX, OTHER))


def serve_one(deployment):
    deployment.serve(DOMAIN, live.policy(MX))


def record(text):
    def publish(deployment):
        deployment.dns.records[f"_mta-sts.{DOMAIN}", "TXT"] = [text] if text else []
    return publish


def set_starttls(value):
    def change(deployment):
        deployment.mail[MX].has_starttls = value
    return change


def fail_dns(deployment):
    deployment.dns.failing.add(f"_smtp._tls.{DOMAIN}")


def repair_dns(deployment):
    deployment.dns.failing.clear()


RIGHT_RECORD = f"v=STSv1; id={live.policy_id(live.policy(MX))};"
CASES = {
    "MX outside the policy": (
        add_mx, right_mx, CRITICAL,
        f"critical: {OTHER}: the policy does not cover this host: in mode enforce, senders do not "
        f'deliver to it [mx-not-in-policy]: add "mx: {OTHER}" to the policy, then publish its new id '
        f"(see: mta-sts mx --state-dir '.*' {DOMAIN})"),
    "pattern that no MX matches": (
        serve_both, serve_one, CHANGED,
        f"note: no MX host matches the policy's \"mx: {OTHER}\" [pattern-unused]: remove the "
        f"pattern, unless it is for a future MX host (see: mta-sts mx --state-dir '.*' {DOMAIN})"),
    "certificate of an MX gets short": (
        short_certificate, right_certificate, CHANGED,
        "warning: MX: .*certificate.* [certificate-expires-soon]: "),
    "certificate of the policy host gets short": (
        lambda deployment: setattr(deployment.web[HOST], "context",
                                   deployment.ca.context(HOST, 20)),
        lambda deployment: setattr(deployment.web[HOST], "context", deployment.ca.context(HOST)),
        CHANGED, f"warning: {HOST}: .*certificate.* [certificate-expires-soon]: "),
    "STARTTLS gone": (
        set_starttls(False), set_starttls(True), CRITICAL,
        f"critical: {MX}: 127.0.0.1 does not offer STARTTLS"),
    "MX down": (
        lambda deployment: deployment.mail[MX].close(),
        lambda deployment: deployment.mail[MX].open(), CRITICAL,
        f"critical: {MX}: 127.0.0.1 refuses connections [smtp-refused]: "),
    "record gone": (
        record(None), record(RIGHT_RECORD), CRITICAL,
        f"critical: _mta-sts.{DOMAIN}: there is no MTA-STS record: senders do not look for a "
        "policy [record-missing]: "),
    "id of another policy": (
        record("v=STSv1; id=0123456789abcdef0123;"), record(RIGHT_RECORD), CHANGED,
        "warning: _mta-sts.example.com: the id 0123456789abcdef0123 in DNS does not match"),
    "policy host down": (
        lambda deployment: deployment.web[HOST].close(),
        lambda deployment: deployment.web[HOST].open(), CRITICAL,
        f"critical: {HOST}: nothing listens on port 443 of 127.0.0.1 [fetch-refused]: "),
    "DNS fails for a record": (
        fail_dns, repair_dns, CRITICAL, f"critical: _smtp._tls.{DOMAIN}: "),
}


def matches(line, expected):
    """Whether a line begins as expected, in which ".*" is anything."""
    return re.match(".*".join(map(re.escape, expected.replace("MX:", f"{MX}:").split(".*"))), line)


@pytest.mark.parametrize("name", CASES)
def test_a_change_is_reported_once_with_its_fix_and_once_when_it_is_over(watch, name):
    damage, repair, status, expected = CASES[name]
    words = ("--warning", "30")
    watch.quiet(1, *words)
    damage(watch.live)
    watch.quiet(1, *words)
    (line,) = watch.lines(*words, status=status)
    assert matches(line, f"new: {DOMAIN}: {expected}"), line
    assert "]: " in line  # the fix
    watch.quiet(3, *words)
    repair(watch.live)
    watch.quiet(1, *words)
    (over,) = watch.lines(*words, status=CHANGED)
    begun = line.split(": ", 3)[3].split("]")[0] + "]"
    assert over.startswith(f"resolved: {DOMAIN}: {begun} (since 20"), (over, begun)
    watch.quiet(2, *words)


def test_what_is_seen_only_once_is_not_reported(watch):
    for _ in range(2):
        watch.live.mail[MX].close()
        watch.quiet()
        watch.live.mail[MX].open()
        watch.quiet()
    assert watch.items() == []


def test_runs_says_how_often_something_must_be_seen(watch):
    watch.live.mail[MX].close()
    assert "smtp-refused" in watch.lines("--runs", "1", status=CRITICAL)[0]
    watch.live.mail[MX].open()
    assert watch.lines("--runs", "1", status=CHANGED)[0].startswith("resolved: ")
    watch.live.mail[MX].close()
    watch.quiet(3, "--runs", "4")
    assert "smtp-refused" in watch.lines("--runs", "4", status=CRITICAL)[0]


def test_programs_get_json_and_nothing_without_a_change(watch):
    watch.live.mail[MX].close()
    assert watch.lines("--json") == []
    document = json.loads("\n".join(watch.lines("--json", status=CRITICAL)))
    (change,) = document.pop("changes")
    since = change.pop("since")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", since) and since <= document["time"]
    assert change.pop("fix") and document.pop("host") and document.pop("time")
    assert change == {
        "change": "new", "domain": DOMAIN, "part": "mx", "subject": MX, "severity": "critical",
        "id": "smtp-refused", "message": "127.0.0.1 refuses connections", "replaces": None,
        "flapping": False}
    assert document == {"version": 1,
                        "open": {"critical": 1, "warning": 0, "note": 0, "unknown": 0}}
    watch.live.mail[MX].open()
    assert watch.lines("--format", "json") == []
    document = json.loads("\n".join(watch.lines("--format", "json", status=CHANGED)))
    assert [(one["change"], one["id"]) for one in document["changes"]] == [
        ("resolved", "smtp-refused")]
    assert document["open"]["critical"] == 0


def test_what_gets_worse_is_reported_again(watch):
    watch.live.serve(DOMAIN, live.policy(MX, mode="testing"))
    add_mx(watch.live)
    watch.quiet()
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith(f"new: {DOMAIN}: warning: {OTHER}: the policy does not cover")
    serve_one(watch.live)
    (line,) = watch.lines(status=CRITICAL)
    assert line.startswith(f"worse: {DOMAIN}: critical: {OTHER}: the policy does not cover")
    watch.quiet(2)


def test_what_gets_better_and_then_worse_again_is_reported_again(watch):
    def enforce(is_on):
        watch.live.serve(DOMAIN, live.policy(MX, mode="enforce" if is_on else "testing"))

    add_mx(watch.live)
    watch.quiet()
    assert watch.lines(status=CRITICAL)[0].startswith(f"new: {DOMAIN}: critical: {OTHER}: ")
    enforce(False)
    watch.quiet(2)
    enforce(True)
    assert watch.lines(status=CRITICAL)[0].startswith(f"worse: {DOMAIN}: critical: {OTHER}: ")
    watch.quiet(2)


def test_what_comes_and_goes_is_reported_again_when_it_gets_worse(watch):
    def toggle(is_there):
        watch.live.set_mx(DOMAIN, MX, *[OTHER] * is_there)
        return watch.run("--runs", "1").stdout

    watch.live.serve(DOMAIN, live.policy(MX, mode="testing"))
    watch.live.add_mx(OTHER)
    for _ in range(2):
        assert toggle(1).startswith("new: ") and toggle(0).startswith("resolved: ")
    assert "(it comes and goes: " in toggle(1)
    serve_one(watch.live)
    (line,) = watch.lines("--runs", "1", status=CRITICAL)
    assert line.startswith(f"worse: {DOMAIN}: critical: {OTHER}: ") and "(it comes and goes" in line
    watch.quiet(2, "--runs", "1")


def test_a_problem_that_follows_another_is_no_good_news(watch):
    short_certificate(watch.live)
    watch.quiet(1, "-w", "30")
    assert "certificate-expires-soon" in watch.lines("-w", "30", status=CHANGED)[0]
    watch.live.mail[MX].context = watch.live.ca.context(OTHER)
    watch.quiet(1, "-w", "30")
    (line,) = watch.lines("-w", "30", status=CRITICAL)
    assert line.startswith("new: ") and "[certificate-name-missing]" in line
    assert " (before: [certificate-expires-soon])" in line


def test_domains_with_the_same_problem_share_a_line(tmp_path, ca):
    domains = ("a.example", "b.example", "c.example")
    watch = Watch(tmp_path, live.Deployment(ca, *domains)).begin(domains=domains)
    for domain in domains:
        watch.live.set_mx(domain, "mx1.a.example")
        watch.live.serve(domain, live.policy("mx1.a.example"))
    watch.live.mail["mx1.a.example"].close()
    watch.quiet(domains=domains)
    lines = watch.lines(domains=domains, status=CRITICAL)
    assert len(lines) == 1
    assert lines[0].startswith("new: a.example, b.example and c.example: critical: mx1.a.example: ")


def test_what_comes_and_goes_is_reported_three_times_a_day_at_most(watch):
    def toggle():
        watch.live.mail[MX].close()
        begun = watch.run("--runs", "1").stdout
        watch.live.mail[MX].open()
        return begun, watch.run("--runs", "1").stdout

    for _ in range(2):
        begun, over = toggle()
        assert begun.startswith("new: ") and over.startswith("resolved: ")
    begun, over = toggle()
    assert " (it comes and goes: it is reported again once it has been resolved for a day)" in begun
    assert over == ""
    assert toggle() == toggle() == ("", "")
    watch.age(DAY)
    (line,) = watch.lines("--runs", "1", status=CHANGED)
    assert line.startswith(f"resolved: {DOMAIN}: {MX}: 127.0.0.1 refuses connections")
    watch.age(DAY)
    watch.quiet()
    begun, over = toggle()
    assert begun.startswith("new: ") and "comes and goes" not in begun
    assert over.startswith("resolved: ")


# --- what could not be looked at ---


def test_without_dns_nothing_is_over_and_that_is_reported_once_it_lasts(watch):
    watch.live.mail[MX].close()
    watch.quiet()
    assert len(watch.lines(status=CRITICAL)) == 1
    watch.live.dns.is_off = True
    watch.quiet(2)
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith("new: this machine: unknown: DNS: no name server answers")
    assert "[watch-blind]" in line and "what was known before still holds" in line
    watch.quiet()
    watch.live.dns.is_off = False
    watch.quiet(2)
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith("resolved: this machine: DNS: no name server answers")
    watch.live.mail[MX].open()
    watch.quiet()
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith(f"resolved: {DOMAIN}: {MX}: ")


def test_a_host_that_is_down_hides_what_was_wrong_with_it_but_does_not_end_it(watch):
    short_certificate(watch.live)
    watch.quiet(1, "-w", "30")
    assert "certificate-expires-soon" in watch.lines("-w", "30", status=CHANGED)[0]
    watch.live.mail[MX].close()
    watch.quiet(1, "-w", "30")
    (line,) = watch.lines("-w", "30", status=CRITICAL)
    assert "smtp-refused" in line
    watch.live.mail[MX].open()
    watch.quiet(1, "-w", "30")
    (line,) = watch.lines("-w", "30", status=CHANGED)
    assert line.startswith("resolved: ") and "smtp-refused" in line
    watch.quiet(2, "-w", "30")
    assert {item["id"]: item["phase"] for item in watch.items()} == {
        "certificate-expires-soon": 1, "smtp-refused": 0}


def test_without_smtp_the_mail_servers_are_as_they_were(watch):
    watch.live.mail[MX].close()
    watch.quiet()
    assert len(watch.lines(status=CRITICAL)) == 1
    watch.live.mail[MX].open()
    watch.quiet(3, "--no-smtp")
    watch.quiet()
    assert watch.lines(status=CHANGED)[0].startswith("resolved: ")


def test_a_policy_host_that_is_down_does_not_end_what_is_wrong_with_the_policy(watch):
    add_mx(watch.live)
    watch.quiet()
    assert "mx-not-in-policy" in watch.lines(status=CRITICAL)[0]
    watch.live.web[HOST].close()
    watch.quiet()
    assert "fetch-refused" in watch.lines(status=CRITICAL)[0]
    watch.quiet(2)
    right_mx(watch.live)  # it is no MX any more: that can be seen without the policy
    watch.quiet()
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith(f"resolved: {DOMAIN}: {OTHER}: the policy does not cover this host")


# --- the state ---


DAMAGED = {
    "empty": b"",
    "cut": b'{"version":1,"items":[{"dom',
    "no JSON": b"\0\xff",
    "no items": b'{"version":1,"domains":{}}',
    "no domains": b'{"version":1,"items":[]}',
    "wrong item": b'{"version":1,"domains":{},"items":[{"domain":"example.com"}]}',
    "older version": b'{"version":0,"domains":{},"items":[]}',
    "a list": b"[]",
    "control characters": b'{"version":1,"domains":{"a\\nb":{}},"items":[]}',
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_state_is_named_set_aside_and_begun_anew(watch, name):
    watch.live.mail[MX].close()
    watch.quiet()
    assert len(watch.lines(status=CRITICAL)) == 1
    watch.file.write_bytes(DAMAGED[name])
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith(f"state-damaged: {watch.file} cannot be used: ")
    kept = watch.directory / re.search(r"It is now (\S+)\.", line).group(1)
    assert kept.read_bytes() == DAMAGED[name]
    (line,) = watch.lines(status=CRITICAL)
    assert line.startswith("new: ") and "smtp-refused" in line
    watch.quiet()


def test_a_state_that_is_too_large_is_damaged_too(watch):
    os.truncate(watch.file, (256 << 20) + 1)
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith(f"state-damaged: {watch.file} cannot be used: it is larger than 256 MiB.")
    watch.quiet()


def test_a_state_of_a_newer_version_is_left_alone(watch):
    text = '{"version":2,"things":[]}'
    watch.file.write_text(text)
    done = watch.run()
    assert (done.returncode, done.stdout) == (UNKNOWN, "")
    assert f"{watch.file} is of a newer version of mta-sts: install that one" in done.stderr
    assert watch.file.read_text() == text


def make_file(path):
    path.write_text("")


def make_link(path):
    path.symlink_to("/tmp")


@pytest.mark.parametrize("make, what", [(make_file, "a file"), (make_link, "a symbolic link")])
def test_a_directory_that_cannot_be_used_is_named(fresh, make, what):
    make(fresh.directory)
    done = fresh.run()
    assert (done.returncode, done.stdout) == (UNKNOWN, "")
    assert f"the directory {fresh.directory} cannot be used: is {what}" in done.stderr
    assert "--state" in done.stderr


def test_a_state_that_cannot_be_read_is_named_and_left_alone(fresh):
    fresh.file.mkdir(parents=True)
    fresh.directory.chmod(0o700)
    done = fresh.run()
    assert (done.returncode, done.stdout) == (UNKNOWN, "")
    assert f"{fresh.file} cannot be read: it is not a regular file" in done.stderr
    assert fresh.file.is_dir()


def test_the_first_run_says_in_json_too_that_it_is_the_first(fresh):
    document = json.loads("\n".join(fresh.lines("--json", status=CHANGED)))
    (change,) = document["changes"]
    assert (change["change"], change["domain"]) == ("begin", None)
    assert fresh.lines("--json") == []


def test_without_a_domain_and_a_configuration_the_first_run_says_what_is_missing(fresh):
    done = fresh.run(domains=())
    assert (done.returncode, done.stdout) == (UNKNOWN, "")
    assert "(without DOMAIN, the domains are those of httpd's configuration)" in done.stderr
    assert not fresh.file.exists()


def test_the_state_is_private_and_by_default_below_the_state_directory(fresh):
    words = fresh.call()
    at = words.index("--state")
    done = subprocess.run(words[:at] + words[at + 2:], capture_output=True, text=True, timeout=60)
    assert done.returncode == CHANGED
    directory = fresh.store.state / "watch"
    assert f"What was reported is stored in {directory}/watch.json" in done.stdout
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()} == {
        "watch.json": 0o600, "watch.lock": 0o600}


def test_the_first_run_reports_what_is_wrong_already(fresh):
    fresh.live.mail[MX].close()
    fresh.begin()
    assert "smtp-refused" in fresh.lines(status=CRITICAL)[0]


def test_a_state_that_cannot_be_written_is_an_error_and_no_change_is_reported_in_each_run(watch, tmp_path):
    log = tmp_path / "log"
    watch.live.mail[MX].close()
    watch.quiet(1)
    (watch.directory / "watch.json.new").mkdir()
    for _ in range(3):
        done = watch.run("--exec", f"cat >>{log}")
        assert (done.returncode, done.stdout) == (UNKNOWN, "")
        assert f"{watch.file} cannot be written: " in done.stderr and "--state" in done.stderr
        assert done.stderr.endswith(f"; not reported: 1 problem, 1 critical: {DOMAIN}: {MX}: 127.0.0.1 refuses "
                                    "connections [smtp-refused]\n")
        assert len(done.stderr.splitlines()) == 1
    assert not log.exists()
    (watch.directory / "watch.json.new").rmdir()
    assert any("smtp-refused" in line for line in watch.lines(status=CRITICAL))


def put_pipe(new, other):
    del other
    os.mkfifo(new)


@pytest.mark.parametrize("put", [put_pipe, pathlib.Path.hardlink_to, pathlib.Path.symlink_to])
def test_nothing_that_is_in_the_way_of_the_next_state_is_waited_for_or_written_to(watch, tmp_path, put):
    new, other = watch.directory / "watch.json.new", tmp_path / "other"
    other.write_text("other")
    watch.live.mail[MX].close()
    put(new, other)
    watch.quiet(1)
    assert not os.path.lexists(new) and other.read_text() == "other"
    assert any("smtp-refused" in line for line in watch.lines(status=CRITICAL))


def test_of_many_problems_that_cannot_be_reported_the_first_critical_ones_are_named(watch):
    watch.live.mail[MX].close()
    expired = [("certificate-expired", f"mx{number}.{DOMAIN}", 3) for number in range(5)]
    watch.store.import_verified([failing("a.example", 2, *expired)])
    (watch.directory / "watch.json.new").mkdir()
    said = watch.run().stderr.partition("; not reported: 6 problems, 6 critical: ")[2]
    assert said.count("failure-blocking]; ") == 3 and said.endswith("]; and 3 more\n"), said


# --- delivery ---


def test_a_command_gets_the_changes_and_runs_only_with_changes(watch, tmp_path):
    log = tmp_path / "log"
    words = ("--exec", f"cat >>{log}")
    watch.quiet(1, *words)
    watch.live.mail[MX].close()
    watch.quiet(1, *words)
    assert not log.exists()
    (line,) = watch.lines(*words, status=CRITICAL)
    assert line.startswith("new: ")
    document = json.loads(log.read_text())
    assert [(one["change"], one["id"]) for one in document["changes"]] == [("new", "smtp-refused")]
    watch.quiet(2, *words)
    assert json.loads(log.read_text()) == document


FAILING = {
    "exit 7": "--exec: it ended with status 7;",
    "echo one >&2; echo 'curl: (6) no host' >&2; exit 6":
        '--exec: it ended with status 6: "curl: (6) no host";',
    "kill -9 $$": "--exec: it was ended by signal 9;",
    "/nowhere/program": "--exec: it ended with status 127",
    "sleep 50": "--exec: it did not end within 1 second, and was killed;",
    "sleep 50 & trap '' TERM; wait": "--exec: it did not end within 1 second, and was killed;",
}


AGAIN = "the next run tries to deliver the same changes again (this message appears once a day)"


def changes_in(path):
    return [(one["change"], one.get("id")) for one in json.loads(path.read_text())["changes"]]


@pytest.mark.parametrize("command", FAILING)
def test_a_change_that_did_not_arrive_is_reported_again(watch, command, tmp_path):
    log = tmp_path / "log"
    watch.live.mail[MX].close()
    watch.quiet()
    began = time.monotonic()
    done = watch.run("--exec", command, "--exec-timeout", "1")
    assert time.monotonic() - began < 10
    assert done.returncode == UNKNOWN
    assert done.stdout.startswith("new: ") and done.stdout.count("\n") == 1
    assert f"mta-sts watch: {FAILING[command]}" in done.stderr and AGAIN in done.stderr
    # What was printed, and what was said about the failure, is not repeated: cron would mail it.
    done = watch.run("--exec", command, "--exec-timeout", "1")
    assert (done.returncode, done.stdout, done.stderr) == (UNKNOWN, "", "")
    watch.quiet(1, "--exec", f"cat >{log}")
    assert changes_in(log) == [("new", "smtp-refused")]
    log.unlink()
    watch.quiet(2, "--exec", f"cat >{log}")
    assert not log.exists()


def test_a_command_that_fails_for_ever_is_named_once_a_day(watch):
    def run():
        done = watch.run("--exec", "exit 7", "--runs", "1")
        assert done.returncode == UNKNOWN, done
        return done.stdout, done.stderr

    watch.live.mail[MX].close()
    assert run()[0].startswith("new: ")
    for _ in range(3):
        assert run() == ("", "")
    watch.age(DAY)
    output, errors = run()
    assert output == ""
    assert re.match(r"mta-sts watch: --exec: it ended with status 7 \(since 20.* UTC\); the next",
                    errors)
    assert run() == ("", "")
    # Standard output is complete all the same.
    watch.live.mail[MX].open()
    assert "resolved: " in watch.run("--exec", "exit 7", "--runs", "1").stdout
    watch.quiet(2, "--exec", "exit 7")  # what is over need not be reported to it any more


def test_a_command_that_works_again_gets_what_it_missed_and_is_not_over(watch, tmp_path):
    log = tmp_path / "log"
    short_certificate(watch.live)
    words = ("--runs", "1", "-w", "30", "--exec")
    watch.run(*words, "false")
    right_certificate(watch.live)
    watch.live.mail[MX].close()
    watch.run(*words, "false")
    watch.live.web[HOST].close()
    (line,) = watch.lines(*words, f"cat >{log}", status=CRITICAL)
    assert "fetch-refused" in line
    assert sorted(changes_in(log)) == [
        ("new", "certificate-expires-soon"), ("new", "fetch-refused"), ("new", "smtp-refused")]
    opened = json.loads(log.read_text())["open"]
    assert opened == {"critical": 2, "warning": 1, "note": 0, "unknown": 0}


def test_a_command_that_is_added_later_gets_what_is_new_then(watch, tmp_path):
    log = tmp_path / "log"
    watch.live.mail[MX].close()
    watch.lines("--runs", "1", status=CRITICAL)
    watch.quiet(1, "--runs", "1", "--exec", f"cat >{log}")
    assert not log.exists()
    watch.live.mail[MX].open()
    watch.lines("--runs", "1", "--exec", f"cat >{log}", status=CHANGED)
    assert changes_in(log) == [("resolved", "smtp-refused")]


def test_a_command_that_fails_is_noticed_where_sigchld_is_ignored(watch, tmp_path):
    """As under some supervisors, which pass that on."""
    log = tmp_path / "log"
    watch.live.mail[MX].close()
    watch.quiet()
    done = watch.run("--exec", "exit 3",
                     preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    assert done.returncode == UNKNOWN
    assert "--exec: it ended with status 3; the next run tries to deliver the same" in done.stderr
    watch.quiet(1, "--exec", f"cat >{log}")
    assert changes_in(log) == [("new", "smtp-refused")]


def test_a_failure_at_the_end_is_reported_again_too(watch, tmp_path):
    log = tmp_path / "log"
    watch.live.mail[MX].close()
    watch.quiet()
    watch.lines(status=CRITICAL)
    watch.live.mail[MX].open()
    watch.quiet()
    assert watch.run("--exec", "false").stdout.startswith("resolved: ")
    watch.quiet(1, "--exec", f"cat >{log}")
    assert changes_in(log) == [("resolved", "smtp-refused")]


def test_the_first_run_is_announced_until_that_arrives(fresh, tmp_path):
    log = tmp_path / "log"
    assert fresh.run("--exec", "false").stdout.startswith("begin: ")
    fresh.quiet(1, "--exec", f"cat >{log}")
    assert changes_in(log) == [("begin", None)]
    with open("/dev/full", "w") as full:
        fresh.file.unlink()
        subprocess.run(fresh.call(), stdout=full, stderr=subprocess.PIPE, timeout=60)
    fresh.begin()
    fresh.quiet()


def test_a_domain_that_is_dropped_is_dropped_for_a_command_too(fresh, tmp_path):
    log = tmp_path / "log"
    configure(fresh, DOMAIN)
    fresh.begin(domains=())
    fresh.live.mail[MX].close()
    fresh.lines("--runs", "1", domains=(), status=CRITICAL)
    fresh.live.add("other.example")
    configure(fresh, "other.example")
    done = fresh.run("--exec", "false", domains=())
    assert done.stdout.startswith(f"dropped: {DOMAIN} is no longer in ")
    fresh.quiet(1, "--exec", f"cat >{log}", domains=())
    assert changes_in(log) == [("dropped", None)]
    assert fresh.items() == [] and list(json.loads(fresh.file.read_text())["domains"]) == [
        "other.example"]


def test_output_that_cannot_be_written_did_not_arrive(watch):
    watch.live.mail[MX].close()
    watch.quiet()
    with open("/dev/full", "w") as full:
        done = subprocess.run(watch.call(), stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=60)
    assert done.returncode == UNKNOWN
    assert f"standard output: No space left on device; {AGAIN}" in done.stderr
    assert len(watch.lines(status=CRITICAL)) == 1


# --- two runs at once ---


def test_of_two_runs_at_once_one_reports(watch):
    watch.live.mail[MX].close()
    watch.quiet()
    runs = [subprocess.Popen(watch.call(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(4)]
    output = [run.communicate(timeout=60) for run in runs]
    assert sorted(run.returncode for run in runs) == [NOTHING] * 3 + [CRITICAL]
    assert "".join(errors for _, errors in output) == ""
    assert sum(out.count("new: ") for out, _ in output) == 1


def test_runs_at_the_same_time_count_as_one(watch):
    watch.live.mail[MX].close()
    words = ("--runs", "3")
    runs = [subprocess.Popen(watch.call(*words, "--exec", "sleep 1"), stdout=subprocess.PIPE)
            for _ in range(3)]
    assert [run.communicate(timeout=60)[0] for run in runs] == [b""] * 3
    assert {item["seen"] for item in watch.items()} <= {1, 2}


def test_a_run_waits_for_another_one_within_a_limit(watch):
    with open(watch.directory / "watch.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        began = time.monotonic()
        done = watch.run("--wait", "1")
        assert 1 <= time.monotonic() - began < 10
        assert (done.returncode, done.stdout) == (UNKNOWN, "")
        assert "another run has not ended within 1 second: this one reports nothing" in done.stderr
        assert watch.run("--wait", "0").returncode == UNKNOWN
    watch.quiet()


# --- reports ---


EXPIRED = ("certificate-expired", MX, 3)


def failing(sender, days_ago, *failures):
    return report(sender, days_ago, text=policy_lines("enforce"), failures=failures or [EXPIRED])


def test_a_new_kind_of_failure_is_reported_once_at_once_with_its_fix(watch):
    watch.store.import_verified([failing("a.example", 2)])
    (line,) = watch.lines(status=CRITICAL)
    assert line.startswith(f"new: {DOMAIN}: critical: ") and "[failure-blocking]: " in line
    assert MX in line and "3 sessions, reported by a.example about 20" in line
    assert ", signed by signer.example) [" in line  # any name can be in a report
    watch.store.import_verified([failing("a.example", 1), failing("b.example", 1)])
    watch.quiet(2)
    watch.store.import_verified([failing("a.example", 1, ("starttls-not-supported", MX, 1))],
                                "c.example")
    (line,) = watch.lines(status=CRITICAL)
    assert "STARTTLS" in line


def test_a_failure_is_as_severe_if_the_policy_cannot_be_fetched_now(watch):
    watch.live.web[HOST].close()
    watch.store.import_verified([failing("a.example", 2)])
    assert watch.lines(status=CRITICAL)[0].startswith(f"new: {DOMAIN}: critical: ")
    watch.live.web[HOST].open()
    watch.quiet()


def test_unverified_reports_never_make_an_alarm(watch):
    watch.store.import_mails([failing("forged.example", ago) for ago in range(1, 15)])
    watch.store.import_mails([report("Google Inc.", ago, text=policy_lines(), failures=[EXPIRED])
                              for ago in range(1, 9)])
    watch.quiet(2)


def test_a_failure_is_over_after_a_week_without_it(watch):
    watch.store.import_verified([failing("a.example", 12)])
    assert "failure-blocking" in watch.lines(status=CRITICAL)[0]
    watch.store.import_verified([report("a.example", 3, text=policy_lines("enforce"))])
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith(f"resolved: {DOMAIN}: ") and "[failure-blocking]" in line
    watch.quiet()


def test_failures_that_are_long_past_or_at_the_sender_are_not_reported(watch):
    watch.store.import_verified([failing("a.example", 20),
                                 failing("a.example", 1, ("dane-required", None, 2))])
    watch.store.import_verified([failing("b.example", 16)], "b.example")
    watch.quiet()


def test_dane_failures_are_critical_in_any_mode(watch):
    watch.store.import_verified([report("a.example", 1, kind="tlsa",
                                        failures=[("tlsa-invalid", MX, 4)])])
    (line,) = watch.lines(status=CRITICAL)
    assert "[failure-dane]: " in line and "under DANE" in line


def test_a_reporter_that_falls_silent_is_named_until_it_reports_again(watch):
    watch.store.import_verified([report("Google Inc.", ago, text=policy_lines())
                                 for ago in range(6, 16)])
    watch.store.import_verified([report("rare.example", ago, text=policy_lines())
                                 for ago in (9, 16)], "rare.example")
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith(f"new: {DOMAIN}: warning: Google Inc.: reported regularly (10 reports in "
                           "30 days), but nothing since 20")
    assert "[reporter-silent]: check whether reports still reach this machine" in line
    watch.quiet(2)
    watch.store.import_verified([report("Google Inc.", 1, text=policy_lines())])
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith(f"resolved: {DOMAIN}: Google Inc.: reported regularly")


def silent(watch, names, days=range(6, 16), domain=DOMAIN):
    for name in names:
        watch.store.import_verified([
            report(name, ago, text=policy_lines(), domain=domain)
            .replace(b'"report-id": "', b'"report-id": "' + domain.encode())
            for ago in days])


SILENT = [f"sender{number}.example" for number in range(1, 9)]
SOME = "sender1.example, sender2.example, sender3.example, sender4.example, sender5.example and 3 more"


def test_many_reporters_that_fall_silent_at_once_are_one_message(watch):
    silent(watch, SILENT)
    document = json.loads("\n".join(watch.lines("--json", "--exec", "cat >/dev/null",
                                                status=CHANGED)))
    (change,) = document["changes"]
    assert change["domain"] == DOMAIN and change["domains"] == [DOMAIN]
    assert sorted(change["subjects"]) == SILENT and change["subject"] == "reporters"
    assert change["message"] == ("8 senders that reported regularly have fallen silent at the same time: "
                                 + SOME)
    assert document["open"]["warning"] == 8
    watch.quiet(2)
    silent(watch, SILENT, days=(1,))
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith(f"resolved: {DOMAIN}: 8 senders that had fallen silent report again: {SOME} "
                           "[reporter-silent] (since 20")
    watch.quiet(2)


def test_reporters_of_many_domains_that_fall_silent_at_once_are_one_line(tmp_path, ca):
    domains = ("a.example", "b.example", "c.example")
    watch = Watch(tmp_path, live.Deployment(ca, *domains)).begin(domains=domains)
    for domain in domains:
        silent(watch, ["Google Inc."], domain=domain)
    (line,) = watch.lines(domains=domains, status=CHANGED)
    assert line.startswith(
        "new: a.example, b.example and c.example: warning: Google Inc., which reported regularly about "
        "each of these domains, has fallen silent [reporter-silent]: check whether reports still reach this "
        "machine: the addresses in the TLSRPT record (mta-sts check a.example), the import of mail")
    watch.quiet(2, domains=domains)


def test_two_reporters_that_fall_silent_are_named_with_their_dates(watch):
    silent(watch, SILENT[:2])
    lines = watch.lines(status=CHANGED)
    assert len(lines) == 2 and all("reported regularly (10 reports" in line for line in lines)


def test_a_silent_reporter_stays_so_when_its_reports_are_deleted(watch):
    watch.store.import_verified([report("Google Inc.", ago, text=policy_lines())
                                 for ago in range(6, 16)])
    assert "reporter-silent" in watch.lines(status=CHANGED)[0]
    for path in watch.store.state.glob("reports/*/*"):
        path.unlink()
    watch.quiet(2)


def test_a_store_that_cannot_be_read_is_unknown_and_reported_once_it_lasts(watch):
    watch.store.import_verified([failing("a.example", 2)])
    watch.lines(status=CRITICAL)
    reports = watch.store.state / "reports"
    reports.rename(watch.store.state / "elsewhere")
    (watch.store.state / "limits.json").touch()
    watch.quiet(2)
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith("new: this machine: unknown: ") and f"{reports} cannot be read" in line
    watch.quiet()
    (watch.store.state / "elsewhere").rename(reports)
    watch.quiet(2)
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith("resolved: this machine: ") and "[watch-blind]" in line


def test_of_many_kinds_of_failure_none_is_over_because_there_is_no_room_for_it(watch):
    watch.store.import_verified([failing("a.example", 2)])
    watch.lines(status=CRITICAL)
    many = [("certificate-expired", f"many{number}.{DOMAIN}", 9) for number in range(100)]
    watch.store.import_verified([failing("b.example", 1 + part // 20, *many[part:part + 20])
                                 for part in range(0, 100, 20)])
    lines = watch.lines(status=CRITICAL)
    assert len(lines) == 100
    assert all(line.startswith("new: ") for line in lines)
    watch.quiet(2)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")
def test_while_a_report_cannot_be_opened_nothing_is_over_and_that_is_reported(watch):
    watch.store.import_verified([failing("a.example", 2)])
    (file,) = watch.store.state.glob("reports/*/*")
    for path in (watch.store.directory, *watch.store.directory.rglob("*")):
        os.chown(path, 65534, 65534)
    for path in (*watch.store.directory.parents, watch.store.directory):
        if path.stat().st_uid == 0 and str(path).startswith("/tmp/"):
            path.chmod(0o755)
    watch.lines(status=CRITICAL)
    os.chown(file, 0, 0)
    watch.quiet(2)
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith("new: this machine: unknown: 1 report cannot be opened, as ")
    assert str(file) in line and "[watch-blind] (since 20" in line
    assert "): correct the owner and the mode of the file; until then, failures" in line
    watch.quiet()
    os.chown(file, 65534, 65534)
    watch.quiet(2)
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith("resolved: this machine: ") and "[watch-blind]" in line


# --- this machine ---


def test_a_quota_that_is_almost_used_up_is_reported(watch):
    limits = {"version": 1, "max_size": {"sent": 1048576, "inflated": 10485760},
              "quota": {"reports": 1 << 20, "quarantine": 1 << 20}}
    (watch.store.state / "limits.json").write_text(json.dumps(limits))
    watch.store.import_verified([report("a.example", 1)])
    (path,) = watch.store.state.glob("reports/*/*")
    with open(path, "ab") as file:
        file.write(b" " * (900 << 10))
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith("new: this machine: warning: ") and "[report-quota]: " in line
    os.truncate(path, 780 << 10)  # 76 %: neither is certain
    watch.quiet()
    os.truncate(path, 1 << 20)
    (line,) = watch.lines(status=CRITICAL)
    assert line.startswith("worse: this machine: critical: ") and "are rejected" in line
    os.truncate(path, 4 << 10)
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith("resolved: this machine: ") and "[report-quota]" in line


def test_trouble_with_the_database_is_reported(watch):
    watch.store.import_verified([report("a.example", 1)])
    watch.quiet()
    database = watch.store.state / "reports.db"
    database.write_bytes(b"no database" * 1000)
    watch.quiet()
    (line,) = watch.lines(status=CRITICAL)
    assert line.startswith("new: this machine: critical: ") and "[database-failed]: " in line
    database.unlink()
    watch.quiet()
    assert watch.lines(status=CHANGED)[0].startswith("resolved: this machine: ")


# --- which domains ---


def configure(watch, *domains):
    watch.store.serve(*(dump.policy(domain, dump.place(dump.location(7)), mx=(f"mx1.{domain}",))
                        for domain in domains))


def test_without_arguments_the_domains_of_the_configuration_are_watched(fresh):
    configure(fresh, DOMAIN)
    fresh.begin(domains=())
    fresh.live.mail[MX].close()
    fresh.quiet(domains=())
    assert fresh.lines(domains=(), status=CRITICAL)[0].startswith(f"new: {DOMAIN}: ")
    fresh.live.add("other.example")
    configure(fresh, "other.example")
    (line,) = fresh.lines(domains=(), status=CHANGED)
    assert line == f"dropped: {DOMAIN} is no longer in httpd's configuration, and no longer " \
                   "watched (1 problem was open)"
    fresh.quiet(2, domains=())


def test_a_configuration_that_cannot_be_read_is_unknown(fresh):
    configure(fresh, DOMAIN)
    fresh.begin(domains=())
    fresh.live.mail[MX].close()
    fresh.quiet(domains=())
    assert len(fresh.lines(domains=(), status=CRITICAL)) == 1
    fresh.store.have_apache("echo 'Syntax error on line 3' >&2; exit 1")
    fresh.quiet(2, domains=())
    (line,) = fresh.lines(domains=(), status=CHANGED)
    assert line.startswith("new: this machine: unknown: httpd: ") or "httpd" in line
    assert "Syntax error on line 3" in line and "[watch-blind]" in line
    configure(fresh, DOMAIN)
    fresh.quiet(2, domains=())
    assert fresh.lines(domains=(), status=CHANGED)[0].startswith("resolved: this machine: ")


def test_a_configuration_without_domains_is_no_error(fresh):
    configure(fresh)
    (line,) = fresh.lines(domains=(), status=CHANGED)
    assert line.startswith("begin: ") and fresh.file.exists()
    assert "There is no domain to watch yet: this machine's httpd serves no policy" in line
    fresh.quiet(2, domains=())
    configure(fresh, DOMAIN)
    fresh.live.mail[MX].close()
    fresh.quiet(domains=())
    fresh.lines(domains=(), status=CRITICAL)
    configure(fresh)
    assert fresh.lines(domains=(), status=CHANGED)[0].startswith(f"dropped: {DOMAIN} is no longer in ")
    fresh.quiet(4, domains=())


def test_hosted_domains_that_cannot_be_read_do_not_end_a_run_about_named_ones(watch):
    watch.store.import_verified([report("a.example", 1)])
    snapshot = watch.store.state / "hosted.db"
    snapshot.write_bytes(b"no database" * 1000)
    snapshot.chmod(0o600)
    watch.live.mail[MX].close()
    watch.quiet()
    (line,) = watch.lines(status=CRITICAL)
    assert "smtp-refused" in line
    (line,) = watch.lines(status=CHANGED)
    assert line.startswith("new: this machine: unknown: hosted domains cannot be read: ")
    # It is derived from the database, so the reports have nothing to rebuild it from.
    assert "httpd builds it again from the database" in line and "reindex" not in line
    assert "[watch-blind]" in line
    watch.quiet()
    snapshot.unlink()
    watch.quiet(2)
    assert watch.lines(status=CHANGED)[0].startswith("resolved: this machine: hosted domains")


def host(watch, problem=None, held=0, wrong=0, age=0, findings=(), pairs=()):
    """What httpd says about hosted domains; age: seconds since they were read."""
    document = json.loads(dump.document(dump.policy(DOMAIN, dump.place(dump.location(7)),
                                                    mx=(MX,))))
    document["state_dir"] = str(watch.store.state)
    synced = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age))
    document["hosting"] = {"domains": 9, "wrong": wrong, "held": held,
                           "synced_at": None if problem else synced, "problem": problem,
                           "report_path": None}
    document["findings"] = list(findings)
    document["key_pairs"] = [{"paths": list(pairs)}]
    (watch.store.directory / "dump").write_text(json.dumps(document) + "\n")


def finding(id, severity, subject="MTASTSHosting"):
    return {"id": id, "severity": severity, "subject": subject, "message": "it is like this",
            "fix": "do that", "location": dump.location(4, "/etc/apache2/mta.conf")}


HOSTING = {  # what httpd says -> exit status, the line
    "not read for a while": (
        {"age": 3600}, CRITICAL,
        "critical: httpd has not read the hosted domains from the database since 20.* "
        "UTC; it serves the policies that it knew then [hosting-stale]: check that httpd is running, and "
        "what its error log says"),
    "a wrong row": (
        {"wrong": 1}, CHANGED,
        "warning: hosted domains: 1 row is wrong [row-wrong]: run mta-sts policy list --wrong --state-dir '"),
    "wrong rows": ({"wrong": 7}, CHANGED, "warning: hosted domains: 7 rows are wrong [row-wrong]: "),
    "a warning of the start": (
        {"findings": [finding("hosting-shadowed", "warning", "*.example.net")]}, CHANGED,
        "warning: *.example.net: it is like this (at /etc/apache2/mta.conf:4) [hosting-shadowed]: do"),
    "a certificate of another domain": (
        {"findings": [finding("certificate-expires-soon", "warning", "mta-sts.other.example")]},
        CHANGED, "warning: mta-sts.other.example: it is like this (at "),
    "no database yet": (
        {"problem": "httpd has not read them from the database yet"}, CRITICAL,
        "critical: hosted domains: httpd has not read them from the database yet [hosting-failed]"),
}
NO_TROUBLE = {
    "just read": {"age": 60},
    "info": {"findings": [finding("https-missing", "info")]},
    # The check of the live deployment shows these.
    "a certificate of a watched domain": {
        "findings": [finding("certificate-expires-soon", "warning", HOST)]},
}


@pytest.mark.parametrize("name", HOSTING)
def test_trouble_with_hosting_is_reported_once_and_when_it_is_over(fresh, name):
    trouble, status, expected = HOSTING[name]
    configure(fresh, DOMAIN)
    host(fresh)
    fresh.begin(domains=())
    host(fresh, **trouble)
    fresh.quiet(domains=())
    (line,) = fresh.lines(domains=(), status=status)
    assert matches(line, f"new: this machine: {expected}"), line
    fresh.quiet(2, domains=())
    host(fresh)
    fresh.quiet(domains=())
    (line,) = fresh.lines(domains=(), status=CHANGED)
    assert line.startswith("resolved: this machine: "), line
    fresh.quiet(domains=())


@pytest.mark.parametrize("name", NO_TROUBLE)
def test_what_is_no_trouble_with_hosting_is_not_reported(fresh, name):
    configure(fresh, DOMAIN)
    host(fresh)
    fresh.begin(domains=())
    host(fresh, **NO_TROUBLE[name])
    fresh.quiet(3, domains=())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root reads key pairs")
def test_a_broken_key_pair_is_reported(fresh, tmp_path):
    pairs = tmp_path / "pairs"
    pairs.mkdir()
    configure(fresh, DOMAIN)
    host(fresh, pairs=[f"{pairs}/*/fullchain.pem"])
    fresh.begin(domains=())
    (pairs / "one").mkdir()
    (pairs / "one" / "fullchain.pem").write_text("no certificate")
    (pairs / "one" / "privkey.pem").write_text("no key")
    for path in pairs.glob("*/*"):  # what was just written may be incomplete
        os.utime(path, (time.time() - 3600,) * 2)
    fresh.quiet(domains=())
    (line,) = fresh.lines(domains=(), status=CRITICAL)
    assert line.startswith("new: this machine: critical: ") and "[pair-broken]" in line, line
    shutil.rmtree(pairs / "one")
    fresh.quiet(domains=())
    (line,) = fresh.lines(domains=(), status=CHANGED)
    assert line.startswith("resolved: this machine: ") and "[pair-broken]" in line


def test_trouble_with_hosted_domains_as_a_whole_is_reported(fresh):
    configure(fresh, DOMAIN)
    host(fresh)
    fresh.begin(domains=())
    host(fresh, held=1)
    fresh.quiet(domains=())
    (line,) = fresh.lines(domains=(), status=CHANGED)
    assert "the row of 1 hosted domain is suddenly missing from the database; it is still served" in line
    host(fresh)
    fresh.quiet(domains=())
    fresh.lines(domains=(), status=CHANGED)
    host(fresh, held=8)
    fresh.quiet(domains=())
    (line,) = fresh.lines(domains=(), status=CHANGED)
    assert line.startswith("new: this machine: warning: the rows of 8 hosted domains "
                           "are suddenly missing from the database; they are still served "
                           "[hosting-held]: if they were deleted on purpose, run: mta-sts policy")
    host(fresh, problem="the snapshot is damaged")
    fresh.quiet(domains=())
    (line,) = fresh.lines(domains=(), status=CRITICAL)
    assert "the snapshot is damaged [hosting-failed] (before: [hosting-held])" in line
    host(fresh)
    fresh.quiet(domains=())
    (line,) = fresh.lines(domains=(), status=CHANGED)
    assert line.startswith("resolved: this machine: hosted domains: the snapshot is damaged")


def test_a_run_about_one_domain_leaves_others_as_they_are(tmp_path, ca):
    both = ("a.example", "b.example")
    watch = Watch(tmp_path, live.Deployment(ca, *both)).begin(domains=both)
    for domain in both:
        watch.live.mail[f"mx1.{domain}"].close()
    watch.quiet(domains=both)
    assert len(watch.lines(domains=both, status=CRITICAL)) == 2
    watch.live.mail["mx1.a.example"].open()
    watch.quiet(2, domains=("b.example",))
    watch.quiet(domains=("a.example",))
    (line,) = watch.lines(domains=("a.example",), status=CHANGED)
    assert line.startswith("resolved: a.example: ")


WRONG = {
    ("--runs", "0"): "--runs takes a number from 1 to 100",
    ("--exec-timeout", "301"): "--exec-timeout takes a number from 1 to 300",
    ("--format", "xml"): "--format takes text or json",
    ("--hosted",): "--hosted cannot be combined with DOMAIN",
    ("--database", "mysql x"): "mysql",
    ("--resolver", "ns.example"): "is not an IP address",
}


@pytest.mark.parametrize("words", WRONG)
def test_wrong_usage_is_status_3(fresh, words):
    done = fresh.run(*words)
    assert (done.returncode, done.stdout) == (UNKNOWN, "")
    assert WRONG[words] in done.stderr and "Try 'mta-sts watch --help'." in done.stderr
    assert not fresh.file.exists()
