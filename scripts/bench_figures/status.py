# SPDX-License-Identifier: Apache-2.0
"""How long the status page takes: with many policy domains, and with many reports in the index."""

import contextlib
import http.client
import os
import pwd
import sqlite3
import statistics
import time

from bench_figures.common import CannotMeasure

OWNER = pwd.getpwnam("www-data")
LOCATION = "<Location /status>\nSetHandler mta-sts-status\nRequire all granted\n</Location>\n"
DAY = 86_400_000_000
TYPES = ("certificate-expired", "starttls-not-supported", "sts-policy-fetch-error",
         "validation-failure")
METRICS = {"Prometheus": "?format=prometheus"}
VIEWS = {"overview": "", "overview, 400 days": "?since=400d", "JSON": "?format=json"}


def milliseconds(bench, query, rounds):
    """The times of some requests after a warm-up request: (median, slowest)."""
    times = []
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=60)
    with contextlib.closing(connection):
        for _ in range(rounds + 1):
            begin = time.perf_counter()
            connection.request("GET", "/status" + query)
            response = connection.getresponse()
            body = response.read()
            times.append(1000 * (time.perf_counter() - begin))
            if response.status != 200 or b"mta-sts report</code> reads" in body:
                raise CannotMeasure(f"/status{query}: {response.status} {body[:300]}")
    return statistics.median(times[1:]), max(times)


def worst(bench, views, rounds):
    """The slowest view, and a note about all of them."""
    measured = {name: milliseconds(bench, query, rounds) for name, query in views.items()}
    note = ", ".join(f"{name} {median:.0f} (slowest {slowest:.0f})"
                     for name, (median, slowest) in measured.items())
    return max(median for median, _ in measured.values()), note


def blocks(count):
    return "".join(f"<MTASTSPolicy d{i:06}.example.org>\nMTASTSMx mx.d{i:06}.example.org\n"
                   "</MTASTSPolicy>\n" for i in range(count))


def wait_for_index(bench):
    path = bench.state / "reports.db"
    for _ in range(600):
        if path.exists() and not milliseconds_or_none(bench) is None:
            return path
        time.sleep(0.1)
    raise CannotMeasure("no index was made")


def milliseconds_or_none(bench):
    try:
        return milliseconds(bench, "", 1)
    except CannotMeasure:
        return None


def fill(path, domains, days, organizations):
    """Adds the index rows of that many reports of another machine, one in ten with failures."""
    today = int(time.time() * 1_000_000) // DAY
    database = sqlite3.connect(path)
    run = database.execute
    database.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;")
    for table, names in (("domain", [f"d{i:06}.example.org" for i in range(domains)]),
                         ("organization", [f"Sender {i}" for i in range(organizations)]),
                         ("string", [*TYPES, "sts", "mx.example.org", "version: STSv1"])):
        database.executemany(f"INSERT INTO tlsrpt_{table} (id, text, folded) VALUES (?, ?, ?)",
                             [(1000 + i, name, name.lower()) for i, name in enumerate(names)])
    run(f"""CREATE TEMP TABLE made AS WITH RECURSIVE
        d(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM d WHERE n < {domains - 1}),
        t(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM t WHERE n < {days - 1}),
        o(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM o WHERE n < {organizations - 1})
        SELECT 1000 + d.n AS domain, {today} - 1 - t.n AS day, 1000 + o.n AS organization,
        100 + (d.n + t.n) % 50 AS successful, max(0, (d.n + t.n + o.n) % 10 - 8) AS failed,
        d.n % 4 AS kind FROM d, t, o""")
    run(f"""INSERT INTO tlsrpt_report (id, host, digest, file, received, channel, verified, state,
        identity, organization, report_id, range_begin, range_end) SELECT rowid, 99, 'd' || rowid, rowid,
        (day + 1) * {DAY} + rowid, 1, 1, 0, 'i' || rowid, organization, 'r' || rowid, day * {DAY},
        (day + 1) * {DAY} - 1000000 FROM made""")
    run(f"""INSERT INTO tlsrpt_policy SELECT rowid, 0, domain, 1, (day + 1) * {DAY} + rowid, 1004,
        1006, successful, failed FROM made""")
    run("""INSERT INTO tlsrpt_failure SELECT rowid, 0, 0, 1000 + kind, 1005, 0, 0, 0, failed
        FROM made WHERE failed > 0""")
    for domain, kind, seen in (("domain + 0", 1004, 1006), ("domain * 0", 0, 0)):
        run(f"""INSERT INTO tlsrpt_sum SELECT {domain}, day, day, organization, {kind}, {seen},
            1, count(*), count(*), sum(successful), sum(failed), day * {DAY},
            (day + 1) * {DAY} - 1000000 FROM made GROUP BY {domain}, day, organization""")
        run(f"""INSERT INTO tlsrpt_cause SELECT {domain}, day, organization, 1004, 1000 + kind, 1005,
            0, 0, 0, 1, count(*), sum(failed), day * {DAY}, (day + 1) * {DAY} - 1000000 FROM made
            WHERE failed > 0 GROUP BY {domain}, day, organization, kind""")
    database.commit()
    database.close()
    for file in path.parent.glob(path.name + "*"):
        os.chown(file, OWNER.pw_uid, OWNER.pw_gid)


def figure_status(bench):
    many, rounds = bench.pick(100_000, 20_000), bench.pick(15, 5)
    with bench.httpd(LOCATION + blocks(many)):
        wait_for_index(bench)
        value, note = worst(bench, {**VIEWS, **METRICS, "a search": "?q=99999", "last page": f"?page={many // 100}"},
                            rounds)
    yield f"ms of the status page with {many:,} domains", value, note, 200, 100
    (bench.state / "reports.db").unlink()
    domains, days, organizations = bench.pick((250, 400, 10), (50, 400, 10))
    with bench.httpd(LOCATION + blocks(domains)):
        path = wait_for_index(bench)
    fill(path, domains, days, organizations)
    with bench.httpd(LOCATION + blocks(domains)):
        value, note = worst(bench, {
            **VIEWS, "a domain": "?domain=d000001.example.org",
            "a domain, 400 days": "?domain=d000001.example.org&since=400d"}, rounds)
        scraped, scraping = worst(bench, METRICS, rounds)
    yield (f"ms of the status page with {domains * days * organizations:,} reports", value, note,
           200, 100)
    yield f"ms of its metrics, {domains} domains", scraped, scraping, 1000, 200
