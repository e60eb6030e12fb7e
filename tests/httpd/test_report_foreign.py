# SPDX-License-Identifier: Apache-2.0
"""Reports about other people's domains: one rule for every way in, and no metric that strangers raise."""

import json

import pytest

import process
import report
from httpd import proxied
from policy import HOST, MX
from status_page import LOCATION, data, metrics, page, wait_for_reports
from test_report_days import make, run

CONF = LOCATION + "MTASTSReportDomain example.org\n" + proxied(HOST, MX + report.ENDPOINT)


def about(*domains):
    """A report with 1001 failed sessions about each domain."""
    content = json.loads(make(1))
    content["report-id"] = "-".join(domains)
    content["policies"] = [
        {"policy": {"policy-type": "tlsa", "policy-domain": domain},
         "summary": {"total-successful-session-count": 0, "total-failure-session-count": 1001},
         "failure-details": [{"result-type": "tlsa-invalid", "failed-session-count": 1001}]}
        for domain in domains]
    return json.dumps(content).encode()


@pytest.mark.parametrize("domains, area", [
    (["example.com"], "reports"), (["mx1.example.com"], "reports"), (["example.org"], "reports"),
    (["stranger.example"], "quarantine"), (["mx2.example.com.stranger.example"], "quarantine"),
    (["stranger.example", "example.com"], "reports")], ids=str)
def test_every_way_in_has_the_same_rule(start, domains, area):
    server = start(CONF)
    by_https, by_mail = about(*domains), about(*domains).replace(b"Sender", b"Other")
    report.post(server, report.packed(by_https))
    report.import_verified(server, by_mail)
    spool = report.Spool(server)
    for content in by_https, by_mail:
        assert spool.has(content, report.packed(content), area)
    assert len(spool.files("reports")) + len(spool.files("quarantine")) == 2


def test_strangers_raise_no_metric_and_mx_hosts_have_their_own(start):
    server = start(CONF)
    report.import_verified(server, about("stranger.example", "example.com", "mx1.example.com"))
    wait_for_reports(server, 1)
    text, values = metrics(server)
    assert 'domain="other"' not in text and "stranger" not in text
    for domain in "example.com", "mx1.example.com":
        assert values[f'mta_sts_sessions{{domain="{domain}",result_type="tlsa-invalid"}}'] == 1001


def test_a_report_about_a_foreign_domain_is_said_to_be_quarantined(start):
    server = start(CONF)
    path = server.root / "state" / "foreign.json"
    path.write_bytes(about("stranger.example"))
    path.chmod(0o644)
    shown = run(server, "import", str(path), both=True)
    assert "quarantined: it is not about a local domain" in shown


def test_what_is_in_the_quarantine_is_said_on_the_overview_and_on_the_page_of_each_domain(start):
    server = start(CONF)
    queries = "", "?domain=example.com"
    assert all("The quarantine has" not in page(server, query).text for query in queries)
    assert report.post(server, report.packed(about("stranger.example"))).status == 202
    process.wait_for(lambda: data(server)["quarantine"]["files"] == 1, "the file to be counted")
    for query in queries:
        assert "The quarantine has 1 file with reports that cannot be read to their end or are about " \
            "other domains" in page(server, query).text
