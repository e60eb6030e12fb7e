# SPDX-License-Identifier: Apache-2.0
"""Policies from a database: what a request costs, and a million of them."""

import contextlib
import os
import pwd
import re
import sqlite3
import statistics
import subprocess
import time
from pathlib import Path

from bench_figures.common import CannotMeasure
from bench_figures.fetching import POLICY, get, instructions

OWNER = pwd.getpwnam("www-data")
ON = "MTASTSHosting on\n"
CONFIGURED = "<MTASTSPolicy configured.example>\nMTASTSMx mx.configured.example\n</MTASTSPolicy>\n"
MIB = 1 << 20
CLUSTERS = 100  # of mail servers


def domain(number):
    return f"h{number:06}.example.org"


def host(number):
    return "mta-sts." + domain(number)


def wait_for(condition, what, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise CannotMeasure(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def is_served(bench, number):
    return get(bench.port, POLICY, host(number))[0] == 200


class Source:
    """The tables of a state directory, with the given number of rows."""

    def __init__(self, bench):
        self.command = str(Path(bench.module).parents[1] / "mta-sts")
        self.state = bench.state
        bench.state.mkdir(exist_ok=True)
        os.chown(bench.state, OWNER.pw_uid, OWNER.pw_gid)
        with bench.httpd(ON + CONFIGURED):
            wait_for(lambda: (bench.state / "reports.db").exists(), "the database")
            wait_for(self.has_tables, "mta-sts policy init")

    def has_tables(self):
        done = subprocess.run([self.command, "policy", "init", "--state-dir", self.state],
                              capture_output=True, text=True, check=False)
        return done.returncode == 0

    def fill(self, first, end):
        """As a panel does, in one transaction. Customers share the provider's mail servers."""
        with contextlib.closing(sqlite3.connect(self.state / "reports.db", timeout=60)) as database:
            database.executemany("INSERT INTO mta_sts_policy (domain, mx) VALUES (?, ?)", (
                (domain(number), f"mx{number % CLUSTERS}.provider.example")
                for number in range(first, end)))
            database.commit()


def sync(bench, last):
    """Seconds until an httpd that knows nothing yet serves the last domain."""
    for path in bench.state.glob("hosted.db*"):
        path.unlink()
    with bench.httpd(ON + CONFIGURED):
        begin = time.monotonic()
        wait_for(lambda: is_served(bench, last), "the first synchronization")
        return time.monotonic() - begin


def figure_hosted_instructions(bench):
    many = bench.pick(1_000_000, 10_000)
    configured, = instructions(bench, CONFIGURED, [POLICY], ["mta-sts.configured.example"])
    source = Source(bench)
    source.fill(0, 1)
    sync(bench, 0)
    beside, = instructions(bench, ON + CONFIGURED, [POLICY], ["mta-sts.configured.example"])
    one, = instructions(bench, ON + CONFIGURED, [POLICY], [host(0)])
    source.fill(1, many)
    sync(bench, many - 1)
    hosts = [host(number) for number in range(0, many, many // 50)]
    all_of_them, = instructions(bench, ON + CONFIGURED, [POLICY], hosts)
    yield ("instructions a request, hosted over configured domain", one / configured,
           f"{one:.0f} over {configured:.0f}", 1.6, 1.25)
    yield ("the same, configured domain with MTASTSHosting on over off", beside / configured,
           f"{beside:.0f} over {configured:.0f}", 1.01, 1.0)
    yield (f"instructions a request with {many:,} hosted domains over 1", all_of_them / one,
           f"{all_of_them:.0f} over {one:.0f}", 1.12, 1.05)


# --- start, memory, synchronization ---


def start(bench, number):
    """Seconds until a hosted domain is served, with a snapshot of an earlier run."""
    begin = time.monotonic()
    with bench.httpd(ON + CONFIGURED):
        wait_for(lambda: is_served(bench, number), "the start")
        return time.monotonic() - begin, proportional(bench)


def proportional(bench):
    """The memory of all processes, shared pages by their share."""
    total = 0
    parent = int((bench.root / "pid").read_text())
    for path in Path("/proc").glob("[0-9]*/smaps_rollup"):
        with contextlib.suppress(OSError):
            stat = (path.parent / "stat").read_text().rpartition(")")[2].split()
            if parent in (int(path.parent.name), int(stat[1])):
                total += 1024 * int(re.search(r"^Pss: +(\d+)", path.read_text(), re.MULTILINE)[1])
    return total


def change(bench, source, number):
    """Seconds from the commit of a new row until it is served."""
    source.fill(number, number + 1)
    begin = time.monotonic()
    wait_for(lambda: is_served(bench, number), "a new row")
    return time.monotonic() - begin


def figure_hosted_many(bench):
    many, rounds = bench.pick(1_000_000, 20_000), bench.pick(7, 3)
    source = Source(bench)
    source.fill(0, 1)
    sync(bench, 0)
    few = [start(bench, 0) for _ in range(rounds)]
    source.fill(1, many)
    seconds = sync(bench, many - 1)
    loaded = [start(bench, many - 1) for _ in range(rounds)]
    with bench.httpd(ON + CONFIGURED):
        served = [change(bench, source, many + number) for number in range(rounds)]
    memory = statistics.median(all_of for _, all_of in loaded) - \
        statistics.median(empty for _, empty in few)
    yield (f"start with {many:,} hosted domains over 1",
           statistics.median(time for time, _ in loaded) /
           statistics.median(time for time, _ in few), f"{rounds} rounds", 1.5, 1.1)
    yield (f"MB of all processes at {many:,} hosted domains above 1", memory / MIB, "PSS, event",
           40, 20)
    yield (f"seconds of the first synchronization of {many:,} domains", seconds, "SQLite", 20, 6)
    yield ("seconds from commit to served", statistics.median(served),
           f"{rounds} rows, {min(served):.2f} to {max(served):.2f}", 3, 1.2)
