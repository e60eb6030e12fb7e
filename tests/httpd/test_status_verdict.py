# SPDX-License-Identifier: Apache-2.0
"""The verdict of the status page: mail that senders refuse, reports about earlier days, and earlier
policies that senders may still use."""

import datetime

import pytest

import process
import report
from database import noted
from httpd import proxied
from policy import HOST, MX, POLICY, WEEK, identity, text
from status_page import LOCATION, data, fetch, page, wait_for_reports

pytestmark = pytest.mark.slow

TODAY = datetime.datetime.now(datetime.timezone.utc)
REFUSED = "3 sessions failed under mode enforce in the last 14 days."


def failing(domain="example.com", days_ago=1, number=0, failed=3):
    """A report about sessions that failed for an expired certificate."""
    day = TODAY - datetime.timedelta(days=days_ago)
    return report.make(
        number, domain, policies=[{
            "policy": {"policy-type": "sts", "policy-domain": domain},
            "summary": {"total-successful-session-count": 1000,
                        "total-failure-session-count": failed},
            "failure-details": [{"result-type": "certificate-expired",
                                 "receiving-mx-hostname": "mx1.example.com",
                                 "failed-session-count": failed}] if failed else []}],
        **{"date-range": {"start-datetime": f"{day:%Y-%m-%dT00:00:00Z}",
                          "end-datetime": f"{day:%Y-%m-%dT23:59:59Z}"},
           "report-id": f"{domain}-{days_ago}-{number}"})


def verdict(server, query=""):
    """(severity, text of the verdict) of the page."""
    body = fetch(server, query).body.decode()
    severity = body.partition('class="verdict ')[2].partition('"')[0]
    assert severity == data(server, query)["verdict"]
    return severity, page(server, query).text.partition("Policy domains" if not query else
                                                         "Delivered securely")[0]


@pytest.fixture(scope="module")
def enforced(start_shared):
    blocks = "".join(f"<MTASTSPolicy {name}>\n{MX}MTASTSMode {mode}\n</MTASTSPolicy>\n"
                     for name, mode in (("a-testing.example", "testing"), ("b.example", "enforce"),
                                        ("c.example", "testing")))
    server = start_shared(LOCATION + blocks
                          + proxied(HOST, "MTASTSMode enforce\n" + MX + report.ENDPOINT))
    server.log.possible.append(r"\[enforce-failures\]$")
    return server


def test_only_a_verified_report_proves_that_mail_is_refused(enforced):
    for domain in ("example.com", "a-testing.example"):
        assert report.post(enforced, report.packed(failing(domain))).status == 201
    wait_for_reports(enforced, 2)
    for query in "", "?domain=example.com":
        severity, said = verdict(enforced, query)
        assert severity == "ok" and "No problems found." in said
        assert "Check this: unverified reports contain " in said
        assert "Only unverified reports say so; anyone can submit them." in said
    loss, = data(enforced)["reports"]["refused_mail"]
    assert (loss["domain"], loss["is_verified"], loss["failed_sessions"]) == \
        ("example.com", False, 3)

    report.import_verified(enforced, failing("b.example"))
    wait_for_reports(enforced, 3)
    for query in "", "?domain=b.example":
        severity, said = verdict(enforced, query)
        assert severity == "error" and "Mail is being refused." in said
        assert "b.example: " + REFUSED in said and "certificate of mx1.example.com" in said
        assert said.index("Mail is being refused.") < said.index("b.example: ")
    assert verdict(enforced, "?domain=example.com")[0] == "ok"
    severity, said = verdict(enforced, "?domain=a-testing.example")
    assert severity == "ok" and "enforce" not in said
    found = {loss["domain"]: loss["is_verified"]
             for loss in data(enforced)["reports"]["refused_mail"]}
    assert found == {"b.example": True, "example.com": False}


def test_domains_are_listed_by_trouble_and_filtered(enforced):
    for number, failed in enumerate((1, 0)):
        assert report.post(enforced, report.packed(
            failing("c.example", number=number, failed=failed))).status == 201
    wait_for_reports(enforced, 5)
    assert [one["domain"] for one in data(enforced)["domains"]["list"]] == \
        ["b.example", "example.com", "a-testing.example", "c.example"]
    assert page(enforced, "?show=failing&q=c.ex").names()[1:] == ["c.example"]
    assert page(enforced, "?show=no-certificate").names()[1:] == \
        ["b.example", "example.com", "a-testing.example", "c.example"]
    row = page(enforced, "?show=all").row("c.example")
    assert row[2:4] == ["99.95 %", "1 unverified"]


def test_reports_are_marked_as_verified_or_not(enforced):
    shown = page(enforced, "?domain=b.example").text
    assert "Sender verified" in shown and "are unverified" not in shown
    shown = page(enforced, "?domain=c.example").text
    assert "Sender unverified" in shown and "2 of 2 reports are unverified" in shown


def test_a_report_about_earlier_days_is_mentioned_where_the_range_has_no_reports(start):
    server = start(LOCATION + report.conf())
    assert report.post(server, report.packed(failing(days_ago=100, failed=0))).status == 201
    wait_for_reports(server, 1)
    for query in "", "?domain=example.com":
        said = page(server, query).text
        assert "No reports in the last 30 days. The last one was received less than a minute " \
            "ago and is about earlier days." in " ".join(said.split()), query
    assert "1,000 secure sessions, all in unverified reports" in page(server, "?since=all").text
    report.import_verified(server, failing(number=1, failed=0))
    wait_for_reports(server, 2)
    assert "All is well. 1 sender delivered all of 1,000 sessions securely." in page(server).text


def test_the_page_of_a_domain_shows_until_when_senders_may_use_an_earlier_policy(start):
    server = start(LOCATION + proxied(HOST, MX))
    noted(server, POLICY)
    assert data(server, "?domain=example.com")["domain"]["earlier_policies"] == []
    assert "earlier policy" not in page(server, "?domain=example.com").text
    server.configure(LOCATION + proxied(HOST, MX + "MTASTSMode enforce\n"))
    server.graceful()
    noted(server, POLICY, text("mx1.example.com", mode="enforce"))
    earlier, = data(server, "?domain=example.com")["domain"]["earlier_policies"]
    assert earlier["policy_id"] == identity(POLICY)
    until = datetime.datetime.fromisoformat(earlier["cached_until_at"].replace("Z", "+00:00"))
    left = until - datetime.datetime.now(datetime.timezone.utc)
    assert left.total_seconds() == pytest.approx(WEEK, abs=300)
    # Nobody fetched it, and the log knows that, a moment after the history.
    process.wait_for(
        lambda: "According to the fetch log, no sender uses an earlier policy from its cache any more; in the "
        f"worst case, some may until {until:%Y-%m-%d}" in page(server, "?domain=example.com").text,
        "the fetch log to be complete")
    assert identity(POLICY) in page(server, "?domain=example.com").text.partition("Earlier policies")[2]


@pytest.mark.parametrize("forged", [9999, 2 ** 63 - 1])
def test_a_forged_report_changes_neither_figures_nor_the_scale_of_verified_ones(start, forged):
    """Not even one with the largest number of sessions, which is not plausible."""
    server = start(LOCATION + report.conf())
    report.import_verified(server, failing(failed=10))
    wait_for_reports(server, 1)
    before = [fetch(server, query).body.decode() for query in ("", "?domain=example.com")]
    assert report.post(server, report.packed(failing(number=1, failed=forged))).status == 201
    process.wait_for(lambda: len(data(server)["reports"]["latest"]) == 2, "the forged report")
    for body, query in zip(before, ("", "?domain=example.com")):
        after = fetch(server, query).body.decode()
        for part in ('<div class="charts"', '<dt>Delivered securely</dt><dd>',
                     '<dt>Failed sessions</dt><dd>'):
            length = 800 if "charts" in part else len(part) + 7
            assert part in body
            assert after.partition(part)[1:][1][:length - len(part)] == \
                body.partition(part)[2][:length - len(part)], part
        assert "99.01 %" in after and "10<small>failed sessions" in after
        if forged == 9999:
            assert "unverified reports not counted" in after
            assert after.index("10<small>failed sessions") < after.index("9,999<small>failed")
        else:
            assert "Set apart" in after and "775,807<small>failed" not in after


@pytest.mark.parametrize("mode, question", [("testing", "Ready for enforce?"), ("enforce", "Is enforce safe?"),
                                            ("none", None)])
def test_the_page_of_a_domain_names_the_command_that_judges_readiness(start, mode, question):
    server = start(LOCATION + proxied(HOST, MX + f"MTASTSMode {mode}\n"))
    shown = page(server, "?domain=example.com").text
    assert question is None or question in shown
    assert ("sudo mta-sts ready example.com" in shown) == bool(question)
    assert "mta-sts ready" not in page(server).text
