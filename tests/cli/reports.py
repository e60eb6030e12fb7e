# SPDX-License-Identifier: Apache-2.0
"""Runs `mta-sts report` as an admin does, and provides reports for it."""

import csv
import datetime
import gzip
import hashlib
import io
import json
import os
import pathlib
import subprocess
import time

BUILD = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build"))
COMMAND = str(BUILD.resolve() / "mta-sts")
TOP = pathlib.Path(__file__).parents[2]
DATA = TOP / "tests" / "data" / "reports"
TABLE = json.loads((DATA / "totals.json").read_text())
TOTAL = TABLE["total"]
STORED = TABLE["stored"]  # those of the reports that import does not quarantine
FILES = [DATA / name for name in TABLE["files"]]


def call(*words, given=b"", **environment):
    """Runs the command. PATH contains no apachectl, so the policies of this machine have no effect
    by default."""
    return subprocess.run([COMMAND, "report", *map(str, words)], input=given, capture_output=True,
                          timeout=60, check=False,
                          env={"PATH": "/nowhere", "LC_ALL": "C.UTF-8", **environment})


def text(*words, **more):
    result = call(*words, **more)
    assert result.returncode == 0, result.stderr
    assert result.stderr == b""
    return result.stdout.decode()


def read_json(*words, status=0, **more):
    result = call("--format", "json", *words, **more)
    assert result.returncode == status, result.stderr
    return json.loads(result.stdout)


def read_csv(*words, status=0, **more):
    result = call("--format", "csv", *words, **more)
    assert result.returncode == status, result.stderr
    return list(csv.DictReader(io.StringIO(result.stdout.decode(), newline=""), strict=True))


def import_reports(state, *files):
    for file in files:
        subprocess.run([COMMAND, "import", "--state-dir", state, file], capture_output=True,
                       timeout=60, check=False)


def put(state, data, received, verified="-", packed=False):
    """Stores a report with the given time of receipt."""
    digest = hashlib.sha256(data).hexdigest()
    directory = state / "reports" / digest[:2]
    for path in (state / "reports", directory):
        path.mkdir(mode=0o700, exist_ok=True)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(received))
    (directory / digest).write_bytes(f"tlsrpt 1 {stamp} https 192.0.2.1 {verified}\n".encode()
                                     + (gzip.compress(data) if packed else data))


def changed(**members):
    """Google's report with some members changed."""
    return json.dumps({**json.loads((DATA / "google-failures.json").read_text()),
                       **members}).encode()


def recent(days=1, **members):
    """The same, about the day (UTC) the given number of days ago."""
    day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=days)
    return changed(**{"date-range": {"start-datetime": f"{day}T00:00:00Z",
                                     "end-datetime": f"{day}T23:59:59Z"}, **members})
