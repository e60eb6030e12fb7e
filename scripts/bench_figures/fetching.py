# SPDX-License-Identifier: Apache-2.0
"""Requests to the measured httpd, and the instructions that they take."""

import contextlib
import http.client
import re
from pathlib import Path

from bench_figures.common import CannotMeasure

HOST = "mta-sts.example.com"
POLICY = "/.well-known/mta-sts.txt"


def get(port, path, host=HOST):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        return response.status, response.read()


def policy_of(port, host=HOST):
    status, body = get(port, POLICY, host)
    if status != 200 or not body.startswith(b"version: STSv1"):
        raise CannotMeasure(f"no policy for {host}: status {status}")
    return body


def send(port, path, hosts, count):
    """Sends this many requests in sequence over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        for i in range(count):
            connection.request("GET", path, headers={"Host": hosts[i % len(hosts)]})
            connection.getresponse().read()


def instructions(bench, extra, paths, hosts=(HOST,), n=500):
    """Instructions per request for each path, in one httpd.

    Callgrind counts within ap_process_connection and writes a file after each connection, the last
    ones being, for each path, one that warms up, one of N and one of 2N requests; what these two
    differ by is N requests.
    """
    counts = bench.root / "counts/out"
    wrapper = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={counts}",
               "--toggle-collect=ap_process_connection", "--dump-after=ap_process_connection"]
    with bench.httpd(extra, "prefork", wrapper, ["-X"]):
        for host in hosts:
            if POLICY in paths:
                policy_of(bench.port, host)
        for path in paths:
            for requests in (10, n, 2 * n):
                send(bench.port, path, hosts, requests)
    totals = []
    numbers = sorted(int(path.suffix[1:]) for path in counts.parent.glob("out.*"))
    for number in numbers[-3 * len(paths):]:
        written = Path(f"{counts}.{number}")
        totals.append(int(re.search(r"^totals: (\d+)", written.read_text(), re.MULTILINE)[1]))
    for written in counts.parent.iterdir():
        written.unlink()
    return [(totals[i + 2] - totals[i + 1]) / n for i in range(0, len(totals), 3)]
