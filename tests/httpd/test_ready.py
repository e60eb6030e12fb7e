# SPDX-License-Identifier: Apache-2.0
"""What `mta-sts ready` knows from the module: the policies that it noted as served earlier."""

import contextlib
import json
import os
import pathlib
import subprocess

import pytest

import process
from database import Database
from httpd import proxied
from policy import HOST, text
from postgres import Postgres
from report import ENDPOINT, import_verified, make

pytestmark = pytest.mark.slow

COMMAND = str(pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts")


def conf(mx, more=""):
    return more + proxied(HOST, f"MTASTSMx {mx}\n{ENDPOINT}")


def policies_used(server, policy, *words):
    """What is found about the policies that senders used, where this one is served now."""
    done = subprocess.run(
        [COMMAND, "ready", "--no-check", "--since", "all", "--state-dir", server.root / "state",
         "--policy", policy, "--format", "json", *words, "example.com"],
        env={"PATH": "/nonexistent"}, capture_output=True, timeout=60)
    assert done.stderr == b""
    domain, = json.loads(done.stdout)["domains"]
    return sorted(finding["id"] for section in domain["sections"] for finding in section["findings"]
                  if finding["id"].startswith("sender-policy"))


def take_reports(server):
    """One under the policy that is served now, one under another."""
    for number, name in enumerate(["mx1.example.com", "mx9.example.com"]):
        import_verified(server, make(number, **{"organization-name": f"Sender {number}"}, policies=[{
            "policy": {"policy-type": "sts", "policy-domain": "example.com",
                       "policy-string": text(name).decode().split("\r\n")[:-1]},
            "summary": {"total-successful-session-count": 5,
                        "total-failure-session-count": 0}}]))


def test_reports_on_a_policy_that_the_module_served_earlier_count(start, tmp_path):
    now = tmp_path / "now"
    now.write_bytes(text("mx2.example.com"))
    server = start(conf("mx1.example.com"))
    take_reports(server)
    process.wait_for(lambda: Database(server).history(), "the history")
    server.configure(conf("mx2.example.com"))
    server.graceful()
    process.wait_for(lambda: len(Database(server).history()) == 2, "the new policy")
    assert policies_used(server, now) == ["sender-policy-never-served", "sender-policy-older"]

    server.stop()
    for file in (server.root / "state").glob("reports.db*"):
        file.unlink()
    assert policies_used(server, now) == ["sender-policy-other"] * 2


def has_history(postgres):
    with contextlib.suppress(subprocess.CalledProcessError):  # there may be no table yet
        return postgres.run("SELECT 1 FROM mta_sts_history") == [["1"]]


def test_earlier_policies_can_be_recorded_in_postgresql(start, tmp_path):
    now = tmp_path / "now"
    now.write_bytes(text("mx2.example.com"))
    with contextlib.closing(Postgres().start()) as postgres:
        server = start(conf("mx1.example.com", f'MTASTSDatabase pgsql "{postgres.conninfo}"\n'))
        take_reports(server)
        process.wait_for(lambda: has_history(postgres), "the history")
        server.stop()
        assert policies_used(server, now) == ["sender-policy-other"] * 2
        assert policies_used(server, now, "--database", f"pgsql {postgres.conninfo}") \
            == ["sender-policy-never-served", "sender-policy-older"]
