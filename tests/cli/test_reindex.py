# SPDX-License-Identifier: Apache-2.0
"""`mta-sts reindex` with the real spool and the SQLite database in it."""
import contextlib
import json
import os
import pathlib
import pty
import pwd
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading

import pytest

pytestmark = pytest.mark.slow

BUILD = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build"))
COMMAND = str(BUILD.resolve() / "mta-sts")
DATA = pathlib.Path(__file__).parents[1] / "data" / "reports"
REPORT = (DATA / "google-failures.json").read_bytes()
# What must never reach a terminal: C0 but line ends, DEL, C1, what changes direction or breaks lines.
UNSAFE = re.compile("[\0-\t\v-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def call(state, *words, subcommand="reindex", given=b""):
    return subprocess.run([COMMAND, subcommand, "--state-dir", str(state), *map(str, words)],
                          input=given, capture_output=True, timeout=120)


def import_reports(state, *reports):
    for report in reports:
        assert call(state, subcommand="import", given=report).returncode == 0


def variant(number, contact="nobody"):
    report = json.loads(REPORT)
    return json.dumps({**report, "report-id": f"variant {number}", "contact-info": contact}).encode()


def ask(state, sql):
    with contextlib.closing(sqlite3.connect(state / "reports.db", timeout=60)) as database:
        return database.execute(sql).fetchall()


def sums(state):
    return ask(state, "SELECT * FROM tlsrpt_sum ORDER BY 1, 2, 3, 4, 5, 6")



def test_the_index_is_made_from_the_spool(state):
    import_reports(state, variant(0))
    assert call(state).stdout.startswith(b"1 report is in the database ")
    import_reports(state, *(variant(number) for number in range(20)))
    result = call(state)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode() == (f'20 reports are in the database "{state}/reports.db": '
                                      "0 conflict with others, 0 cannot be read\n")
    assert ask(state, "SELECT count(*), sum(state) FROM tlsrpt_report") == [(20, 0)]


def test_it_is_rebuilt_regardless_of_its_content(state):
    import_reports(state, *(variant(number) for number in range(5)))
    call(state)
    before = sums(state)
    with contextlib.closing(sqlite3.connect(state / "reports.db")) as database:
        database.execute("UPDATE tlsrpt_sum SET failed = 77")
        database.execute("DELETE FROM tlsrpt_policy")
        database.commit()
    assert sums(state) != before
    assert call(state).returncode == 0
    assert sums(state) == before


def test_the_history_of_policies_stays(state):
    import_reports(state, REPORT)
    call(state)
    with contextlib.closing(sqlite3.connect(state / "reports.db")) as database:
        database.execute("INSERT INTO mta_sts_history (domain, host, first_served, id, max_age, text)"
                         " VALUES ('example.com', 'here', 1, 'abc', 1, 'text')")
        database.commit()
    assert call(state).returncode == 0
    assert ask(state, "SELECT domain FROM mta_sts_history") == [("example.com",)]


def heavy(number):
    """A report that takes some time: each text of it is a row of its own."""
    failures = [{"result-type": "t", "receiving-ip": f"{number}.{i}",
                 "sending-mta-ip": f"{i}.{number}", "failure-reason-code": f"{number}-{i}",
                 "failed-session-count": 1}
                for i in range(3000)]
    report = json.loads(variant(number))
    report["policies"][0]["failure-details"] = failures
    return json.dumps(report).encode()


def test_on_a_terminal_it_shows_progress(state, tmp_path):
    for number in range(30):
        (tmp_path / f"{number}.json").write_bytes(heavy(number))
    assert call(state, tmp_path, subcommand="import").returncode == 0
    master, terminal = pty.openpty()
    with subprocess.Popen([COMMAND, "reindex", "--state-dir", str(state)], stdout=subprocess.PIPE,
                          stderr=terminal) as process:
        os.close(terminal)
        progress = b""
        with contextlib.suppress(OSError):  # EIO: its end
            while part := os.read(master, 4096):
                progress += part
        output = process.stdout.read()
    os.close(master)
    assert output.startswith(b"30 reports are in ")
    lines = progress.decode().split("\r\x1b[K")
    assert lines[0] == lines[-1] == ""  # nothing of it is left
    assert lines[1:-1]
    for line in lines[1:-1]:
        assert re.fullmatch(r"\d+ reports, \d+ % of the stored reports", line)


def test_conflicting_and_unreadable_reports_are_listed(state):
    import_reports(state, variant(1), variant(1, "somebody"), variant(2))
    damaged = next(path for path in (state / "reports").rglob("*") if path.is_file()
                   and b"variant 2" in path.read_bytes())
    damaged.write_bytes(b"damaged")
    result = call(state)
    assert result.returncode == 1
    assert "3 reports" in result.stdout.decode()
    assert "1 conflict with others, 1 cannot be read" in result.stdout.decode()
    output = result.stderr.decode()
    assert re.search(r": report .*; compare both files.* \[report-conflict\]\n", output)
    assert re.search(r"; check the file.* \[report-unreadable\]\n", output)


def link_to_itself(path):
    path.symlink_to(path.name + ".moved")


def bind(path):
    with socket.socket(socket.AF_UNIX) as one, contextlib.chdir(path.parent):
        one.bind(path.name[:8])
    (path.parent / path.name[:8]).rename(path)


@pytest.mark.parametrize("make", [link_to_itself, os.mkfifo, os.mkdir, bind],
                         ids=lambda make: make.__name__)
def test_what_is_in_the_place_of_a_report_is_named_and_an_exit_status(state, make):
    import_reports(state, variant(1), variant(2))
    lost = next(path for path in (state / "reports").rglob("*") if path.is_file())
    lost.rename(f"{lost}.moved")
    make(lost)
    result = call(state)
    assert result.returncode == 1
    assert lost.name in result.stderr.decode()


def test_nothing_from_a_report_reaches_the_terminal_unescaped(state):
    hostile = "\x1b]0;x\x07\r\n<script>\u009b31m\u202e\u2028"
    names = {"organization-name": hostile, "report-id": hostile}
    import_reports(state, *(json.dumps({**json.loads(variant(1, contact)), **names}).encode()
                  for contact in ("nobody", "somebody")))
    output = call(state).stderr.decode()
    assert "[report-conflict]" in output and "<script>" in output
    assert not UNSAFE.search(output)


def test_a_damaged_database_is_moved_away(state):
    import_reports(state, REPORT)
    (state / "reports.db").write_bytes(b"no database " * 100)
    result = call(state)
    assert result.returncode == 0
    assert "is damaged" in result.stderr.decode()
    assert "reports.db.damaged" in result.stderr.decode()
    assert (state / "reports.db.damaged").read_bytes().startswith(b"no database")
    assert ask(state, "SELECT count(*) FROM tlsrpt_report") == [(1,)]


def test_a_page_that_is_damaged_is_found_as_well(state):
    import_reports(state, *(variant(number) for number in range(30)))
    call(state)
    with open(state / "reports.db", "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (os.path.getsize(state / "reports.db") - 4096))
    assert call(state).returncode == 0
    assert ask(state, "SELECT count(*) FROM tlsrpt_report") == [(30,)]


def test_a_database_of_a_newer_version_is_left_alone(state):
    import_reports(state, REPORT)
    call(state)
    with contextlib.closing(sqlite3.connect(state / "reports.db")) as database:
        database.execute("UPDATE mta_sts_schema SET version = 99")
        database.commit()
    result = call(state)
    assert result.returncode == 1
    assert "newer mod_mta_sts" in result.stderr.decode()
    assert ask(state, "SELECT count(*) FROM tlsrpt_report") == [(1,)]


def test_it_waits_for_another_writer(state):
    import_reports(state, REPORT)
    call(state)
    with contextlib.closing(sqlite3.connect(state / "reports.db", isolation_level=None,
                                            check_same_thread=False)) as database:
        database.execute("BEGIN IMMEDIATE")
        end = threading.Timer(1, database.execute, ("ROLLBACK",))
        end.start()
        result = call(state)
        end.join()
    assert (result.returncode, result.stderr) == (0, b"")


def test_another_file_can_be_named(state, tmp_path):
    import_reports(state, REPORT)
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    assert call(state, "--database", f"sqlite3 {other}/x.db").returncode == 0
    assert (other / "x.db").stat().st_mode & 0o777 == 0o600
    assert not (state / "reports.db").exists()


@pytest.mark.parametrize("words, part", [
    (["--database", "oracle x"], "sqlite3 and pgsql are supported"),
    (["--database", "sqlite3 reports.db"], 'must begin with "/"'),
    (["--database", "pgsql postgresql://me:hunter2@db/x"], "KEY=VALUE"),
    (["--database", "pgsql password='hunter2"], "quotation mark"),
    (["--database"], "needs a value"),
    (["--database", ""], "non-empty"),
    (["--databas=pgsql password=hunter2", "--nothing=hunter2"], "there is no option --nothing"),
    (["hunter2"], "no argument"),
])
def test_wrong_usage_is_reported_without_a_password(state, words, part):
    result = call(state, *words)
    assert result.returncode == 2
    assert part in result.stderr.decode()
    assert "hunter2" not in result.stderr.decode() + result.stdout.decode()


def test_a_missing_server_is_reported_without_the_password(state):
    import_reports(state, REPORT)
    result = call(state, "--database", "pgsql host=/nowhere password=hunter2 dbname=reports")
    assert result.returncode == 1
    assert "hunter2" not in result.stderr.decode()
    assert "host=/nowhere dbname=reports" in result.stderr.decode()


def test_a_missing_state_directory_is_reported(tmp_path):
    result = call(tmp_path / "nothing")
    assert result.returncode == 1
    assert "nothing" in result.stderr.decode()


def test_a_missing_spool_is_reported(state):
    result = call(state)
    assert (result.returncode, result.stdout.decode().split()[0]) == (0, "0")


@pytest.mark.skipif(os.geteuid() != 0, reason="root only")
def test_root_becomes_the_owner_of_the_state_directory():
    user = pwd.getpwnam("www-data")
    top = pathlib.Path(tempfile.mkdtemp(prefix="mta-sts-"))
    try:
        top.chmod(0o755)
        state = top / "state"
        state.mkdir(mode=0o700)
        os.chown(state, user.pw_uid, user.pw_gid)
        import_reports(state, REPORT)
        assert call(state).returncode == 0
        assert (state / "reports.db").stat().st_uid == user.pw_uid
    finally:
        shutil.rmtree(top)


def test_a_full_disk_is_named_also_where_a_file_beside_the_database_cannot_grow(state):
    """SQLite then reports an error of the disk."""
    import_reports(state, variant(1))
    subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-ec", """
        cp -a "$1" "$1.copy"
        mount -t tmpfs -o size=2m tmpfs "$1"
        cp -a "$1.copy/." "$1"
        chown --reference="$1.copy" "$1"
        chmod 700 "$1"
        "$2" reindex --state-dir "$1"
        cat /dev/zero > "$1/filler" 2> /dev/null || true
        ! "$2" reindex --state-dir "$1" 2> "$1.errors"
        """, "sh", state, COMMAND], check=True, timeout=60)
    errors = state.with_name(state.name + ".errors").read_text()
    assert re.fullmatch(r'mta-sts reindex: the database "[^"]*" cannot grow: the disk is full: '
                        r"free space on its file system; df shows which one that is: .*\n", errors)
