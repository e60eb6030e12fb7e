# SPDX-License-Identifier: Apache-2.0
"""The index of the reports: how fast it is built, how large it is, and how fast it computes
sums."""

import gzip
import hashlib
import json
import os
import sqlite3
import statistics
import time
from pathlib import Path

from bench_figures.common import run
from bench_figures.report_command import report

SUMS = Path(__file__).parent / "index_sums.c"
LIBRARIES = ("apr-1", "apr-util-1", "libcrypto", "libidn2", "jansson", "zlib")
KIB = 1024
FIRST_DAY = 20583  # 2026-05-10
DAY_US = 86400 * 1_000_000


def command_of(bench):
    return str(Path(bench.module).parents[1] / "mta-sts")


def make_state(path):
    """An empty state directory."""
    path.mkdir(mode=0o700)
    for name in ("reports", "quarantine", "tmp"):
        (path / name).mkdir(mode=0o700)
    return path


def fill_spool(state, count):
    """Fills the spool; returns the total size of all reports as sent."""
    data = 0
    for number in range(count):
        plain = json.dumps(report(number)).encode()
        packed = gzip.compress(plain, mtime=0)
        digest = hashlib.sha256(plain).hexdigest()
        directory = state / "reports" / digest[:2]
        directory.mkdir(mode=0o700, exist_ok=True)
        received = f"2026-06-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
        header = f"tlsrpt 1 {received}.000000Z https 192.0.2.1 -\n"
        (directory / digest).write_bytes(header.encode() + packed)
        data += len(packed)
    return data


def reindex(bench, state):
    """The time in seconds to build the index of all reports."""
    begin = time.monotonic()
    run(command_of(bench), "reindex", "--state-dir", str(state))
    return time.monotonic() - begin


def blocks(path):
    """The number of bytes on disk of a file, or of all files below a directory."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_blocks * 512 for file in files)


def figure_indexing(bench):
    count, rounds = 10_000, bench.pick(7, 3)
    state = make_state(bench.root / "indexing")
    data = fill_spool(state, count)
    database = state / "reports.db"
    rates = []
    for _ in range(rounds):
        for path in state.glob("reports.db*"):
            path.unlink()
        rates.append(count / reindex(bench, state))
    yield (f"reports indexed/s ({count:,} typical ones, SQLite)", statistics.median(rates),
           f"{rounds} rounds, {min(rates):.0f} to {max(rates):.0f}", 5000, 8000)
    size = database.stat().st_size / count
    yield ("bytes of the index for each report", size,
           f"its own: {data / count:.0f}", KIB, 700)
    yield ("blocks on disk for each report (KiB)",
           (blocks(state / "reports") + blocks(database)) / count / KIB,
           f"its file {blocks(state / 'reports') / count / KIB:.2f}, of which it fills "
           f"{data / count / KIB:.2f}", 8, 5)


# --- sums over a million rows, which SQL generates ---


class Rows:
    """Index rows for generated reports: one policy each, every tenth of them
    with a failure."""

    def __init__(self, count, domains, senders):
        self.count, self.domains, self.senders = count, domains, senders
        self.failing = range(7, count, 10)

    def of(self, number):
        """domain, day, sender: numbers from 1."""
        return (number % self.domains + 1, FIRST_DAY + number // self.domains,
                number // 7 % self.senders + 1)

    def words(self):
        texts = ["localhost", "https", "sts", "version: STSv1", "certificate-expired",
                 "mx1.example.org", "expired", "192.0.2.1", "198.51.100.7"]
        return [(i + 1, text) for i, text in enumerate(texts)]

    def reports(self):
        for number in range(self.count):
            _, day, sender = self.of(number)
            digest = hashlib.sha256(str(number).encode()).hexdigest()
            yield (number + 1, 1, digest, number, day * DAY_US + number, 2, 1, 0,
                   digest[::-1][:32], sender, f"2026-05-10T00:00:00Z_{number}_example.org",
                   day * DAY_US, (day + 1) * DAY_US - 1_000_000, "")

    def policies(self):
        for number in range(self.count):
            domain, day, _ = self.of(number)
            failed = int(number in self.failing)
            yield (number + 1, 0, domain, 1, day * DAY_US + number, 3, 4, 100, failed)

    def sums(self):
        totals = {}
        for number in range(self.count):
            domain, day, sender = self.of(number)
            failed = int(number in self.failing)
            yield (domain, day, day, sender, 3, 4, 1, 1, 1, 100, failed, day * DAY_US,
                   (day + 1) * DAY_US - 1_000_000)
            sum_of_all = totals.setdefault((day, sender), [0, 0])
            sum_of_all[0] += 1
            sum_of_all[1] += failed
        for (day, sender), (reports, failed) in totals.items():
            yield (0, day, day, sender, 0, 0, 1, reports, reports, 100 * reports, failed,
                   day * DAY_US, (day + 1) * DAY_US - 1_000_000)

    def causes(self):
        totals = {}
        for number in self.failing:
            domain, day, sender = self.of(number)
            yield (domain, day, sender, 3, 5, 6, 7, 8, 9, 1, 1, 1, day * DAY_US,
                   (day + 1) * DAY_US - 1_000_000)
            totals[day, sender] = totals.get((day, sender), 0) + 1
        for (day, sender), parts in totals.items():
            yield (0, day, sender, 3, 5, 6, 0, 0, 0, 1, parts, parts, day * DAY_US,
                   (day + 1) * DAY_US - 1_000_000)


def insert(database, table, rows):
    rows = iter(rows)
    first = next(rows)
    # Columns that later versions of the schema added have defaults.
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")][:len(first)]
    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(first))})"
    database.execute(sql, first)
    database.executemany(sql, rows)


def fill_index(path, rows):
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA synchronous=OFF")
        for table in ("tlsrpt_string", "tlsrpt_domain", "tlsrpt_organization"):
            database.execute(f"DELETE FROM {table}")
        insert(database, "tlsrpt_string", ((i, text, None, None) for i, text in rows.words()))
        insert(database, "tlsrpt_domain",
               ((i + 1, f"d{i:06}.example.org", None, None) for i in range(rows.domains)))
        insert(database, "tlsrpt_organization",
               ((i + 1, f"Sender {i} Inc.", None, f"sender {i} inc.")
                for i in range(rows.senders)))
        insert(database, "tlsrpt_report", rows.reports())
        insert(database, "tlsrpt_policy", rows.policies())
        insert(database, "tlsrpt_sum", rows.sums())
        insert(database, "tlsrpt_cause", rows.causes())
    database.close()


def build(bench, source):
    """Compiles a program with a single source file that uses the library."""
    program = bench.root / source.stem
    flags = run("pkg-config", "--cflags", "--libs", *LIBRARIES).split()
    library = Path(bench.module).parent / "libmtasts.a"
    run("gcc", "-O2", "-Wall", f"-I{source.parents[2] / 'mod_mta_sts'}", "-o", program, source, library,
        *flags)
    return str(program)


def figure_index_sums(bench):
    count = bench.pick(1_000_000, 200_000)
    program, worst = build(bench, SUMS), {}
    for domains in (count // 10, count // 400):
        state = make_state(bench.root / f"sums-{domains}")
        reindex(bench, state)
        fill_index(state / "reports.db", Rows(count, domains, 50))
        since = FIRST_DAY + count // domains - min(30, count // domains // 2)
        run(program, str(state / "reports.db"), "d000007.example.org", str(since))
        times = run(program, str(state / "reports.db"), "d000007.example.org", str(since))
        for line in times.splitlines():
            name, value = line.split()
            worst[name] = max(worst.get(name, 0), float(value))
        size = os.path.getsize(state / "reports.db")
    name, value = max(worst.items(), key=lambda item: item[1])
    each = ", ".join(f"{name} {value:.0f}" for name, value in worst.items())
    yield (f"slowest page over {count:,} reports (ms of CPU)", value,
           f"{name}; the slower of {count // 10:,} and {count // 400:,} domains: {each}; the database has "
           f"{size / count:.0f} bytes a report", 200, 100)
