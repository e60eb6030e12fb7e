# SPDX-License-Identifier: Apache-2.0
"""What is left of old generations, and what other processes get of ours."""

import pytest

import policy
import process
import report
from database import indexed, watchdogs
from httpd import MPMS, proxied
from policy import HOST, MX

pytestmark = [pytest.mark.slow, pytest.mark.long]

every_mpm = pytest.mark.parametrize("mpm", MPMS)


@every_mpm
def test_thirty_gracefuls_leak_no_memory_no_files_and_no_processes(start, mpm):
    conf = proxied(HOST, MX) + "".join(
        f"<MTASTSPolicy d{i}.example>\nMTASTSMx mx{i}.example\n</MTASTSPolicy>\n"
        for i in range(200))
    server = start(conf)

    def graceful():
        old = server.children()
        server.graceful()
        policy.check(server.fetch())
        process.wait_for(lambda: not old & server.children(), "the old children to end")

    for _ in range(10):
        graceful()
    memory, files = process.resident_kib(server.pid), process.open_files(server.pid)
    for _ in range(30):
        graceful()
    assert process.resident_kib(server.pid) <= memory + 1024
    assert process.open_files(server.pid) <= files
    process.wait_for(lambda: not any(map(process.is_zombie, process.children(server.pid))),
                     "no zombies")
    assert len(server.children()) <= 12
    process.wait_for(server.has_unprivileged_children, "children with the uid of www-data")


ROTATED = ("error.log", "piped.log")
PIPED = """
ErrorLog "|/usr/bin/tee -a @ROOT@/error.log"
CustomLog "|/usr/bin/tee -a @ROOT@/piped.log" test
"""
# What httpd says of the writer of a log that ends after the one in its place has begun.
LATE_WRITER = r"AH00(167|291|488): long lost child came home!"


def log_writers(server):
    """The processes that piped logs go to; they are started with each generation."""
    return {pid for pid in process.children(server.pid)
            if process.status(pid).get("Name") == "tee"}


@every_mpm
def test_rotated_piped_logs_leak_no_files_and_inherit_none_of_the_module(start, mpm):
    server = start(report.conf(PIPED), [LATE_WRITER])
    assert report.post(server, report.packed(report.make(1))).status == 201
    indexed(server, [1])
    files = []
    for _ in range(4):
        old, writers = server.children(), log_writers(server)
        for name in ROTATED:  # as logrotate does: move, then graceful
            (server.root / name).rename(server.root / f"{name}.1")
            (server.root / name).write_text("")
        server.graceful()
        policy.check(server.fetch())
        process.wait_for(lambda: not old & server.children() and not writers & log_writers(server),
                         "the old children and the writers of their logs to end")
        process.wait_for(lambda: watchdogs(server), "a child to have the database open")
        assert len(log_writers(server)) == len(ROTATED)
        for pid in log_writers(server):
            assert not [path for path in process.opened(pid) if "/state" in path]
        files.append(process.open_files(server.pid))
    assert files[-1] <= files[0]


SCRIPT = """#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
ls -l /proc/$$/fd
"""


def test_a_script_has_none_of_the_files_of_the_child_that_runs_it(make):
    server = make([r"AH00161: server reached MaxRequestWorkers"], mpm="prefork")
    script = server.write("cgi/files", SCRIPT)
    script.chmod(0o755)
    script.parent.chmod(0o755)
    server.configure(report.conf(
        "StartServers 1\nServerLimit 1\nMaxRequestWorkers 1\n"
        "ScriptAlias /files @ROOT@/cgi/files\n"
        "<Directory @ROOT@/cgi>\nRequire all granted\n</Directory>\n"), ["alias", "cgi"])
    server.start()
    assert report.post(server, report.packed(report.make(1))).status == 201
    indexed(server, [1])
    process.wait_for(lambda: watchdogs(server), "the child to have the database open")
    answer = server.fetch(path="/files")
    assert answer.status == 200 and b" 2 -> " in answer.body
    assert b"state" not in answer.body
