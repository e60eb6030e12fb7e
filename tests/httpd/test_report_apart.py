# SPDX-License-Identifier: Apache-2.0
"""Unverified reports with numbers that are not plausible: listed apart, and in no other number."""

import csv
import io
import json

import report
from httpd import proxied
from policy import HOST, MX
from status_page import LOCATION, data, metrics, page, wait_for_reports
from test_report_days import make, run

HUGE = 9223372036854775807


def test_an_impossible_number_of_sessions_changes_nothing_in_any_view(start):
    server = start(LOCATION + proxied(HOST, MX + report.ENDPOINT))
    for days in 1, 2, 3:
        report.post(server, report.packed(make(days)))
    forged = json.loads(make(4))
    forged["organization-name"] = "Mallory"
    forged["policies"][0]["summary"] = {"total-successful-session-count": 0,
                                        "total-failure-session-count": HUGE}
    report.post(server, report.packed(json.dumps(forged).encode()))
    wait_for_reports(server, 3)
    for query in "", "?domain=example.com":
        reports = data(server, query)["reports"]
        assert (reports["successful_sessions"], reports["failed_sessions"]) == (3006, 0)
        assert len(reports["days"]) == 3
        assert reports["causes"] == []
        one, = reports["set_apart"]
        assert (one["domain"], one["organization"], one["failed_sessions"]) == \
            ("example.com", "Mallory", HUGE)
        text = page(server, query).text
        assert "Set apart" in text and f"{HUGE:,} sessions" in text
        assert "failed session" not in text.split("Set apart")[0]
    values = metrics(server)[1]
    assert values["mta_sts_set_apart"] == 1
    name = 'mta_sts_unverified_sessions{domain="example.com",result_type='
    assert values[f'{name}"success"}}'] == 3006 and f'{name}"unspecified"}}' not in values
    found = json.loads(run(server, "report", "--format", "json"))
    assert found["totals"]["successful_sessions"] == 3006
    assert [one["organization"] for one in found["set_apart"]] == ["Mallory"]
    row = list(csv.DictReader(io.StringIO(run(server, "report", "--format", "csv"))))[-1]
    assert (row["row_type"], row["organization"], row["failed_sessions"]) == \
        ("set-apart", "Mallory", "")
    shown = run(server, "report")
    assert "all 3,006 sessions" in shown and f"Mallory about example.com: {HUGE:,} sessions" in shown
    ready, = json.loads(run(server, "ready", "--no-check", "--format", "json",
                            "example.com"))["domains"]
    assert "reports-set-apart" in {finding["id"] for section in ready["sections"]
                                   for finding in section["findings"]}
