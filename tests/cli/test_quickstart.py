# SPDX-License-Identifier: Apache-2.0
"""scripts/quickstart, twice and stopped, with the build of the tests."""
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

TOP = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve()
RUN = BUILD / "quickstart-run"
STATE_DIR = pathlib.Path("/var/lib/mod_mta_sts")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.geteuid() != 0, reason="root only")]


def quickstart(*words, program=TOP / "scripts" / "quickstart"):
    result = subprocess.run([str(program), *words], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                            env={**os.environ, "MTA_STS_BUILD": str(BUILD)})
    return result.returncode, result.stdout.decode()


@pytest.fixture
def stopped():
    yield
    quickstart("--stop")


def lives(pid):
    """Whether it goes on running; it may have some moments for its end."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return False
        except FileNotFoundError:
            return False
        time.sleep(0.05)
    return True


def policy_of(domain):
    return ("version: STSv1\r\nmode: testing\r\n"
            f"mx: mx1.{domain}\r\nmx: mx2.{domain}\r\nmax_age: 604800\r\n").encode()


def test_it_shows_policy_and_records_twice_in_a_row_and_stops(stopped):
    was_there = STATE_DIR.exists()
    pids = []
    for words, domain in ([], "example.com"), (["example.net"], "example.net"):
        status, output = quickstart(*words)
        assert status == 0, output
        assert policy_of(domain).decode() in output
        record = hashlib.sha256(policy_of(domain)).hexdigest()[:20]
        assert f'_mta-sts.{domain}. IN TXT "v=STSv1; id={record};"' in output
        sudo = "sudo " if "SUDO_USER" in os.environ else ""
        assert f"stop it with: {sudo}scripts/quickstart --stop" in output
        pids.append(int((RUN / "httpd.pid").read_text()))
        assert f"pid {pids[-1]}" in output
        log = (RUN / "error.log").read_text()
        assert not re.search(r":(warn|error|crit|alert|emerg)\]", log), log
    assert not lives(pids[0])
    os.kill(pids[1], 0)
    for _ in range(2):
        assert quickstart("--stop") == (0, "== stopped\n")
        assert not lives(pids[1])
        assert not RUN.exists()
    assert STATE_DIR.exists() == was_there


@pytest.mark.parametrize("words, status, said", [
    (["--help"], 0, "Usage: sudo scripts/quickstart [DOMAIN]"),
    (["--frobnicate"], 2, "Usage: sudo scripts/quickstart [DOMAIN]"),
    (["one.example", "two.example"], 2, "Usage: sudo scripts/quickstart [DOMAIN]"),
    (["--stop", "now"], 2, "Usage: sudo scripts/quickstart [DOMAIN]"),
    (["Example.com"], 2, '"Example.com" is not a domain name like example.com'),
    ([""], 2, '"" is not a domain name like example.com'),
])
def test_wrong_usage_is_reported(words, status, said):
    result, output = quickstart(*words)
    assert (result, said in output) == (status, True), output


def test_a_process_that_has_the_number_of_an_earlier_httpd_is_not_stopped(stopped):
    with subprocess.Popen(["sleep", "60"]) as other:
        RUN.mkdir()
        (RUN / "httpd.conf").touch()
        (RUN / "httpd.pid").write_text(f"{other.pid}\n")
        assert quickstart("--stop") == (0, "== stopped\n")
        assert other.poll() is None and not RUN.exists()
        other.kill()


def test_an_interrupted_quickstart_leaves_no_httpd(stopped, tmp_path):
    """Ctrl-C once httpd runs, when its policy is about to be fetched."""
    curl = tmp_path / "curl"
    curl.write_text(f"#!/bin/sh\ncp {RUN}/httpd.pid {tmp_path}\nkill -INT 0\n")
    curl.chmod(0o755)
    # A shell cannot handle signals that were ignored when it began, as in the background.
    done = subprocess.run(["env", "--default-signal=INT", TOP / "scripts/quickstart"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=300,
                          start_new_session=True,
                          env={**os.environ, "MTA_STS_BUILD": str(BUILD),
                               "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode in (128 + signal.SIGINT, -signal.SIGINT)
    assert not lives(int((tmp_path / "httpd.pid").read_text())) and not RUN.exists()


@pytest.mark.parametrize("script, words", [
    ("quickstart", []), ("test", ["unit"]), ("package", ["--source"])])
def test_a_path_that_configure_cannot_handle_is_refused_at_once(tmp_path, script, words):
    checkout = tmp_path / "my checkout"
    (checkout / "scripts").mkdir(parents=True)
    for name in script, "common.sh", "suite.sh":
        shutil.copy(TOP / "scripts" / name, checkout / "scripts")
    done = subprocess.run([checkout / "scripts" / script, *words], capture_output=True, text=True,
                          timeout=60, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 1
    assert f"{checkout}" in done.stderr and "move the checkout" in done.stderr
    assert os.listdir(checkout) == ["scripts"]


@pytest.mark.parametrize("script, words, output", [
    ("quickstart", [], "build"), ("package", ["--source"], "build-package")])
def test_a_checkout_that_cannot_be_written_to_is_named_as_the_cause(tmp_path, script, words, output):
    (tmp_path / "scripts").mkdir()
    (tmp_path / output).mkdir()
    for name in script, "common.sh":
        shutil.copy(TOP / "scripts" / name, tmp_path / "scripts")
    read_only = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", read_only,
                           tmp_path, tmp_path / "scripts" / script, *words],
                          capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 1
    assert done.stderr == f"{script}: cannot write to {tmp_path}/{output}\n"


@pytest.mark.parametrize("user, sudo_user, has_sudo, shown", [
    ("root", "", True, "apt-get install x"),
    ("root", "jo", True, "sudo apt-get install x"),
    ("nobody", "", True, "sudo apt-get install x"),
    ("nobody", "", False, "apt-get install x"),
])
def test_commands_for_root_are_shown_with_sudo_where_that_is_needed(user, sudo_user, has_sudo, shown):
    """Whether or not this machine has sudo: the shell finds commands that are functions only."""
    commands = "id() { echo $EUID; }; PATH=" + "; sudo() { :; }" * has_sudo
    script = f". {TOP}/scripts/common.sh; {commands}; as_root apt-get install x"
    done = subprocess.run(["setpriv", f"--reuid={user}", "bash", "-c", script], capture_output=True,
                          text=True, timeout=60,
                          env={"PATH": os.environ["PATH"], "SUDO_USER": sudo_user})
    assert (done.stdout, done.stderr) == (shown, "")


def test_a_configured_source_directory_is_reported(tmp_path):
    (tmp_path / "scripts").mkdir()
    for name in "quickstart", "common.sh":
        (tmp_path / "scripts" / name).symlink_to(TOP / "scripts" / name)
    (tmp_path / "config.status").touch()
    status, output = quickstart(program=tmp_path / "scripts/quickstart")
    assert status == 1
    assert f"{tmp_path} itself is configured" in output and "make distclean" in output
