# SPDX-License-Identifier: Apache-2.0
"""`mta-sts report` reads files ahead on other threads: which ones nobody can tell."""

import gzip
import json
import os
import subprocess
import sys
import time

import pytest

from reports import COMMAND, DATA, TOP, recent

MEASURED = TOP / "scripts" / "bench_figures" / "measured.py"
PROCESSORS = os.sched_getaffinity(0)
FILES = 200  # several times as many as are read together
HOSTILE, LIMIT_KIB = 400, 80 << 10

pytestmark = pytest.mark.skipif(len(PROCESSORS) < 2, reason="one processor: nothing is read ahead")


def run(processors, *words):
    found = subprocess.run([COMMAND, "report", *map(str, words)], capture_output=True, timeout=60,
                           check=False, env={"PATH": "/nowhere", "LC_ALL": "C.UTF-8"},
                           preexec_fn=lambda: os.sched_setaffinity(0, processors))
    return found.returncode, found.stdout, found.stderr


def threads_of(processors, directory):
    """How many threads the command has while it reads standard input, and more files wait than are read ahead."""
    with subprocess.Popen([COMMAND, "report", "-", directory], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          preexec_fn=lambda: os.sched_setaffinity(0, processors)) as command:
        most, end = 0, time.monotonic() + (60 if len(processors) > 1 else 1)
        while most <= 1 and time.monotonic() < end:
            most = max(most, len(os.listdir(f"/proc/{command.pid}/task")))
            time.sleep(0.01)
        command.stdin.close()
    assert command.returncode == 1, "nothing in standard input"
    return most


def numbered(number):
    return recent(**{"report-id": str(number), "organization-name": f"Sender {number % 7}"})


def file_of(number):
    """Reports, and what is none, in an order that has all of them in every batch."""
    report = numbered(number)
    return {
        3: lambda: numbered(number - 1),                       # counts once
        5: lambda: gzip.compress(report)[:-9],                 # truncated
        7: lambda: report + b" " * (70 << 10),                 # large
        9: lambda: gzip.compress(report + b" " * (70 << 10)),  # large once inflated
        11: lambda: report + b"trailing",
        12: lambda: report.replace(b"{", b'{"a":1,"a":2,', 1),
        13: lambda: (DATA / "google.eml").read_bytes(),
        14: lambda: (DATA / "bad-page.html").read_bytes(),
        15: lambda: b"",
        16: lambda: report.replace(b'"', b"'", 1),
    }.get(number % 19, lambda: gzip.compress(report))()


@pytest.fixture(name="directory")
def make_directory(tmp_path):
    for number in range(FILES):
        (tmp_path / f"{number:04}").write_bytes(file_of(number))
    (tmp_path / "0100").unlink()
    (tmp_path / "0100").symlink_to("0101")
    return tmp_path


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "text"])
def test_the_output_is_the_same_on_one_processor(directory, form):
    status, output, errors = run(PROCESSORS, "--format", form, directory)
    assert (status, output, errors) == run({min(PROCESSORS)}, "--format", form, directory)
    assert status == 1 and len(output) > 500


def test_files_are_read_on_other_threads_if_there_are_processors_for_them(tmp_path):
    for number in range(400):
        (tmp_path / f"{number:04}").write_bytes(gzip.compress(numbered(number)))
    assert threads_of(PROCESSORS, tmp_path) > 1
    assert threads_of({min(PROCESSORS)}, tmp_path) == 1


@pytest.mark.parametrize("count", [1, 31, 32, 33, 64, 65, 199])
def test_every_file_is_read_once_however_many_there_are(tmp_path, count):
    for number in range(count):
        (tmp_path / f"{number:04}").write_bytes(gzip.compress(numbered(number)))
    status, output, _ = run(PROCESSORS, "--format", "json", tmp_path)
    files = [report["file"] for report in json.loads(output)["reports"]]
    assert status == 0
    assert files == [str(tmp_path / f"{number:04}") for number in range(count)]


def test_hostile_reports_that_wait_take_little_memory(tmp_path):
    report = json.loads(recent())
    report["policies"] = [{}] * 9000
    for number in range(HOSTILE):
        report["report-id"] = str(number)
        text = json.dumps(report, separators=(",", ":")).encode()
        (tmp_path / f"{number:04}.json.gz").write_bytes(gzip.compress(text))
    done = subprocess.run([sys.executable, MEASURED, os.devnull, COMMAND, "report", tmp_path],
                          capture_output=True, check=True, timeout=120)
    assert int(done.stdout.split()[1]) >> 10 < LIMIT_KIB
