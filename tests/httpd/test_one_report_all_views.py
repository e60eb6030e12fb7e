# SPDX-License-Identifier: Apache-2.0
"""One report, all views: cause, owner, action, evidence and policy match are the same in the text, JSON
and CSV of `mta-sts report`, on the page and in its JSON, in metrics and in `mta-sts ready`."""

import csv
import datetime
import io
import json
import os
import pathlib
import sqlite3
import subprocess

import pytest

import report
from database import noted
from httpd import CHILD, proxied
from policy import HOST, MX, POLICY
from status_page import LOCATION, data, metrics, page, wait_for_reports

pytestmark = pytest.mark.slow

COMMAND = str(pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts")
FOREIGN = ["version: STSv1", "mode: testing", "mx: mx.elsewhere.example", "max_age: 86400"]
SERVED = [line for line in POLICY.decode().replace("\r", "").split("\n") if line]

# Result type, reason, quoted policy, verified; then cause, owner and policy match.
CASES = [
    ("validation-failure", "self-signed_certificate", SERVED, True,
     "certificate-not-trusted", "mx", "current"),
    ("validation-failure", "MX_HOSTS_MISMATCH", FOREIGN, False,
     "mx-not-in-policy", "policy-host", "never-served"),
    ("certificate-expired", None, SERVED, False, "certificate-expired", "mx", "current"),
    ("sts-policy-fetch-error", "404", None, True, "policy-not-found", "policy-host", "unspecified"),
    ("starttls-not-supported", "mx1.example.com:25", SERVED, True, "starttls-not-supported", "mx",
     "current"),
    ("sts-webpki-invalid", "certificate has expired", None, False, "web-certificate-expired",
     "policy-host", "unspecified"),
]


# The same of an MX host of a mail provider, and of a session with DANE.
ELSEWHERE = [
    ("certificate-expired", None, SERVED, True, "certificate-expired", "mail-provider", "current",
     {"mx": "aspmx.l.google.com"}),
    ("tlsa-invalid", None, None, True, "tlsa-invalid", "dns", "dane", {"type": "tlsa"}),
    ("tlsa-invalid", None, None, False, "tlsa-invalid", "mail-provider", "dane",
     {"type": "tlsa", "mx": "mx.example-com.h-v1.mx.microsoft"}),
    ("dnssec-invalid", None, None, True, "dnssec-invalid", "dns", "dane", {"type": "tlsa"}),
]

# The details contain more failed sessions than the total, 3.
MORE = [("certificate-expired", None, SERVED, verified, "certificate-expired", "mx", "current", {"sessions": 300})
        for verified in (True, False)]


def make(kind, reason, quoted, mx="mx1.example.com", type="sts", sessions=3):
    day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=2)
    failure = {"result-type": kind, "receiving-mx-hostname": mx,
               "failed-session-count": sessions}
    if reason:
        failure["failure-reason-code"] = reason
    policy = {"policy-type": type, "policy-domain": "example.com"}
    if quoted:
        policy["policy-string"] = quoted
    return report.make(
        policies=[{"policy": policy, "failure-details": [failure],
                   "summary": {"total-successful-session-count": 5,
                               "total-failure-session-count": 3}}],
        **{"date-range": {"start-datetime": f"{day}T00:00:00Z",
                          "end-datetime": f"{day}T23:59:59Z"}})


def run(server, *arguments):
    done = subprocess.run(
        ["runuser", "-u", CHILD.pw_name, "--", COMMAND, *arguments],
        capture_output=True, timeout=60, check=False,
        env={**os.environ, "PATH": f"/nowhere:{os.environ['PATH']}", "LC_ALL": "C.UTF-8",
             "MTA_STS_STATE_DIR": str(server.root / "state")})
    return done.stdout.decode()


def from_command(server):
    """(cause, owner, explanation, action, verified, policy match) of JSON and of CSV."""
    one, = json.loads(run(server, "report", "--format", "json"))["reports"]
    policy, = one["policies"]
    failure, = policy["failures"]
    row = [row for row in csv.DictReader(io.StringIO(run(server, "report", "--format", "csv")))
           if row["row_type"] == "failure"][0]
    return ((failure["cause"], failure["owner"], failure["explanation"], failure["action"],
             one["verified"], policy["policy_match"]),
            (row["cause"], row["owner"], row["explanation"], row["action"],
             row["verified"] == "true", row["policy_match"]))


def from_page(server, query):
    reports = data(server, query)["reports"]
    cause, = reports["causes"]
    command = f" Run: {cause['command']}" if cause["command"] else ""
    seen = [one["policy_match"] for one in reports["policies_seen"]]
    return (cause["cause"], cause["owner"], cause["explanation"], cause["action"] + command,
            cause["is_verified"], *seen)


def check_sum(server, shown, sessions, verified):
    """Where details and total differ, each view shows both."""
    said = f"({sessions} according to the failure details)"
    assert (said in shown) == (sessions != 3)
    one, = json.loads(run(server, "report", "--format", "json"))["reports"]
    assert ("failures-sum" in [finding["id"] for finding in one["findings"]]) == (sessions != 3)
    for query in "", "?domain=example.com":
        assert page(server, query).text.count(said) == (2 if sessions != 3 else 0)  # verdict and tile
        reports = data(server, query)["reports"]
        assert (reports["failed_sessions"], reports["failed_sessions_in_details"]) == (3, sessions)
        assert reports["verified_failed_sessions_in_details"] == (sessions if verified else 0)
        assert reports["failed_sessions_without_details"] == 0


@pytest.mark.parametrize("kind, reason, quoted, verified, cause, owner, match, more",
                         [(*case, {}) for case in CASES] + ELSEWHERE + MORE,
                         ids=lambda value: value if isinstance(value, str) else None)
def test_one_report_is_the_same_in_all_views(start, kind, reason, quoted, verified, cause, owner,
                                             match, more):
    server = start(LOCATION + proxied(HOST, MX + report.ENDPOINT))
    noted(server, POLICY)
    content = make(kind, reason, quoted, **more)
    if verified:
        report.import_verified(server, content)
    else:
        assert report.post(server, report.packed(content)).status == 201
    wait_for_reports(server, 1)

    of_domain = from_page(server, "?domain=example.com")
    assert (of_domain[0], of_domain[1], of_domain[4], of_domain[5]) == \
        (cause, owner, verified, match)
    assert from_page(server, "") == of_domain[:5]
    for found in from_command(server):
        # The command has no configuration to ask here: only the history of served policies.
        assert found[:5] == of_domain[:5]
        assert found[5] == {"current": "older"}.get(match, match)
    shown = " ".join(run(server, "report").split())
    marked = "(unverified)" in shown
    assert of_domain[2] in shown and marked == (not verified)
    for query in "", "?domain=example.com":
        text = page(server, query).text
        assert of_domain[2] in text and ("Check this:" in text) == (not verified)
    sessions = more.get("sessions", 3)
    check_sum(server, shown, sessions, verified)
    values = metrics(server, "")[1]
    name = "mta_sts_sessions" if verified else "mta_sts_unverified_sessions"
    assert values[f'{name}{{domain="example.com",result_type="{kind}"}}'] == sessions
    ready, = json.loads(run(server, "ready", "--no-check", "--format", "json",
                            "example.com"))["domains"]
    found = {finding["id"]: finding for section in ready["sections"]
             for finding in section["findings"] if finding["id"].startswith("failure-")}
    if more.get("type") == "tlsa":  # DANE, which the mode of the policy does not change
        assert found == {}
        return
    (identity, finding), = found.items()
    assert (identity == "failure-unconfirmed") == (not verified)
    assert finding["message"].startswith(of_domain[2].rstrip("."))
    assert ready["status"] == ("critical" if verified and owner in ("mx", "mail-provider") else "warning")


def test_the_overview_explains_alike_however_many_reports_there_are(start):
    server = start(LOCATION + proxied(HOST, MX + report.ENDPOINT))
    report.import_verified(server, make("validation-failure", "self-signed_certificate", SERVED))
    wait_for_reports(server, 1)
    before = from_page(server, "")
    assert before[0] == "certificate-not-trusted"
    database = sqlite3.connect(server.root / "state" / "reports.db")
    database.execute("UPDATE tlsrpt_sum SET reports = 1000000 WHERE domain = 0")
    database.commit()
    database.close()
    assert data(server)["reports"]["count"] == 1000000
    assert from_page(server, "") == before
