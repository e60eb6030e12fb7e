# SPDX-License-Identifier: Apache-2.0
"""scripts/quickstart, twice and stopped, with the build of the tests."""
import hashlib
import os
import pathlib
import re
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
    (["Example.com"], 1, '"Example.com" is not a domain name like example.com'),
])
def test_wrong_usage_is_reported(words, status, said):
    result, output = quickstart(*words)
    assert (result, said in output) == (status, True), output


def test_a_configured_source_directory_is_reported(tmp_path):
    (tmp_path / "scripts").mkdir()
    for name in "quickstart", "common.sh":
        (tmp_path / "scripts" / name).symlink_to(TOP / "scripts" / name)
    (tmp_path / "config.status").touch()
    status, output = quickstart(program=tmp_path / "scripts/quickstart")
    assert status == 1
    assert f"{tmp_path} itself is configured" in output and "make distclean" in output
