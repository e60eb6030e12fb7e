# SPDX-License-Identifier: Apache-2.0
"""Forged reports with the identity of a real one: they hide it in no view, whenever they arrive."""

import csv
import io
import json

import pytest

import report
from httpd import proxied
from policy import HOST, MX
from status_page import LOCATION, data, metrics, wait_for_reports
from test_report_days import make, run

FAILED = 5
FORGED = 2  # sessions in the forged report, all successful


def real():
    found = json.loads(make(1))
    found["policies"][0]["summary"] = {"total-successful-session-count": 100,
                                       "total-failure-session-count": FAILED}
    return json.dumps(found).encode()


def forged():
    found = json.loads(make(1))
    found["policies"][0]["summary"] = {"total-successful-session-count": FORGED,
                                       "total-failure-session-count": 0}
    return json.dumps(found).encode()


def post(server, content):
    assert report.post(server, report.packed(content)).status == 201


def totals(server):
    """Reports, successful and failed sessions: in the page's JSON, metrics, and the command."""
    reports = data(server, "")["reports"]
    found = json.loads(run(server, "report", "--format", "json"))["totals"]
    rows = [row for row in csv.DictReader(io.StringIO(run(server, "report", "--format", "csv")))
            if row["row_type"] == "policy"]
    views = {(reports["count"], reports["successful_sessions"], reports["failed_sessions"]),
             (found["reports"], found["successful_sessions"], found["failed_sessions"]),
             (len(rows), *(sum(int(row[name]) for row in rows)
                           for name in ("successful_sessions", "failed_sessions")))}
    assert len(views) == 1, views
    return views.pop()


@pytest.mark.parametrize("first, second", [(forged, real), (real, forged)],
                         ids=["before", "after"])
def test_a_forged_report_over_https_hides_no_real_one(make_with, first, second):
    server = make_with([r"\[report-conflict\]$"]).configure(
        LOCATION + proxied(HOST, MX + report.ENDPOINT)).start()
    post(server, first())
    wait_for_reports(server, 1)
    post(server, second())
    wait_for_reports(server, 2)
    assert totals(server) == (2, 100 + FORGED, FAILED)
    name = 'mta_sts_unverified_sessions{domain="example.com",result_type='
    assert metrics(server)[1][f'{name}"unspecified"}}'] == FAILED


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
def test_a_verified_report_replaces_forged_ones(make_with, is_before):
    server = make_with([r"\[report-conflict\]$"]).configure(
        LOCATION + proxied(HOST, MX + report.ENDPOINT)).start()
    steps = [lambda: post(server, forged()), lambda: report.import_verified(server, real())]
    for step in steps if is_before else reversed(steps):
        step()
        wait_for_reports(server, 1)
    report.post(server, report.packed(make(2)))
    wait_for_reports(server, 2)
    assert totals(server)[0] == 2 and totals(server)[2] == FAILED
    values = metrics(server)[1]
    assert values['mta_sts_sessions{domain="example.com",result_type="unspecified"}'] == FAILED
    assert values['mta_sts_sessions{domain="example.com",result_type="success"}'] == 100
