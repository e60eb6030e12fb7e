# SPDX-License-Identifier: Apache-2.0
"""Policies from a database, up to a million of them: the cost of a request, of synchronization and
of memory."""

import contextlib
import os
import pwd
import re
import sqlite3
import statistics
import subprocess
import threading
import time
from pathlib import Path

from bench_figures.common import CannotMeasure, spread
from bench_figures.fetch_store import BINARIES, Postgres
from bench_figures.fetching import POLICY, get, instructions

OWNER = pwd.getpwnam("www-data")
ON = "MTASTSHosting on\n"
CONFIGURED = "<MTASTSPolicy configured.example>\nMTASTSMx mx.configured.example\n</MTASTSPolicy>\n"
MIB = 1 << 20
CLUSTERS = 100  # number of groups of mail servers


def counts(bench):
    """The numbers of hosted domains that are measured."""
    return bench.pick((1, 10_000, 100_000, 1_000_000), (1, 2_000, 20_000))


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
    """The tables in the database of a state directory, with the given number of rows. Customers share the
    provider's mail servers."""

    name = "SQLite"
    directives = ON + CONFIGURED

    def __init__(self, bench):
        self.command = str(Path(bench.module).parents[1] / "mta-sts")
        self.state = bench.state
        bench.state.mkdir(exist_ok=True)
        os.chown(bench.state, OWNER.pw_uid, OWNER.pw_gid)
        with bench.httpd(self.directives):
            wait_for(self.has_tables, "mta-sts policy init")

    def options(self):
        return []

    def has_tables(self):
        done = subprocess.run([self.command, "policy", "init", "--state-dir", self.state, *self.options()],
                              capture_output=True, text=True, check=False)
        return done.returncode == 0

    def fill(self, first, end):
        """Inserts rows in one transaction, as a panel does."""
        with contextlib.closing(sqlite3.connect(self.state / "reports.db", timeout=60)) as database:
            database.executemany("INSERT INTO mta_sts_policy (domain, mx) VALUES (?, ?)", (
                (domain(number), f"mx{number % CLUSTERS}.provider.example")
                for number in range(first, end)))
            database.commit()


class SharedSource(Source):
    """The same in PostgreSQL."""

    name = "PostgreSQL"

    def __init__(self, bench, postgres):
        self.postgres = postgres
        self.directives = f'MTASTSDatabase pgsql "{postgres.where}"\n' + Source.directives
        super().__init__(bench)

    def options(self):
        return ["--database", "pgsql " + self.postgres.where]

    def fill(self, first, end):
        self.postgres.psql(
            "INSERT INTO mta_sts_policy (domain, mx) SELECT 'h' || lpad(n::text, 6, '0') || "
            f"'.example.org', 'mx' || n % {CLUSTERS} || '.provider.example' "
            f"FROM generate_series({first}, {end - 1}) AS t(n)")


# --- instructions ---


def sync(bench, last):
    """Makes an httpd rebuild the snapshot from the SQLite database in its state directory. Returns
    the time in seconds."""
    return first_sync(bench, Source, last)[0]


def figure_hosted_instructions(bench):
    plain, = instructions(bench, CONFIGURED, [POLICY], ["mta-sts.configured.example"])
    source = Source(bench)
    known, one = 0, None
    for count in counts(bench):
        source.fill(known, count)
        known = count
        sync(bench, count - 1)
        hosts = [host(number) for number in range(0, count, max(1, count // 50))]
        many, = instructions(bench, source.directives, [POLICY], hosts)
        if one:
            yield (f"instructions a request with {count:,} hosted domains over 1", many / one,
                   f"{many:.0f} over {one:.0f}", 1.12, 1.05)
            continue
        one = many
        beside, = instructions(bench, source.directives, [POLICY], ["mta-sts.configured.example"])
        yield ("instructions a request, hosted over configured domain", one / plain,
               f"{one:.0f} over {plain:.0f}", 1.6, 1.25)
        yield ("the same, configured domain with MTASTSHosting on over off", beside / plain,
               f"{beside:.0f} over {plain:.0f}", 1.01, 1.0)


# --- the first synchronization ---


class Watched:
    """The memory of the only child of httpd while it synchronizes: of its own, not pages of the snapshot or of
    libraries, which it shares; and of all pages, as the kernel keeps its highest value."""

    def __init__(self, bench):
        parent = int((bench.root / "pid").read_text())
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        if len(children) != 1:
            raise CannotMeasure(f"httpd has {len(children)} children instead of one")
        self.directory = Path(f"/proc/{children[0]}")
        self.own = self.all = 0
        self.seconds = self.processor_time()  # processor time that it has used, at the end
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def read(self):
        text = (self.directory / "status").read_text()
        own, most = (1024 * int(re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)[1])
                     for name in ("RssAnon", "VmHWM"))
        self.own, self.all = max(self.own, own), most

    def processor_time(self):
        fields = (self.directory / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def watch(self):
        while not self.is_over.wait(0.005):
            self.read()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()
        self.seconds = self.processor_time() - self.seconds


def first_sync(bench, source, last):
    """(seconds until an httpd that knows nothing yet serves the last domain, Watched)"""
    for path in bench.state.glob("hosted.db*"):
        path.unlink()
    with bench.httpd(source.directives):
        with Watched(bench) as watched:
            begin = time.monotonic()
            wait_for(lambda: is_served(bench, last), "the first synchronization")
            return time.monotonic() - begin, watched


def sync_lines(source, count, sync, empty):
    """sync, empty: what first_sync() returned with this number of rows, and with one."""
    seconds, watched = sync
    yield (f"seconds of the first sync of {count:,} domains, {source.name}", seconds,
           f"{watched.seconds:.1f} s of processor time", 20, 6)
    yield (f"MB of the first sync of {count:,} domains, {source.name}", (watched.own - empty[1].own) / MIB,
           f"own memory of the process at most, above 1 domain; all pages "
           f"{(watched.all - empty[1].all) / MIB:.0f} MB", 64, 32)


def figure_hosted_shared(bench):
    """With PostgreSQL, only the largest: requests do not depend on the database."""
    if not BINARIES:
        raise CannotMeasure("apt-get install postgresql")
    many = counts(bench)[-1]
    with contextlib.closing(Postgres(bench.root)) as postgres:
        source = SharedSource(bench, postgres)
        source.fill(0, 1)
        empty = first_sync(bench, source, 0)
        source.fill(1, many)
        yield from sync_lines(source, many, first_sync(bench, source, many - 1), empty)


# --- start, memory, changes ---


def start(bench, source, number):
    """(seconds until a hosted domain is served with a snapshot of an earlier run, bytes of all processes)"""
    bench.state = source.state
    begin = time.monotonic()
    with bench.httpd(source.directives):
        wait_for(lambda: is_served(bench, number), "the start")
        return time.monotonic() - begin, proportional(bench)


def proportional(bench):
    """The proportional memory (PSS) of all processes."""
    total = 0
    parent = int((bench.root / "pid").read_text())
    for path in Path("/proc").glob("[0-9]*/smaps_rollup"):
        with contextlib.suppress(OSError):
            stat = (path.parent / "stat").read_text().rpartition(")")[2].split()
            if parent in (int(path.parent.name), int(stat[1])):
                total += 1024 * int(re.search(r"^Pss: +(\d+)", path.read_text(), re.MULTILINE)[1])
    return total


def start_lines(bench, one, source, count, rounds):
    """one: a Source with one row. Measured in pairs, so that load on the machine affects both
    values."""
    pairs = [(start(bench, one, 0), start(bench, source, count - 1)) for _ in range(rounds)]
    ratios = [many[0] / few[0] for few, many in pairs]
    yield (f"start with {count:,} hosted domains over 1", statistics.median(ratios),
           f"{rounds} pairs, {spread(ratios)}", 1.5, 1.1)
    yield (f"MB of all processes, {count:,} hosted domains above 1",
           statistics.median(many[1] - few[1] for few, many in pairs) / MIB, "PSS, event", 40, 20)


def change(bench, source, number):
    """Seconds from the commit of a new row until it is served."""
    source.fill(number, number + 1)
    begin = time.monotonic()
    wait_for(lambda: is_served(bench, number), "a new row")
    return time.monotonic() - begin


def changes(bench, source, known, rounds):
    with bench.httpd(source.directives):
        wait_for(lambda: is_served(bench, known - 1), "the start")
        return [change(bench, source, known + number) for number in range(rounds)]


def figure_hosted_many(bench):
    rounds = bench.pick(5, 3)
    state, bench.state = bench.state, bench.root / "state-hosted-one"
    one = Source(bench)
    one.fill(0, 1)
    empty = first_sync(bench, one, 0)
    bench.state = state
    source, known = Source(bench), 0
    for count in counts(bench)[1:]:
        source.fill(known, count)
        yield from sync_lines(source, count, first_sync(bench, source, count - 1), empty)
        yield from start_lines(bench, one, source, count, rounds)
        served = changes(bench, source, count, rounds)
        yield (f"seconds from commit to served at {count:,} hosted domains", statistics.median(served),
               f"{rounds} rows, {spread(served)}", 3, 1.2)
        known = count + rounds
