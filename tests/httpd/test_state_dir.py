# SPDX-License-Identifier: Apache-2.0
"""The state directory: made at start by root for the children, and never a reason not to start."""

import json
import os
import stat

import pytest

import policy
import process
import report
from httpd import CHILD, MPMS, proxied
from policy import HOST, MX
from report import Spool, make, packed, post

pytestmark = pytest.mark.slow


def owner_and_mode(path):
    info = path.lstat()
    return info.st_uid, stat.S_IMODE(info.st_mode)


@pytest.mark.parametrize("mask", [0, 0o22, 0o777])
def test_it_is_created_for_the_children_regardless_of_the_umask(start, mask):
    before = os.umask(mask)
    try:
        server = start(report.conf())
    finally:
        os.umask(before)
    for name in ("state", "state/reports", "state/quarantine", "state/tmp"):
        assert owner_and_mode(server.root / name) == (CHILD.pw_uid, 0o700)
    assert post(server, packed(make())).status == 201
    Spool(server).check()


@pytest.mark.parametrize("mpm", MPMS)
def test_it_works_under_any_mpm_and_over_restarts(make_with, mpm):
    server = make_with(mpm=mpm).configure(report.conf()).start()
    for number, again in enumerate((server.graceful, server.restart, server.graceful)):
        assert post(server, packed(make(number))).status == 201
        again()
        assert post(server, packed(make(number))).status == 200
    Spool(server).check()


LIMITS = {"version": 1, "max_size": {"sent": 2**21, "inflated": 20 * 2**20},
          "quota": {"reports": 2**31, "quarantine": 2**25}, "fetch_log": {"keep_days": 90}}


@pytest.mark.parametrize("mask", [0, 0o777])
def test_the_limits_are_written_for_mta_sts_import_at_each_start(start, mask):
    before = os.umask(mask)
    try:
        server = start(report.conf())
    finally:
        os.umask(before)
    path = server.root / "state/limits.json"
    assert owner_and_mode(path) == (CHILD.pw_uid, 0o600)
    assert json.loads(path.read_text()) == {
        "version": 1, "max_size": {"sent": 2**20, "inflated": 10 * 2**20},
        "quota": {"reports": 2**30, "quarantine": 64 * 2**20}, "fetch_log": {"keep_days": 90}}
    server.configure("MTASTSReportMaxSize 2M 20M\nMTASTSReportQuota 2G 32M\n" + report.conf())
    server.graceful()
    assert json.loads(path.read_text()) == LIMITS
    assert len(path.read_text().splitlines()) == 1
    assert sorted(os.listdir(server.root / "state"))[:2] == ["domains.txt", "limits.json"]
    names = server.root / "state/domains.txt"
    assert owner_and_mode(names) == (CHILD.pw_uid, 0o600)
    assert "example.com" in names.read_text().splitlines()
    assert not [name for name in os.listdir(server.root / "state") if name.endswith(".tmp")]


@pytest.mark.parametrize("name", ["limits.json", "limits.json.tmp"])
def test_a_symlink_instead_of_the_limits_is_replaced_and_not_followed(make_with, name):
    server = make_with().configure(report.conf())
    (server.root / "state").mkdir(0o700)
    os.chown(server.root / "state", CHILD.pw_uid, CHILD.pw_gid)
    target = server.write("target", "untouched")
    (server.root / "state" / name).symlink_to(target)
    server.start()
    assert target.read_text() == "untouched"
    assert target.stat().st_uid == 0
    path = server.root / "state/limits.json"
    assert stat.S_ISREG(path.lstat().st_mode) and owner_and_mode(path) == (CHILD.pw_uid, 0o600)
    assert not os.path.lexists(server.root / "state/limits.json.tmp")


def test_limits_that_cannot_be_written_are_a_warning_and_stop_nothing(make_with):
    server = make_with([r"\[mta_sts:warn\].*limits\.json: the file with the report limits cannot be "
                        r"written \(Is a directory\).*\[limits-not-written\]$"])
    server.configure(report.conf())
    (server.root / "state/limits.json").mkdir(parents=True)
    for path in (server.root / "state", server.root / "state/limits.json"):
        os.chown(path, CHILD.pw_uid, CHILD.pw_gid)
        path.chmod(0o700)
    server.start()
    assert post(server, packed(make())).status == 201


@pytest.mark.parametrize("words", [["-t"], ["-S"], ["-t", "-D", "DUMP_MTA_STS"]], ids=" ".join)
@pytest.mark.parametrize("user", [None, "nobody"])
def test_inspecting_the_configuration_creates_nothing(make_with, words, user):
    server = make_with().configure(report.conf())
    status, output = server.run(*words, user=user)
    assert status == 0, output
    assert not (server.root / "state").exists()


def test_without_policy_and_endpoint_nothing_is_created(start):
    server = start(proxied("www.example.com"))
    assert not (server.root / "state").exists()


def test_a_policy_alone_has_a_state_directory(start):
    assert (start(proxied(HOST, MX)).root / "state").is_dir()


def put_file(path):
    path.write_text("")


def put_link(path):
    (path.parent / "aside").mkdir()
    path.symlink_to(path.parent / "aside")


def put_foreign(path):
    path.mkdir(mode=0o700)
    os.chown(path, 1, 1)


def put_root_owned(path):
    path.mkdir(mode=0o755)  # as mkdir by an administrator does


def put_of_others(path):
    path.mkdir(mode=0o755)  # "MTASTSStateDir /etc"
    (path / "passwd").write_text("")
    (path / "tmp").mkdir()


def put_writable(path):
    path.mkdir()
    os.chown(path, CHILD.pw_uid, CHILD.pw_gid)
    path.chmod(0o777)


# What to do, in the line about the report as well as at the start.
FIXES = {"a file": "remove it", "a link": "remove it", "a foreign owner": "make sure",
           "of root": "[^;]*: chown -R", "of others": "specify a directory of its own with MTASTSStateDir", "a mode": "change its mode: chmod 0700"}
IN_THE_WAY = {
    "a file": (put_file, r"is a file instead of a directory.*\[state-not-a-directory\]$"),
    "a link": (put_link, r"is a symbolic link .*\[state-not-a-directory\]$"),
    "a foreign owner": (put_foreign, r"belongs to uid 1 .*"
                        rf": chown -R {CHILD.pw_uid}:{CHILD.pw_gid} /\S*/state \[state-owner\]$"),
    "of root": (put_root_owned, r"belongs to uid 0 .*: chown -R .*\[state-owner\]$"),
    "of others": (put_of_others, r'belongs to uid 0 [^:]*; specify a directory of its own with '
                                 r'MTASTSStateDir: this one contains "passwd" and other files.*'
                                 r"\[state-owner\]$"),
    "a mode": (put_writable, r"can be written to by users other .*\(mode 0777\).*\[state-mode\]$"),
}


@pytest.mark.parametrize("kind", IN_THE_WAY)
def test_obstacles_are_logged_and_stop_nothing(make_with, kind):
    put, finding = IN_THE_WAY[kind]
    server = make_with(expected=[rf"\[mta_sts:error\].*/state: {finding}",
                                   r"\[report-not-stored\]$"]).configure(report.conf())
    put(server.root / "state")
    assert server.run("-t")[1].splitlines()[-1] == "Syntax OK"
    server.start()
    policy.check(server.fetch())
    answer = post(server, packed(make()))
    assert answer.status == 503
    assert answer.header("Retry-After") == "600"
    assert answer.body == b"The report was rejected: it could not be written to disk.\n"
    assert server.log.matching(rf"report rejected: /.*; {FIXES[kind]}.* \[report-not-stored\]$")
    if kind == "a link":
        assert os.listdir(server.root / "aside") == []


def test_a_directory_from_an_earlier_start_is_used_again(start):
    server = start(report.conf())
    post(server, packed(make()))
    before = Spool(server).files()
    server.stop()
    server.start()
    assert post(server, packed(make())).status == 200
    assert Spool(server).files() == before


def test_an_httpd_not_started_by_root_stores_reports_as_its_own_user(make_with):
    server = make_with().configure(report.conf())
    server.wrapper = ["setpriv", f"--reuid={CHILD.pw_uid}", f"--regid={CHILD.pw_gid}",
                      "--clear-groups", "--"]
    for path in (server.root, *server.root.rglob("*")):
        os.chown(path, CHILD.pw_uid, CHILD.pw_gid)
    server.start()
    assert process.uids(server.pid) == {CHILD.pw_uid}
    assert post(server, packed(make())).status == 201
    server.graceful()
    assert post(server, packed(make())).status == 200
    policy.check(server.fetch())
    Spool(server).check()
