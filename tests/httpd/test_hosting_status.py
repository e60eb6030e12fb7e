# SPDX-License-Identifier: Apache-2.0
"""Hosted domains on the status page: numbers, lists by SQL, and the page of one."""

import pytest

import process
import report
from hosting import BODY, begin_hosting, served
from policy import identity, text
from status_page import LOCATION, check_page, data, fetch, metrics, page, wait_for_reports

pytestmark = pytest.mark.slow

MANY = 60
SITE = LOCATION + "MTASTSReportPath /tlsrpt\n" + BODY


@pytest.fixture
def hosted(make):
    """A server that hosts d00.example to d59.example and a.example, which had another policy before,
    and has one wrong row."""
    server, hosting = begin_hosting(make, SITE, [r"\[row-wrong\]$"])
    plain(server)
    hosting.sql("INSERT INTO mta_sts_policy (domain, mx) VALUES " + ", ".join(
        f"('d{number:02}.example', 'mx1.example.com')" for number in range(MANY)))
    hosting.call("set", "--mx", "mx1.example.com", "a.example")
    served(server, "a.example", text("mx1.example.com"))
    hosting.call("set", "--mx", "mx2.example.com", "--mode", "enforce", "a.example")
    hosting.sql("INSERT INTO mta_sts_policy (domain, mx) VALUES ('<b>wrong.example', 'mx')")
    served(server, "a.example", text("mx2.example.com", mode="enforce"))
    process.wait_for(lambda: data(server)["hosted"]["wrong"] == 1, "the wrong row")
    return server, hosting


def plain(server):
    """The status page is fetched over http: the policy hosts are behind a TLS proxy."""
    server.fetch = server.fetch_plainly
    return server


def fail(server, number=1):
    """A verified report of failures about a.example."""
    report.import_verified(server, report.make(number, policies=[{
        "policy": {"policy-type": "sts", "policy-domain": "a.example",
                   "policy-string": text("mx1.example.com").decode().split("\r\n")[:-1]},
        "summary": {"total-successful-session-count": 5, "total-failure-session-count": 3},
        "failure-details": [{"result-type": "certificate-expired", "failed-session-count": 3,
                             "receiving-mx-hostname": "mx2.example.com"}]}]))
    wait_for_reports(server, 1)


def test_the_overview_counts_hosted_domains_and_shows_the_wrong_rows(hosted):
    server, _ = hosted
    shown = page(server)
    assert "Hosted domains61from the database; 1 row is wrong" in shown.text
    assert "1 row of a hosted domain is wrong." in shown.text
    row = shown.row("<b>wrong.example")
    assert row[1] == "not served" and "mx" in row[4]
    assert "?show=hosted#hosted" in shown.links
    assert "d00.example" not in shown.text


def test_the_list_of_hosted_domains_has_search_and_pages(hosted):
    server, _ = hosted
    shown = page(server, "?show=hosted")
    assert len(shown.rows) == 1 + 50 and "62 hosted domains" in shown.text
    assert "?show=hosted&page=2#hosted" in shown.links and "Page 1 of 2" in shown.text
    assert shown.row("a.example")[1] == "enforce"
    assert shown.row("a.example")[-1] == identity(text("mx2.example.com", mode="enforce"))
    assert len(page(server, "?show=hosted&page=2").rows) == 1 + 12
    shown = page(server, "?show=hosted&q=D5")
    assert [row[0] for row in shown.rows[1:]] == [f"d5{digit}.example" for digit in range(10)]
    assert [row[0] for row in page(server, "?show=wrong").rows[1:]] == ["<b>wrong.example"]
    assert "No hosted domains to show." in page(server, "?show=hosted&q=%25").text
    check_page(fetch(server, "?show=hosted&page=3"), 404)
    found = data(server, "?show=hosted&q=d0")["hosted"]
    assert found["matching"] == 10 and found["list"][0] == {
        "domain": "d00.example", "mode": "testing", "policy_id": identity(text("mx1.example.com")),
        "is_configured": False, "wrong": None, "fix": None}
    assert data(server, "?show=hosted")["domains"]["list"] == []


def test_a_search_finds_configured_and_hosted_domains(hosted):
    server, _ = hosted
    shown = page(server, "?show=all&q=example.com")
    assert shown.row("example.com") and "Hosted domains" not in shown.text.partition("Search")[2] \
        .replace("HostedWrong", "")
    shown = page(server, "?show=all&q=d1")
    assert "0 of 1 policy domains" in shown.text and shown.row("d10.example")


def test_the_page_of_a_hosted_domain_shows_policy_records_and_earlier_ones(hosted):
    server, _ = hosted
    shown = page(server, "?domain=a.example")
    now = identity(text("mx2.example.com", mode="enforce"))
    assert f'_mta-sts.a.example. IN TXT "v=STSv1; id={now};"' in shown.text
    assert "https://mta-sts.a.example/tlsrpt" in shown.text
    assert "Defined inits row in the database" in shown.text
    assert identity(text("mx1.example.com")) + " last served on" in shown.text
    found = data(server, "?domain=a.example")["domain"]
    assert (found["policy_id"], found["defined_in"], found["mode"]) == (now, "the database", "enforce")
    assert [one["policy_id"] for one in found["earlier_policies"]] == [identity(text("mx1.example.com"))]
    check_page(fetch(server, "?domain=unknown.example"), 404)


def test_the_page_of_a_wrong_row_says_what_to_do(hosted):
    server, hosting = hosted
    hosting.sql("INSERT INTO mta_sts_policy (domain) VALUES ('new.example');"
                "UPDATE mta_sts_policy SET mx = 'mx 1' WHERE domain = 'a.example'")
    process.wait_for(lambda: data(server)["hosted"]["wrong"] == 3, "the wrong rows")
    shown = page(server, "?domain=a.example")
    assert "[row-wrong]" in shown.text and "its last valid policy is still served" in shown.text
    shown = page(server, "?domain=new.example")
    assert "its row in the database is wrong: mx: there is no mx pattern" in shown.text


def test_failures_of_a_hosted_domain_under_enforce_are_an_error_everywhere(hosted):
    server, hosting = hosted
    server.log.expected.append(r"a\.example: mode enforce is set, .*\[enforce-failures\]$")
    fail(server)
    hosting.sql("UPDATE mta_sts_policy_past SET ended = ended - 86400 * 20")
    shown = process.wait_for(lambda: (found := page(server, "?since=all")) and
                             "Mail is being refused." in found.text and found, "the verdict")
    assert "Mail is being refused." in shown.text and "?domain=a.example&since=all" in shown.links
    assert shown.row("a.example")
    assert [row[0] for row in page(server, "?show=failing&since=all").rows[1:]] == ["a.example"]
    assert "an older policy from its cache" in page(server, "?domain=a.example&since=all").text
    server.graceful()
    process.wait_for(lambda: server.log.matching(r"\[enforce-failures\]$"), "the message")


def test_metrics_count_hosted_domains_and_have_no_series_for_each(hosted):
    server, hosting = hosted
    text_, values = metrics(server)
    assert values["mta_sts_hosting_up"] == 1
    assert values["mta_sts_hosted_domains"] == MANY + 1
    assert values["mta_sts_hosted_rows_wrong"] == 1
    assert values["mta_sts_hosted_domains_held"] == 0
    assert 0 <= values["mta_sts_hosted_sync_age_seconds"] < 60
    assert "d00.example" not in text_
    fail(server)
    assert metrics(server, "?since=all")[1][
        'mta_sts_sessions{domain="a.example",result_type="certificate-expired"}'] == 3
    server.log.expected.append(r"\[hosting-held\]$")
    hosting.sql("DELETE FROM mta_sts_policy")
    process.wait_for(lambda: metrics(server)[1]["mta_sts_hosted_domains_held"] == MANY + 1, "the hold")
    assert "Error: action needed." in page(server).text


def test_without_hosting_nothing_is_shown_of_it(start):
    server = plain(start(LOCATION + BODY.replace("MTASTSHosting on\n", "")))
    assert "osted" not in page(server).text
    assert data(server)["hosted"] is None
    assert "hosted" not in metrics(server)[0]
    check_page(fetch(server, "?show=hosted"), 404)


def test_before_the_first_sync_the_page_says_so(make):
    server = plain(make([r"\[hosting-failed\]$"]).configure(SITE).start())
    shown = page(server)
    assert "Hosted domains cannot be shown: " in shown.text
    process.wait_for(lambda: server.log.matching("hosting-failed"), "the missing tables to be logged")
    assert metrics(server)[1]["mta_sts_hosting_up"] == 0
    assert data(server)["hosted"]["problem"]
