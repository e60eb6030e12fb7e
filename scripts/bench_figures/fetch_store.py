# SPDX-License-Identifier: Apache-2.0
"""The fetch log of a million domains: its size in both databases, and how long it takes to write and to
read."""

import contextlib
import hashlib
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from bench_figures.common import CannotMeasure, run
from bench_figures.index import build, command_of, make_state

ROWS = Path(__file__).parent / "fetch_rows.c"
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
AS_POSTGRES = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups",
               "--pdeathsig", "INT", "--"]
SENDERS = 3  # networks that fetch the policy of a domain on each day, once each, as RFC 8461 recommends
STEP = 600011  # a prime, so that the requests of all domains are interleaved
HOUR_US = 3600 * 1_000_000
TEXTS = [f"version: STSv1\r\nmode: {mode}\r\nmx: mx1.provider.example\r\nmax_age: 604800\r\n"
         for mode in ("testing", "enforce")]


def policy_id(text):
    return hashlib.sha256(text.encode()).hexdigest()[:20]


class Sqlite:
    name = "SQLite"
    # Numbers below a limit; a name for each domain.
    numbers = ("WITH RECURSIVE t(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM t WHERE n + 1 < {0}) "
               "SELECT {1} FROM t")
    domain = "printf('h%06d.example.org', {})"

    def __init__(self, directory):
        self.path = make_state(directory) / "reports.db"
        self.driver, self.where = "sqlite3", str(self.path)

    def execute(self, *statements):
        with contextlib.closing(sqlite3.connect(self.path, timeout=60)) as database:
            database.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-2000000;")
            for statement in statements:
                database.execute(statement)
            database.commit()
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def size(self):
        return self.path.stat().st_size

    def close(self):
        pass


class Postgres:
    """A private server, on a socket in its own directory."""

    name = "PostgreSQL"
    numbers = "SELECT {1} FROM generate_series(0, {0} - 1) AS t(n)"
    domain = "'h' || lpad(({})::text, 6, '0') || '.example.org'"

    def __init__(self, _directory):
        self.directory = Path(tempfile.mkdtemp(prefix="mta-sts-bench-pg-"))
        shutil.chown(self.directory, "postgres", "postgres")
        self.directory.chmod(0o755)
        self.call("initdb", "-D", self.directory / "data", "-U", "tester", "-A", "trust", "--no-sync",
                  "-E", "UTF8", "--locale=C")
        with open(self.directory / "log", "ab") as log:
            self.server = subprocess.Popen(
                [*AS_POSTGRES, BINARIES[0] / "postgres", "-D", self.directory / "data", "-k",
                 self.directory, "-h", ""], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                cwd=self.directory)
        self.driver = "pgsql"
        self.where = f"host={self.directory} dbname=postgres user=tester"
        end = time.monotonic() + 60
        while subprocess.run([BINARIES[0] / "pg_isready", "-q", "-h", self.directory],
                             check=False).returncode:
            if time.monotonic() > end:
                raise CannotMeasure("PostgreSQL does not start")
            time.sleep(0.1)

    def call(self, program, *words):
        return run(*map(str, [*AS_POSTGRES, BINARIES[0] / program, *words]))

    def psql(self, sql):
        return self.call("psql", "-q", "-A", "-t", "-h", self.directory, "-U", "tester", "-d",
                         "postgres", "-c", sql)

    def execute(self, *statements):
        for statement in statements:
            self.psql(statement)
        self.psql("VACUUM ANALYZE")

    def size(self):
        return int(self.psql("SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
                             "WHERE relkind = 'r' AND relname = 'mta_sts_fetch'"))

    def close(self):
        self.server.send_signal(signal.SIGINT)
        self.server.wait(60)
        shutil.rmtree(self.directory)


def fill_log(database, count, day):
    """Writes one day of requests for all domains, hour by hour. Returns the number of bytes on
    disk."""
    number = f"((n * CAST({STEP} AS BIGINT)) % {count})"
    first = f"({day} + n * CAST(86400000000 AS BIGINT) / {count * SENDERS})"
    columns = ", ".join((
        database.domain.format(number), f"{first} / {HOUR_US}",
        f"'198.51.' || (n / {count}) || '.0/24'", "''", "0", f"'{policy_id(TEXTS[1])}'", "'Postfix'",
        "1", first, first))
    before = database.size()
    database.execute("INSERT INTO mta_sts_fetch " + database.numbers.format(count * SENDERS, columns))
    return database.size() - before


def fill_history(database, count, day):
    """Each domain has an earlier policy and a current one, and all requests are recorded."""
    host, now = socket.gethostname(), day + 24 * HOUR_US
    domain = database.domain.format("n")
    rows = [(day - 240 * HOUR_US, str(day), TEXTS[0]), (day, "NULL", TEXTS[1])]
    database.execute(
        *("INSERT INTO mta_sts_history " + database.numbers.format(count, ", ".join((
            domain, f"'{host}'", str(first), last, f"'{policy_id(text)}'", "604800",
            f"'{text}'"))) for first, last, text in rows),
        f"INSERT INTO mta_sts_history_host VALUES ('{host}', {now})",
        f"INSERT INTO mta_sts_fetch_span VALUES ('{host}', {day - 240 * HOUR_US}, {now})")


def seconds(bench, database, state, *words):
    """The shortest time of several runs of a command about one domain."""
    times = []
    for number in range(5):
        begin = time.monotonic()
        done = subprocess.run(
            [command_of(bench), *words, "--state-dir", str(state), "--database",
             f"{database.driver} {database.where}", f"h{number * 101:06}.example.org"],
            capture_output=True, text=True, check=False)
        times.append(time.monotonic() - begin)
        if done.returncode > 1 or "198.51.0.0/24" not in done.stdout:
            raise CannotMeasure(f"{words[0]}: {done.stdout}{done.stderr}")
    return statistics.median(times)


def measure(bench, database, state, program, count):
    day = (int(time.time()) // 86400 - 1) * 24 * HOUR_US
    run(program, database.driver, database.where, str(count), "0")
    size = fill_log(database, count, day) / count
    fill_history(database, count, day)
    batches = bench.pick(200, 40)
    times = [float(line) for line in run(program, database.driver, database.where, str(count),
                                         str(batches)).split()]
    yield (f"bytes of a domain and day, {count:,} domains, {database.name}", size,
           f"{SENDERS} networks that fetched once; {size / SENDERS:.0f} a row", 320 * SENDERS,
           250 * SENDERS)
    yield (f"ms to write 250 rows, {count:,} domains, {database.name}", statistics.median(times),
           f"{batches} batches, up to {max(times):.0f}", 400, 100)
    for command in "fetches", "rollout":
        yield (f"s of mta-sts {command}, {count:,} domains, {database.name}",
               seconds(bench, database, state, command), "median of 5 domains", 0.5, 0.1)


def figure_fetch_store(bench):
    count = bench.pick(1_000_000, 10_000)
    program = build(bench, ROWS)
    state = make_state(bench.root / "fetch-store")
    for kind in [Sqlite] + [Postgres] * bool(BINARIES):
        database = kind(bench.root / "fetch-sqlite")
        try:
            yield from measure(bench, database, state, program, count)
        finally:
            database.close()
