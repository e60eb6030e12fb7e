# SPDX-License-Identifier: Apache-2.0
"""`mta-sts report`: made-up names in reports do not take memory without a limit."""

import json
import os
import subprocess
import sys
import time

from reports import COMMAND, TOP, put, read_json, recent, text

MEASURED = TOP / "scripts" / "bench_figures" / "measured.py"

REPORTS = 3000
LIMIT_KIB = 100 << 10  # 3000 such reports took 480 MiB
POLICIES = 60


def made_up(number):
    """About 1.8 KB as gzip."""
    names = [f"{number:x}-{name:x}" for name in range(POLICIES)]
    report = json.loads(recent())
    failures = [{"result-type": f"t{name}", "sending-mta-ip": f"s{name}",
                 "receiving-mx-hostname": f"m{name}", "receiving-ip": f"r{name}",
                 "failure-reason-code": f"c{name}", "failed-session-count": 1} for name in names]
    policies = [{"policy": {"policy-type": f"p{name}", "policy-string": [f"q{name}"],
                            "policy-domain": f"d{name}.example" if i else "example.com"},
                 "summary": {"total-successful-session-count": 1,
                             "total-failure-session-count": 1},
                 "failure-details": [] if i else failures} for i, name in enumerate(names)]
    report.update({"organization-name": f"o{number:x}", "report-id": str(number),
                   "policies": policies})
    return json.dumps(report).encode()


def resident_kib_of(*words):
    """By a small process of its own: the peak of a process includes what its parent had before."""
    done = subprocess.run([sys.executable, MEASURED, os.devnull, COMMAND, "report", *words],
                          capture_output=True, check=True, timeout=120)
    return int(done.stdout.split()[1]) >> 10


def test_thousands_of_reports_of_made_up_names_take_little_memory(state):
    for number in range(REPORTS):
        put(state, made_up(number), time.time(), packed=True)
    assert resident_kib_of("--state-dir", state) < LIMIT_KIB


def test_made_up_names_are_summed_up_as_other_and_no_session_is_lost(state):
    for number in range(3):
        put(state, made_up(number), time.time(), packed=True)
    put(state, recent(**{"report-id": "real"}), time.time())
    found = read_json("--state-dir", state)["totals"]
    assert (found["reports"], found["folded_reports"]) == (4, 3)
    assert found["successful_sessions"] == 1288 + 3 * POLICIES
    assert found["failed_sessions"] == 37 + 3 * POLICIES
    shown = text("--state-dir", state)
    assert '3 reports with more names than are summed up separately: the rest are shown as "other".' \
        in shown
    assert "\n? other: 50.0 % of " in shown and " failed: other at other, " in shown
    assert "mta-sts check other" not in shown and "mta-sts check DOMAIN" in shown
