# SPDX-License-Identifier: Apache-2.0
"""Which reports a period has: those about its days (UTC), in all views, whenever they were received."""

import csv
import datetime
import io
import json
import os
import pathlib
import subprocess

import pytest

import report
from httpd import CHILD, proxied
from policy import HOST, MX
from status_page import LOCATION, data, metrics, page, wait_for_reports

pytestmark = pytest.mark.slow

COMMAND = str(pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts")
SERIES = 'mta_sts_sessions{domain="example.com",result_type="success"}'


def make(days):
    """A report about the day that many days ago, with 1000 sessions and so many more."""
    day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=days)
    return report.make(
        days, policies=[{"policy": {"policy-type": "sts", "policy-domain": "example.com"},
                         "summary": {"total-successful-session-count": 1000 + days,
                                     "total-failure-session-count": 0}}],
        **{"date-range": {"start-datetime": f"{day}T00:00:00Z",
                          "end-datetime": f"{day}T23:59:59Z"}})


def run(server, *arguments, both=False):
    done = subprocess.run(
        ["runuser", "-u", CHILD.pw_name, "--", COMMAND, *arguments],
        capture_output=True, timeout=60, check=False,
        env={**os.environ, "PATH": f"/nowhere:{os.environ['PATH']}", "LC_ALL": "C.UTF-8",
             "MTA_STS_STATE_DIR": str(server.root / "state")})
    return (done.stdout + (done.stderr if both else b"")).decode()


def sessions_and_earlier(server, period):
    """The sessions in a period, and the reports about earlier days, by view."""
    query = f"since={period}"
    overview = data(server, f"?{query}")["reports"]
    domain = data(server, f"?domain=example.com&{query}")["reports"]
    totals = json.loads(run(server, "report", "--format", "json", "--since", period))["totals"]
    rows = csv.DictReader(io.StringIO(run(server, "report", "--format", "csv", "--since", period)))
    ready, = json.loads(run(server, "ready", "--no-check", "--format", "json", "--since", period,
                            "--days", "5", "example.com"))["domains"]
    return {
        "overview": (overview["successful_sessions"], overview["earlier_count"]),
        "domain": (domain["successful_sessions"], domain["earlier_count"]),
        "report": (totals["successful_sessions"], totals["earlier_reports"]),
        "csv": (sum(int(row["successful_sessions"]) for row in rows
                    if row["row_type"] == "policy"), None),
        "ready": (ready["reports"]["successful_sessions"], ready["reports"]["earlier_reports"]),
        "metrics": (metrics(server, f"?{query}")[1].get(SERIES, 0), None)}


@pytest.mark.parametrize("days, periods", [
    # The first day of the last 7 or 30 days, and the one before.
    ([6, 7], {"7d": (1006, 1), "30d": (2013, 0), "all": (2013, 0)}),
    ([29, 30], {"7d": (0, 2), "30d": (1029, 1), "all": (2059, 0)}),
    # An old mailbox.
    ([200], {"7d": (0, 1), "30d": (0, 1), "all": (1200, 0)}),
], ids=str)
def test_all_views_agree_about_the_days_of_a_period(start, days, periods):
    server = start(LOCATION + proxied(HOST, MX + report.ENDPOINT))
    for day in days:
        report.import_verified(server, make(day))
    wait_for_reports(server, len(days))
    for period, (sessions, earlier) in periods.items():
        for view, found in sessions_and_earlier(server, period).items():
            assert found[0] == sessions, (period, view)
            assert found[1] in (earlier, None), (period, view)


def test_a_report_about_earlier_days_is_nowhere_said_to_be_missing(start):
    server = start(LOCATION + proxied(HOST, MX + report.ENDPOINT))
    report.import_verified(server, make(200))
    wait_for_reports(server, 1)
    shown = " ".join(run(server, "report").split())
    assert shown.startswith("0 reports since ")
    assert "1 report about earlier days not shown (use --since all)" in shown
    assert "Senders send one report a day" not in shown
    assert run(server, "report", "--received", "1d").startswith("1 report received since ")
    for query in "", "?domain=example.com":
        text = page(server, query).text
        assert "and is about earlier days." in text
        assert "1 report is about earlier days." in text
    text = run(server, "ready", "--no-check", "example.com")
    assert "1 report is about earlier days" in " ".join(text.split())
