# SPDX-License-Identifier: Apache-2.0
"""Failures on the status page: the same explanations as those of `mta-sts report`, under each type
of policy."""

import collections
import html
import json
import os
import pathlib
import re
import subprocess

import pytest

import report
from policy import MX
from status_page import LOCATION, data, fetch, metrics, page, wait_for_reports

COMMAND = str(pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts")
HOST = "mx1.example.com"
DOMAINS = ["a.example", "b.example"]
HOW = {"sts": "", "tlsa": ", under DANE", "no-policy-found": ", no policy found", "": "",
       "<new>": ', under policy type "<new>"'}
KINDS = [(policy, result) for policy in HOW
         for result in ("certificate-not-trusted", "certificate-expired", "tlsa-invalid")]


def failing(domain, first, **more):
    """A report with the whole table; the number of sessions identifies each failure."""
    return report.make(policies=[{
        "policy": {"policy-domain": domain, **({"policy-type": kind} if kind else {})},
        "summary": {"total-successful-session-count": 0,
                    "total-failure-session-count": first + number},
        "failure-details": [{"result-type": result, "receiving-mx-hostname": HOST,
                             "failed-session-count": first + number}]}
        for number, (kind, result) in enumerate(KINDS)], **{"report-id": domain, **more})


REPORTS = [failing(DOMAINS[0], 100), failing(DOMAINS[1], 200, **{"date-range": {
    "start-datetime": "2026-11-23T00:00:00Z", "end-datetime": "2026-11-21T00:00:00Z"}})]


@pytest.fixture(scope="module")
def server(start_shared):
    started = start_shared(LOCATION + report.conf("".join(
        f"<MTASTSPolicy {domain}>\n{MX}</MTASTSPolicy>\n" for domain in DOMAINS)))
    for sent in REPORTS:
        assert report.post(started, report.packed(sent)).status == 201
    wait_for_reports(started, len(REPORTS))
    return started


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """{sessions: (policy type, failure)} of the command."""
    found = {}
    for sent in REPORTS:
        file = tmp_path_factory.mktemp("report") / "report.json"
        file.write_bytes(sent)
        done = subprocess.run([COMMAND, "report", "--format", "json", file], check=True,
                              capture_output=True, timeout=60)
        for policy in json.loads(done.stdout)["reports"][0]["policies"]:
            for failure in policy["failures"]:
                found[failure["sessions"]] = (policy["type"], failure)
    return found


def of_domain(expected, domain):
    first = 100 * (DOMAINS.index(domain) + 1)
    return {sessions: failure for sessions, failure in expected.items() if first <= sessions < first + 100}


def text_of(markup, separator=""):
    return html.unescape(re.sub("<[^>]*>", separator, markup))


def shown(server, query):
    """{sessions: (result type with MX and policy type, all text)} of the page."""
    body = fetch(server, query).body.decode()
    parts = re.findall(r'<p class="sessions">(\d+)<small>failed sessions?</small></p><div>'
                       r"(<h3>.*?</h3><p[^>]*>(.*?)</p>.*?)</div></li>", body)
    return {int(sessions): (text_of(facts).partition("; domain")[0], text_of(rest, " "))
            for sessions, rest, facts in parts}


@pytest.mark.parametrize("domain", [None, *DOMAINS])
def test_page_and_json_give_the_advice_of_the_command_under_each_type_of_policy(server, expected,
                                                                                domain):
    query = f"?since=all&domain={domain}" if domain else "?since=all"
    failures = of_domain(expected, domain) if domain else expected
    causes = {cause["failed_sessions"]: cause for cause in data(server, query)["reports"]["causes"]}
    parts = shown(server, query)
    assert set(causes) == set(parts) == set(failures)
    for sessions, (kind, failure) in failures.items():
        cause, (heading, rest) = causes[sessions], parts[sessions]
        assert (cause["policy_type"], cause["result_type"], cause["explanation"]) == \
            (kind, failure["result_type"], failure["explanation"])
        assert failure["action"] == f"{cause['action']} Run: {cause['command']}"
        assert heading == f"{failure['result_type']} at {HOST}{HOW[kind]}"
        text = " ".join(rest.split())
        for part in (cause["explanation"], cause["action"], cause["command"]):
            assert part in text
    wrong = {kind for kind, failure in failures.values()
             if failure["result_type"] == "certificate-not-trusted"
             and "TLSA" in failure["action"]}
    assert wrong == {"tlsa"}


def test_each_reason_that_implies_another_cause_is_explained_as_by_the_command(start):
    reasons = ["Connection timed out", "MX_HOSTS_MISMATCH", "deadline exceeded", "of no meaning"]
    sent = report.make(policies=[{
        "policy": {"policy-domain": "a.example", "policy-type": "sts"},
        "summary": {"total-successful-session-count": 0, "total-failure-session-count": 4},
        "failure-details": [{"result-type": "validation-failure", "failed-session-count": 1,
                             "receiving-mx-hostname": HOST, "failure-reason-code": reason}
                            for reason in reasons]}])
    started = start(LOCATION + report.conf(f"<MTASTSPolicy a.example>\n{MX}</MTASTSPolicy>\n"))
    assert report.post(started, report.packed(sent)).status == 201
    wait_for_reports(started, 1)
    (_, rest), = shown(started, "?since=all&domain=a.example").values()
    text = " ".join(rest.split())
    assert text.count("failed or timed out") == 1
    assert text.count("does not match any mx line of your policy") == 1
    assert text.count("What to do:") == 2
    cause, = data(started, "?since=all&domain=a.example")["reports"]["causes"]
    assert cause["explanation"] in text


@pytest.mark.parametrize("query", ["?since=all", "?since=all&domain=a.example"])
def test_no_id_stands_twice_on_a_page(server, query):
    page(server, query)
    ids = collections.Counter(re.findall(r'\sid="([^"]*)"', fetch(server, query).body.decode()))
    assert "causes" in ids and max(ids.values()) == 1


def test_metrics_sum_up_what_failed_under_all_types_of_policy(server):
    text, values = metrics(server, "?since=all")
    samples = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(samples) == len(set(samples))
    for i, domain in enumerate(DOMAINS):
        sums = collections.Counter()
        for number, (_, result) in enumerate(KINDS):
            sums[result] += 100 * (i + 1) + number
        for result, sessions in sums.items():
            assert values[f'mta_sts_unverified_sessions{{domain="{domain}",result_type="{result}"}}'] == \
                sessions


def test_a_range_that_is_reversed_is_shown_in_order(server):
    text = [rest for _, rest in shown(server, "?since=all&domain=b.example").values()]
    assert text and all("2026-11-21 to 2026-11-22" in " ".join(rest.split()) for rest in text)
