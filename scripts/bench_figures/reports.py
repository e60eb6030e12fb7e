# SPDX-License-Identifier: Apache-2.0
"""The cost of receiving reports: on disk, for policies served at the same time, in memory."""

import gzip
import http.client
import os
import statistics
import subprocess
import tempfile
import threading
import time
import zlib
from pathlib import Path

from bench_figures.common import CannotMeasure, run, spread

CLIENTS = 16
MIB = 1 << 20
ENDPOINT = ("MTASTSReportPath /tlsrpt\nMTASTSReportLimit 1000000\nMTASTSReportQuota 64G 64G\n"
            "MTASTSMx mx1.example.com\n")
LOAD = Path(__file__).parent / "report_load.c"


def build_load(bench):
    program = bench.root / "report_load"
    if not program.exists():
        run("gcc", "-O2", "-Wall", "-pthread", "-o", program, LOAD)
    return str(program)


def load(bench, *args):
    """(a second, CPU seconds, p99 in us)"""
    return [float(word) for word in run(build_load(bench), *map(str, args)).split()]


def children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def cpu_seconds(pid):
    """User and system time of the children of a server."""
    ticks = 0
    for child in children(pid):
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def bare_loop(bench, seconds):
    """Its files are not deleted, which would slow down the creation of the next ones (scripts/bench)."""
    directory = tempfile.mkdtemp(prefix="bare-", dir=bench.root)
    rate, cpu, _ = load(bench, "bare", directory, seconds, CLIENTS)
    return rate, cpu / seconds


def figure_acknowledged(bench):
    seconds, pairs = bench.pick(4, 2), bench.pick(7, 3)
    ratios = []
    with bench.httpd(ENDPOINT) as process:
        load(bench, "send", bench.port, 1, CLIENTS, 0)
        for _ in range(pairs):
            bare, bare_cpu = bare_loop(bench, seconds)
            before = cpu_seconds(process.pid)
            receiving = load(bench, "send", bench.port, seconds, CLIENTS, 0)[0]
            cpu = (cpu_seconds(process.pid) - before) / seconds
            ratios.append(receiving / bare)
    yield ("acknowledged reports/s over a bare loop on the same disk", statistics.median(ratios),
           f"{pairs} pairs, {spread(ratios)}, last {receiving:.0f}/s over {bare:.0f}/s; CPU of children "
           f"{cpu:.2f}, of the bare loop {bare_cpu:.2f}", 0.3, 0.5)


def figure_policy_beside(bench):
    seconds, pairs = bench.pick(5, 2), bench.pick(7, 3)
    ratios = []
    with bench.httpd(ENDPOINT):
        build_load(bench)
        load(bench, "policy", bench.port, 1)
        for _ in range(pairs):
            alone = load(bench, "policy", bench.port, seconds)[2]
            with subprocess.Popen([build_load(bench), "send", str(bench.port), str(seconds + 1),
                                   "4", "100"], stdout=subprocess.DEVNULL) as reports:
                beside = load(bench, "policy", bench.port, seconds)[2]
                reports.wait()
            ratios.append(beside / alone)
    yield ("p99 of the policy with 100 reports/s over without", statistics.median(ratios),
           f"{pairs} pairs, {spread(ratios)}, last {beside:.0f} us over {alone:.0f} us", 2, 1.5)


def zeros():
    """Gzip of 1 GiB of zeros, just under 1 MiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(16 * MIB)
    return b"".join(packer.compress(block) for _ in range(64)) + packer.flush()


def objects():
    """Gzip of 10 MiB of empty objects."""
    return gzip.compress(b'{"policies":[' + b"{}," * ((10 * MIB - 20) // 3) + b"{}]}")


def resident(pid):
    total = 0
    for child in children(pid):
        for line in Path(f"/proc/{child}/status").read_text().splitlines():
            total += 1024 * int(line.split()[1]) if line.startswith("VmRSS:") else 0
    return total


def send_bomb(bench, body, statuses, number):
    """Each comes from a different network, because one network may use only a part of the upload
    slots."""
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=60,
                                            source_address=(f"127.{number}.0.1", 0))
    connection.request("POST", "/tlsrpt", body, {"Host": "mta-sts.example.com"})
    statuses.append(connection.getresponse().status)
    connection.close()


def refusal(bench, process, body, count):
    """(peak memory growth in bytes, seconds) until this many simultaneous reports are rejected."""
    statuses = []
    threads = [threading.Thread(target=send_bomb, args=(bench, body, statuses, number))
               for number in range(count)]
    before = most = resident(process.pid)
    began = time.monotonic()
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        most = max(most, resident(process.pid))
        time.sleep(0.002)
    seconds = time.monotonic() - began
    if len(statuses) != count or not set(statuses) <= {200, 201, 202, 413}:
        raise CannotMeasure(f"hostile reports were answered with {statuses}")
    return most - before, seconds


def figure_hostile(bench):
    for name, body in (("gzip of 1 GiB of zeros", zeros()), ("10 MiB of {},{},...", objects())):
        for count, must, wish, limit in ((1, 32, 24, 1), (25, 96, 64, 5)):
            with bench.httpd(ENDPOINT) as process:
                refusal(bench, process, b'{"policies":[]}', 1)
                data, seconds = refusal(bench, process, body, count)
            note = f"{len(body):,} bytes sent"
            yield f"MiB above before: {count} x {name}", data / MIB, note, must, wish
            yield f"seconds until refused: {count} x {name}", seconds, note, limit, limit / 2
