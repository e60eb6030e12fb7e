# SPDX-License-Identifier: Apache-2.0
"""A report is on disk before its answer; a full or failing disk is logged, and works again."""

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

import policy
import process
import report
from httpd import CHILD, LONE_CHILD
from report import Spool, make, packed, post

pytestmark = [pytest.mark.slow, pytest.mark.long]

COMMAND = Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts"
NOT_KEPT = r"report rejected: .*\[report-not-stored\]$"


@contextlib.contextmanager
def mounted(server, options):
    """A file system of our own under the state directory of a running httpd, seen by it alone."""
    state = server.root / "state"
    enter = ["nsenter", "-t", str(server.pid), "-m", "--"]
    subprocess.run([*enter, "mount", "-t", "tmpfs", "-o",
                    f"{options},mode=700,uid={CHILD.pw_uid},gid={CHILD.pw_gid}", "tmpfs",
                    str(state)], check=True)
    yield lambda *words: subprocess.run([*enter, *words], check=True, capture_output=True).stdout
    subprocess.run([*enter, "umount", "-l", str(state)], check=True)


@pytest.fixture
def start_alone(make):
    """An httpd with a mount namespace of its own."""
    def start_alone(body):
        server = make([r"report rejected: .*\[report-(not-stored|quota)\]$"]).configure(body)
        server.wrapper = ["unshare", "--mount", "--propagation", "private", "--"]
        return server.start()
    return start_alone


def test_a_full_disk_is_logged_and_leaves_nothing_half_written(start_alone):
    server = start_alone("MTASTSDatabase sqlite3 @ROOT@/database/reports.db\n"
                         "MTASTSReportLimit 1000000\n" + report.conf())
    state = server.root / "state"
    with mounted(server, "size=256k") as run:
        bodies = [make(number, noise=[random.Random(number).randbytes(1000).hex()] * 9)
                  for number in range(40)]
        answers = [post(server, body) for body in bodies]
        kept = {report.digest(body) for body, answer in zip(bodies, answers)
                if answer.status == 201}
        assert kept and {answer.status for answer in answers} == {201, 503}
        assert all(answer.header("Retry-After") for answer in answers if answer.status == 503)
        found = run("find", str(state), "-type", "f", "-size", "+0").decode().split()
        assert {path.rsplit("/", 1)[1] for path in found} == kept
        assert "/tmp/" not in "".join(path[len(str(state)):] for path in found)
        run("rm", "-r", str(state / "reports"))
        assert post(server, bodies[-1]).status == 201
    lines = server.log.matching(r"\[report-(not-stored|quota)\]$")
    assert 1 <= len(lines) <= 4
    policy.check(server.fetch())


def test_the_reserve_of_a_disk_is_left_free(start_alone):
    server = start_alone("MTASTSDatabase sqlite3 @ROOT@/database/reports.db\n" + report.conf())
    state = server.root / "state"
    with mounted(server, "size=16M") as run:  # of it 160 KiB
        free = 4096 * int(run("stat", "-f", "-c", "%a", str(state)))
        run("fallocate", "-l", str(free - 80 * 1024), str(state / "filler"))
        assert post(server, packed(make(1))).status == 503
        run("rm", str(state / "filler"))
        assert post(server, packed(make(1))).status == 201
    assert server.log.matching(r"the disk is full except for its reserve.* \[report-quota\]$")


def test_the_reserve_of_inodes_is_left_free(start_alone):
    """Small reports use up the inodes of a usual file system before its bytes."""
    server = start_alone("MTASTSDatabase sqlite3 @ROOT@/database/reports.db\n"
                         "MTASTSReportLimit 1000000\n" + report.conf())
    state = server.root / "state"
    with mounted(server, "size=64M,nr_inodes=2000") as run:  # the reserve is 20
        run("sh", "-c", f"cd {state} && seq 1900 | xargs touch")
        statuses = [post(server, packed(make(number))).status for number in range(200)]
        assert set(statuses) == {201, 503}
        assert int(run("stat", "-f", "-c", "%d", str(state))) >= 15
        run("sh", "-c", f"cd {state} && seq 1900 | xargs rm")
        assert post(server, packed(make(199))).status == 201
    assert server.log.matching(r"can hold no more files, except for its reserve of inodes "
                               r"\(df -i shows them\) \(see MTASTSReportQuota\) \[report-quota\]$")


def free_bytes(run, state):
    return 4096 * int(run("stat", "-f", "-c", "%f", str(state)))


def test_after_a_disk_was_full_to_the_last_byte_reindex_gives_back_what_the_index_had(start_alone):
    server = start_alone("MTASTSReportQuota 16M 4M\nMTASTSReportLimit 1000000\n" + report.conf())
    server.log.possible += [r"\[index-full\]$", r"\[database-failed\]$", r"\[report-quota\]$"]
    state = server.root / "state"
    with mounted(server, "size=24M") as run, tempfile.TemporaryDirectory() as source:
        os.chmod(source, 0o755)
        limits = (state / "limits.json").read_text()  # under the mount
        run("sh", "-c", f"cat > {state}/limits.json <<'END'\n{limits}\nEND")
        for number in range(2000, 4500):
            Path(source, f"{number}.json.gz").write_bytes(packed(make(number)))
        run(str(COMMAND), "import", "--state-dir", str(state), source)
        reindex = ["sh", "-c", '"$@" 2>&1; echo "exit $?"', "sh", str(COMMAND), "reindex",
                   "--state-dir", str(state)]
        size_of = f"cat {state}/reports.db {state}/reports.db-wal 2> /dev/null | wc -c"
        process.wait_for(lambda: int(run("sh", "-c", size_of)) > 1 << 20,
                         "an index")
        size = int(run("sh", "-c", size_of))
        run("sh", "-c", f"cat /dev/zero > {state}/filler || true")
        assert free_bytes(run, state) == 0
        assert post(server, packed(make(1001))).status == 503
        policy.check(server.fetch())
        full = run(*reindex).decode()
        assert free_bytes(run, state) == 0 or "exit 0" in full
        # As doc/operations.md says: remove reports, then run reindex.
        run("sh", "-c", f"find {state}/reports -type f | head -n 2495 | xargs rm --")
        after = run(*reindex).decode()
        assert "5 reports are in the database" in after and after.endswith("exit 0\n"), (full, after)
        assert int(run("sh", "-c", size_of)) < size / 2
        assert free_bytes(run, state) > size / 2
        assert post(server, packed(make(1001))).status == 201
        process.wait_for(lambda: "6 reports are" in run(*reindex).decode(), "the new one")
    assert "2 MiB are enough to begin" in full or "index-full" in full or "exit 0" in full


def test_a_disk_that_fills_while_reports_are_indexed_is_named_once_with_what_to_do(start_alone):
    server = start_alone("MTASTSReportQuota 64M 4M\nMTASTSReportLimit 1000000\n" + report.conf())
    server.log.expected.clear()
    server.log.possible += [r"\[index-full\]$", r"\[database-(failed|works)\]$"]
    state = server.root / "state"
    failed = r"\[database-failed\]$"
    with mounted(server, "size=8M") as run, tempfile.TemporaryDirectory() as source:
        os.chmod(source, 0o755)
        limits = (state / "limits.json").read_text()  # under the mount
        run("sh", "-c", f"cat > {state}/limits.json <<'END'\n{limits}\nEND")
        assert post(server, packed(make(1))).status == 201
        process.wait_for(lambda: run("find", str(state), "-name", "reports.db"), "an index")
        for number in range(2, 1000):
            Path(source, f"{number}.json").write_bytes(make(number))
        children = server.children()
        for child in children:  # so that all of them are indexed in one transaction
            os.kill(child, signal.SIGSTOP)
        run(str(COMMAND), "import", "--state-dir", str(state), source)
        # More than the reserve is left, which is 1% of it, and less than the index needs.
        run("fallocate", "-l", str(free_bytes(run, state) - (80 + 40) * 1024),
            str(state / "filler"))
        for child in children:
            os.kill(child, signal.SIGCONT)
        process.wait_for(lambda: server.log.matching(failed), "the full disk to be logged", 30)
        time.sleep(8)  # it is tried again and again
        line, = server.log.matching(failed)
        assert re.search(r'"[^"]*/reports\.db" cannot grow: the disk is full: free space on its file '
                         r"system; df shows which one that is; policies are still served and "
                         r"reports stored \[database-failed\]$", line)
        policy.check(server.fetch())
        run("rm", str(state / "filler"))
        process.wait_for(lambda: server.log.matching(r"\[database-works\]$"), "it to work again", 40)


def test_a_read_only_disk_is_logged_and_works_again(start_alone):
    server = start_alone(report.conf())
    state = str(server.root / "state")
    with mounted(server, "size=1m") as run:
        assert post(server, packed(make(1))).status == 201
        run("mount", "-o", "remount,ro", state)
        assert post(server, packed(make(2))).status == 503
        assert post(server, packed(make(1))).status == 200
        policy.check(server.fetch())
        run("mount", "-o", "remount,rw", state)
        assert post(server, packed(make(2))).status == 201


@pytest.fixture
def lone_child(make_with):
    """A server with one child that has stored a report, and that child."""
    server = make_with(mpm="prefork").configure(LONE_CHILD + report.conf()).start()
    child, = [pid for pid in server.children() if not process.is_zombie(pid)]
    assert post(server, packed(make(1))).status == 201
    server.wait_until_idle()
    return server, child


@contextlib.contextmanager
def traced(child, *words):
    """The output of strace for a child, in a list that is complete at the end."""
    lines = []
    with tempfile.NamedTemporaryFile("r") as trace, \
            subprocess.Popen(["strace", "-f", "-y", "-o", trace.name, "-p", str(child), *words],
                             stderr=subprocess.PIPE) as strace:
        try:
            assert b"attached" in strace.stderr.readline()
            yield lines
        finally:
            strace.terminate()
        strace.wait()
        lines += trace.read().splitlines()


def check_order(lines, steps):
    at = [next((i for i, line in enumerate(lines) if re.search(step, line)), None)
          for step in steps]
    assert None not in at and at == sorted(at), (at, lines)


def test_an_answer_comes_after_file_and_directories_are_on_disk(lone_child):
    server, child = lone_child
    name = report.digest(make(2))
    directory = server.root / "state/reports" / name[:2]
    directory.mkdir(0o700)  # as if the process that created it had been killed before it was on disk
    shutil.chown(directory, CHILD.pw_uid, CHILD.pw_gid)
    with traced(child, "-e", "trace=write,writev,fsync,renameat2") as lines:
        assert post(server, packed(make(2))).status == 201
        server.wait_until_idle()
    state = re.escape(f"{server.root}/state")
    check_order(lines, [
        rf"fsync\(\d+<{state}/reports>\) += 0",
        rf"writev?\(\d+<{state}/tmp/[^>]*>.*\) = \d",
        rf"fsync\(\d+<{state}/tmp/[^>]*>\) += 0",
        rf"renameat2\(.*/state/tmp>, .*/state/reports/{name[:2]}>, \"{name}\", RENAME_NOREPLACE"
        r"\) = 0",
        rf"fsync\(\d+<{state}/reports/{name[:2]}>\) += 0",
        r"writev?\(\d+<(?:socket|TCP)[^>]*>.*HTTP/1\.1 201"])


def test_a_repeated_report_is_acknowledged_after_its_directory_is_on_disk(lone_child):
    """The process that wrote it may have been killed before that."""
    server, child = lone_child
    with traced(child, "-e", "trace=write,writev,fsync") as lines:
        assert post(server, packed(make(1))).status == 200
        server.wait_until_idle()
    directory = re.escape(f"{server.root}/state/reports/{report.digest(make(1))[:2]}")
    check_order(lines, [rf"fsync\(\d+<{directory}>\) += 0",
                        r"writev?\(\d+<(?:socket|TCP)[^>]*>.*HTTP/1\.1 200"])


@pytest.mark.parametrize("error", ["EINVAL", "ENOSYS"])
def test_a_file_system_that_cannot_rename_without_replacing_stores_reports_too(lone_child, error):
    server, child = lone_child
    with traced(child, "-e", "trace=renameat2", "-e", f"inject=renameat2:error={error}") as lines:
        statuses = [post(server, packed(make(2))).status for _ in range(2)]
        server.wait_until_idle()
    assert statuses == [201, 200]
    assert any("INJECTED" in line for line in lines)
    assert Spool(server).has(make(2), packed(make(2)))
    Spool(server).check()


@pytest.mark.parametrize("times, statuses", [("1..2", [201, 200]), ("1..3", [503, 201])])
def test_a_report_whose_file_is_removed_while_it_is_written_is_written_again(lone_child, times,
                                                                             statuses):
    """By a cleanup of tmp/ under a clock that jumped forward; the third time it is logged."""
    server, child = lone_child
    if 503 in statuses:
        server.log.expected.append(NOT_KEPT)
    with traced(child, "-e", "trace=renameat2", "-e",
                f"inject=renameat2:error=ENOENT:when={times}") as lines:
        assert [post(server, packed(make(2))).status for _ in range(2)] == statuses
        server.wait_until_idle()
    assert sum("INJECTED" in line for line in lines) == int(times[-1])
    assert Spool(server).has(make(2), packed(make(2)))
    Spool(server).check()


@pytest.mark.parametrize("call", ["fsync", "renameat2"])
@pytest.mark.parametrize("error, words", [("EDQUOT", "Disk quota exceeded"),
                                          ("EIO", "Input/output error")])
def test_a_disk_that_fails_late_is_logged_and_works_again(lone_child, call, error, words):
    server, child = lone_child
    server.log.expected.append(NOT_KEPT)
    with traced(child, "-e", f"trace={call}", "-e", f"inject={call}:error={error}"):
        assert post(server, packed(make(2))).status == 503
        server.wait_until_idle()
    assert server.log.matching(rf"{words}.* \[report-not-stored\]$")
    assert set(Spool(server).files()) == {report.digest(make(1))}
    Spool(server).check()
    assert post(server, packed(make(2))).status == 201
