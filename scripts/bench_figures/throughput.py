# SPDX-License-Identifier: Apache-2.0
"""Requests per second for a policy and for a static file of the same httpd."""

import contextlib
import os
import re
import statistics
from pathlib import Path

from bench_figures.common import CannotMeasure, run, spread
from bench_figures.fetching import HOST, POLICY, policy_of
from bench_figures.server import CONNECTIONS, PLAIN, STATIC


def pinned(part):
    """The command prefix that binds a process to its share of the processors: the server has the
    last one and the load the others, so that they do not compete. On a machine with one processor
    they have to share it."""
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) < 2:
        return []
    share = processors[-1:] if part == "server" else processors[:-1]
    return ["taskset", "-c", ",".join(map(str, share))]


def processor_time(server):
    """The clock ticks used by a server and its children so far."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if str(server.pid) in (stat.parent.name, fields[1]):
                ticks += int(fields[11]) + int(fields[12])
    return ticks


def requests_per_second(port, path, seconds):
    output = run(*pinned("load"), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", f"Host: {HOST}",
                 f"http://127.0.0.1:{port}{path}")
    rate = re.search(r"Requests/sec: +([\d.]+)", output)
    if not rate or "Non-2xx" in output:
        raise CannotMeasure(f"wrk: {output}")
    return float(rate[1])


def requests_per_tick(server, port, path, seconds):
    before = processor_time(server)
    rate = requests_per_second(port, path, seconds)
    return rate, rate * seconds / (processor_time(server) - before)


def throughput(bench, mmap):
    seconds, pairs = bench.pick(3, 1), bench.pick(11, 5)
    with bench.httpd(f"{PLAIN}EnableMMAP {mmap}\n", wrapper=pinned("server")) as server:
        (bench.root / "htdocs" / STATIC[1:]).write_bytes(policy_of(bench.port))
        requests_per_second(bench.port, POLICY, 1)
        ratios, ratios_of_work = [], []
        for _ in range(pairs):
            static, static_work = requests_per_tick(server, bench.port, STATIC, seconds)
            policy, policy_work = requests_per_tick(server, bench.port, POLICY, seconds)
            ratios.append(policy / static)
            ratios_of_work.append(policy_work / static_work)
    return statistics.median(ratios), (
        f"{pairs} pairs, {spread(ratios)}, last static {static:.0f}/s; by the server's processor "
        f"time {statistics.median(ratios_of_work):.2f}"
    )


def figure_throughput(bench):
    yield "requests/s over a static file (EnableMMAP On)", *throughput(bench, "On"), 1.6, 2.0
    yield "requests/s over a static file (EnableMMAP Off)", *throughput(bench, "Off"), 1.3, 1.5
