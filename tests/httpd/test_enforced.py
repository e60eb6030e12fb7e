# SPDX-License-Identifier: Apache-2.0
"""The warning at start about mode enforce, where reports tell of failures that it turns into refused
mail."""

import datetime

import pytest

import process
import report
from database import Database
from httpd import proxied
from policy import HOST, MX
from report import make, packed, post

WARNED = r"\[mta_sts:warn\].*\[enforce-failures\]$"


def conf(mode, more=""):
    return more + proxied(HOST, f"{MX}MTASTSMode {mode}\n{report.ENDPOINT}")


def failing(kind="certificate-expired", mx="mx1.example.com", days_ago=2, **more):
    """A report of three sessions that failed."""
    day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=days_ago)
    return make(policies=[{
        "policy": {"policy-type": "sts", "policy-domain": "example.com"},
        "summary": {"total-successful-session-count": 5, "total-failure-session-count": 3},
        "failure-details": [{"result-type": kind, "receiving-mx-hostname": mx,
                             "failed-session-count": 3}]}],
        **{"date-range": {"start-datetime": f"{day}T00:00:00Z",
                          "end-datetime": f"{day}T23:59:59Z"}}, **more)


def in_index(server):
    return len(Database(server).run("SELECT id FROM tlsrpt_report"))


def keep(server, octets):
    """Until the report is in the index."""
    wanted = in_index(server) + 1
    assert post(server, packed(octets)).status == 201
    process.wait_for(lambda: in_index(server) == wanted, "the report to be in the index")


@pytest.mark.parametrize("words,told", [
    ({}, "3 sessions that it makes senders refuse: The certificate of mx1.example.com is out of"),
    ({"kind": "starttls-not-supported", "mx": "\x1b[2J$(reboot)"},
     "The sender reached your mail server, and it did not offer encryption"),
], ids=["expired", "hostile"])
def test_enforce_is_warned_of_at_start_where_reports_tell_of_refused_mail(make_with, words, told):
    server = make_with([WARNED]).configure(conf("testing")).start()
    keep(server, failing(**words))
    server.configure(conf("enforce"))
    server.graceful()
    line, = process.wait_for(lambda: server.log.matching(WARNED), "the warning")
    assert "example.com: mode enforce is set, but reports of the last 14 days tell of " in line
    assert told in line
    assert "mta-sts ready example.com tells the rest" in line
    assert "\x1b" not in line


@pytest.mark.parametrize("mode,octets", [
    ("testing", failing()),
    ("enforce", failing("sts-policy-fetch-error")),
    ("enforce", failing("validation-failure")),
    ("enforce", failing(days_ago=20)),
], ids=["testing", "no refusal", "unclear", "long ago"])
def test_nothing_is_warned_of_where_no_mail_is_refused_for_it(start, mode, octets):
    server = start(conf(mode))
    keep(server, octets)
    server.graceful()
    # The tasks of a start are over, in their order, before the index is looked at for the third
    # time: with the first of these reports it may be the first or second.
    for number in range(1001, 1004):
        keep(server, make(number))
    assert not server.log.matching("enforce-failures")
