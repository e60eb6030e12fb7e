# SPDX-License-Identifier: Apache-2.0
"""The cost of `mta-sts report --format json` for ten thousand reports, compared with Python."""

import gzip
import json
import statistics
import sys
from pathlib import Path

from bench_figures.common import CannotMeasure, run, spread

PYTHON = Path(__file__).parent / "python_report.py"
MEASURED = Path(__file__).parent / "measured.py"
MIB = 1 << 20
SENDERS, DAYS, DOMAINS = 20, 28, 500


def failures(number, domain):
    """Every fourth report contains failures; in reality, fewer do."""
    kinds = (("certificate-expired", "X509_V_ERR_CERT_HAS_EXPIRED"), ("starttls-not-supported", ""))
    return [] if number % 4 else [
        {"result-type": kind, "sending-mta-ip": f"192.0.2.{number % 250}",
         "receiving-mx-hostname": f"mx1.{domain}", "receiving-mx-helo": f"mx1.{domain}",
         "receiving-ip": "198.51.100.7", "failed-session-count": 1 + number % 7,
         "failure-reason-code": reason} for kind, reason in kinds]


def report(number):
    """A report like those of Google and Microsoft."""
    day = f"2026-05-{number // SENDERS % DAYS + 1:02}"
    domain = f"d{number % DOMAINS:04}.example.org"
    details = failures(number, domain)
    patterns = [f"mx1.{domain}", f"*.mail.{domain}"]
    return {
        "organization-name": f"Sender {number % SENDERS} Inc.",
        "date-range": {"start-datetime": f"{day}T00:00:00Z", "end-datetime": f"{day}T23:59:59Z"},
        "contact-info": "tls-reports@sender.example",
        "report-id": f"{day}T00:00:00Z_{number}_{domain}",
        "policies": [{
            "policy": {"policy-type": "sts", "policy-domain": domain, "mx-host": patterns,
                       "policy-string": ["version: STSv1", "mode: enforce",
                                         *(f"mx: {name}" for name in patterns),
                                         "max_age: 604800"]},
            "summary": {"total-successful-session-count": 1000 + number,
                        "total-failure-session-count":
                            sum(detail["failed-session-count"] for detail in details)},
            "failure-details": details}]}


def write_reports(directory, count):
    directory.mkdir()
    for number in range(count):
        packed = gzip.compress(json.dumps(report(number)).encode(), mtime=0)
        (directory / f"{number:06}.json.gz").write_bytes(packed)


def measure(args, output):
    """(seconds, peak memory in bytes) of a process that must succeed."""
    seconds, memory = run(sys.executable, str(MEASURED), str(output), *args).split()
    return float(seconds), int(memory)


def totals(output):
    return json.loads(output.read_bytes())["totals"]


def figure_report_command(bench):
    count, pairs = 10_000, bench.pick(15, 5)
    directory = bench.root / "reports"
    counted, expected = bench.root / "command.json", bench.root / "python.json"
    command = str(Path(bench.module).parents[1] / "mta-sts")
    ratios, most = [], 0
    write_reports(directory, count)
    for _ in range(pairs):
        python, _ = measure([sys.executable, str(PYTHON), str(directory)], expected)
        seconds, memory = measure([command, "report", "--format", "json", str(directory)], counted)
        ratios.append(python / seconds)
        most = max(most, memory)
    if totals(counted) != totals(expected):
        raise CannotMeasure(f"{totals(counted)} differs from the sums of Python: {totals(expected)}")
    yield (f"{count:,} reports: Python's time over that of mta-sts report",
           statistics.median(ratios), f"{pairs} pairs, {spread(ratios)}, last {python:.2f} s over "
           f"{seconds:.2f} s", 2, 3)
    yield (f"{count:,} reports: peak memory of mta-sts report (MiB)", most / MIB, "", 100, 50)
