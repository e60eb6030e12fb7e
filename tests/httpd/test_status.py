# SPDX-License-Identifier: Apache-2.0
"""The status page without any report: the policy domains, the counters, and access control."""

import json
import re
import subprocess

import pytest

import policy
import process
import report
import status_page
from httpd import MPMS, proxied, site
from policy import HOST, MX
from status_page import LOCATION, check_headers, check_page, data, fetch, metrics, page

MANY = 250
DOMAINS = "".join(f"<MTASTSPolicy d{i:03}.many.example>\nMTASTSMx mx.d{i:03}.example\n"
                  f"MTASTSMode {('none', 'testing', 'enforce')[i % 3]}\n</MTASTSPolicy>\n"
                  for i in range(MANY))
EXPECTED = [r"max-age-|policy-host-no-vhost|report rejected"]


@pytest.fixture(scope="module")
def server(start_shared):
    """A policy over TLS, with the page in the same virtual host."""
    return start_shared(LOCATION + site(HOST, "MTASTSMode enforce\nMTASTSMaxAge 12h\n" + MX
                                        + report.ENDPOINT), expected=EXPECTED)


@pytest.fixture(scope="module")
def many(start_shared):
    return start_shared(LOCATION + DOMAINS + proxied(HOST, MX), modules=["status"])


def test_the_overview_shows_each_policy_domain_in_one_row(server):
    shown = page(server)
    served = policy.text("mx1.example.com", mode="enforce", max_age=43200)
    row = shown.row("example.com")
    assert row[0] == "example.com"
    assert row[1] == "enforce"
    assert re.fullmatch(r"\d+ days", row[4])  # its certificate
    assert row[5:] == ["1 finding", policy.identity(served)]
    assert "[max-age-short]" in shown.text


def test_the_page_of_a_domain_shows_its_policy_records_and_findings(server):
    shown = page(server, "?domain=example.com")
    served = policy.text("mx1.example.com", mode="enforce", max_age=43200)
    assert f'_mta-sts.example.com. IN TXT "v=STSv1; id={policy.identity(served)};"' in shown.text
    assert 'rua=https://mta-sts.example.com/tlsrpt' in shown.text
    assert f"{server.conf_file}:" in shown.text.partition("Defined in")[2]
    assert "Action needed." in shown.text.partition("Delivered securely")[0]
    for text in ("mx1.example.com", "12 hours", "_smtp._tls.example.com. IN TXT", "[max-age-short]",
                 "(served to senders)", str(server.certificate)):
        assert text in shown.text, text
    assert "?" in shown.links  # back to all


@pytest.mark.parametrize("query", ["", "?domain=example.com", "?since=7d", "?q=nothing", "?show=all",
                                   "?show=no-certificate"])
def test_every_view_follows_the_rules_of_the_page(server, query):
    page(server, query)


def test_json_contains_the_same_as_the_page(server):
    found = data(server)
    one, = found["domains"]["list"]
    assert (one["domain"], one["mode"], one["max_age_seconds"], one["mx"], one["is_served"]) == \
        ("example.com", "enforce", 43200, ["mx1.example.com"], True)
    assert f"{one['certificate']['days_remaining']} days" == page(server).row("example.com")[4]
    assert [finding["id"] for finding in one["findings"]] == ["max-age-short"]
    assert found["startup"]["counts"]["warning"] >= 1
    assert data(server, "?domain=example.com")["domain"]["policy_id"] == one["policy_id"]


def test_requests_are_counted_by_outcome_over_graceful_restarts(server):
    def counted():
        _, values = metrics(server)
        return (values['mta_sts_policy_requests_total{outcome="served"}'],
                values['mta_sts_policy_requests_total{outcome="method"}'],
                values['mta_sts_reports_total{outcome="invalid"}'])
    before = counted()
    policy.check(server.fetch(), policy.text("mx1.example.com", mode="enforce", max_age=43200))
    assert server.fetch(method="POST").status == 405
    assert report.post(server, b"hello").status == 415
    assert counted() == tuple(value + 1 for value in before)
    server.graceful()
    assert counted() == tuple(value + 1 for value in before)
    assert data(server)["counters"]["report-invalid"] == before[2] + 1


def test_a_head_request_gets_the_same_headers(server):
    got, head = fetch(server), fetch(server, method="HEAD")
    assert head.status == 200
    check_headers(head)
    assert head.body == b"" and got.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_not_allowed(server, method):
    answer = fetch(server, method=method)
    assert answer.status == 405
    assert set(answer.header("Allow").split(",")) >= {"GET", "HEAD"}
    assert "POST" not in answer.header("Allow")


BAD = {
    "?since=1d": "use 7d, 30d, 90d, 400d or all", "?since=7d&since=7d": "is given twice",
    "?page=0": "from 1 to", "?page=x": "from 1 to", "?format=xml": "use html, json or prometheus",
    "?domain=a/b": "The domain", "?debug=1": "is not a parameter of this page",
    "?q=%00": "%00", "?q=%zz": "percent sign", "?domain=<script>alert(1)</script>": "The domain",
    "?q=" + "a" * 300: "longer than any domain", "?<b>=1": "is not a parameter of this page", "?show=x": "use all, failing, no-certificate, hosted or wrong",
}


@pytest.mark.parametrize("query", BAD, ids=lambda query: query[:20])
def test_a_bad_query_is_a_page_with_the_reason_and_a_link_back(server, query):
    shown = check_page(fetch(server, query), 400)
    assert BAD[query] in shown.text and "Bad request" in shown.text
    assert shown.links[0] == "#content" and shown.links[1].startswith("?")
    assert len(shown.links) == 2 and "Back to the overview" in shown.text


def test_an_error_has_the_format_of_the_query(server):
    answer = fetch(server, "?page=0&format=json")
    assert answer.status == 400
    check_headers(answer, "application/json")
    assert re.search("^The page .* from 1 to", json.loads(answer.body)["error"])
    answer = fetch(server, "?page=0&format=prometheus")
    assert answer.status == 400
    check_headers(answer, "text/plain; version=0.0.4; charset=utf-8")
    assert answer.body.startswith(b"# The page ") and answer.body.endswith(b".\n")


def test_an_unknown_domain_is_not_found_unless_reports_are_unknown_too(server):
    answer = fetch(server, "?domain=unknown.example")
    assert answer.status in (200, 404)
    if answer.status == 200:
        assert "has no policy for this domain" in check_page(answer).text


def test_the_page_is_nowhere_else(server):
    assert server.fetch(path="/status2").status == 404
    assert server.fetch(path="/").status in (403, 404)


# --- who may see it ---

GUARDS = {
    "denied": ("Require all denied\n", 403),
    "password": ('AuthType Basic\nAuthName "x"\nAuthBasicProvider file\n'
                 'AuthUserFile "@ROOT@/users"\nRequire valid-user\n', 401),
    "elsewhere": ("Require ip 192.0.2.1\n", 403),
    "expression": ('Require expr "false"\n', 403),
}


@pytest.fixture(scope="module")
def guarded(make_shared):
    locations = "".join(f"<Location /{name}>\nSetHandler mta-sts-status\n{require}</Location>\n"
                        for name, (require, _) in GUARDS.items())
    server = make_shared([r"AH01630: client denied by server configuration"])
    server.write("users", "admin:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n")  # password
    return server.configure(locations + proxied(HOST, MX), modules=[
        "authn_core", "authn_file", "auth_basic", "authz_user", "authz_host"]).start()


@pytest.mark.parametrize("query", ["", "?format=json", "?format=prometheus", "?domain=example.com",
                                   "?page=0"])
@pytest.mark.parametrize("name", GUARDS)
def test_require_directives_of_the_admin_apply(guarded, name, query):
    answer = guarded.fetch(path=f"/{name}{query}")
    assert answer.status == GUARDS[name][1]
    assert b"mx1" not in answer.body and b"mta_sts_" not in answer.body


def test_the_password_gives_access(guarded):
    answer = guarded.fetch(path="/password", headers=["Authorization: Basic YWRtaW46cGFzc3dvcmQ="])
    check_page(answer)


# --- many domains ---

def test_many_domains_are_shown_on_pages(many):
    first, last = page(many, "?show=all"), page(many, "?show=all&page=6")
    names = [f"d{i:03}.many.example" for i in range(MANY)] + ["example.com"]
    assert all(first.row(name) for name in names[:50])
    assert not set(first.names()) & set(names[50:])
    assert last.row("example.com") and not set(last.names()) & set(names[:250])
    assert "Page 1 of 6" in first.text and "?show=all&page=6#domains" in first.links
    assert "Page 6 of 6" in last.text and "?show=all&page=5#domains" in last.links
    assert "251 of 251 policy domains" in first.text
    assert data(many, "?page=6")["domains"]["list"][0]["domain"] == "example.com"


def test_the_overview_shows_ten_domains_and_a_link_to_all(many):
    shown = page(many)
    assert [name for name in shown.names() if name.endswith(".example")] == \
        [f"d{i:03}.many.example" for i in range(10)]
    assert "Show all 251 domains" in shown.text and "?show=all#domains" in shown.links
    assert {"?show=failing", "?show=no-certificate"} <= set(shown.links)


def test_a_page_after_the_last_does_not_exist(many):
    shown = check_page(fetch(many, "?page=99"), 404)
    assert "Page 99 does not exist: the last page of the list is 6." in shown.text
    assert "Not found" in shown.text and shown.links == ["#content", "?"]
    answer = fetch(many, "?page=7&format=json")
    assert answer.status == 404 and "Page 7" in json.loads(answer.body)["error"]


def test_domains_are_found_by_a_part_of_their_name(many):
    shown = page(many, "?q=D20")
    assert "10 of 251 policy domains with \u201cd20\u201d in their name" in shown.text
    assert shown.row("d207.many.example")
    found = data(many, "?q=d20&since=7d")["domains"]
    assert (found["matching"], found["pages"], len(found["list"])) == (10, 1, 10)
    assert data(many, "?q=%3Cb%3E")["domains"]["matching"] == 0
    assert "\u201c<b>\u201d" in page(many, "?q=%3Cb%3E").text


def test_modes_are_counted(many):
    _, values = metrics(many)
    assert [values[f'mta_sts_policy_domains{{mode="{mode}"}}']
            for mode in ("none", "testing", "enforce")] == [84, 84, 83]
    assert "83 enforce, 84 testing, 84 none" in page(many).text


def test_a_wildcard_alias_has_a_row_and_a_page(start):
    server = start(LOCATION + proxied("www.example.com", MX, "mta-sts.*"))
    assert page(server).row("policy hosts that match mta-sts.*")
    assert "for each of their policy domains" in page(server, "?domain=mta-sts.*").text


def test_a_policy_over_http_only_is_marked(start):
    server = start(LOCATION + f"<VirtualHost 127.0.0.1:@HTTP@>\nServerName {HOST}\n{MX}"
                   "</VirtualHost>\n")
    assert "http only" in page(server).row("example.com")[1]
    assert data(server)["domains"]["list"][0]["is_served"] is False
    assert data(server)["verdict"] == data(server, "?domain=example.com")["verdict"] == "warning"


def test_a_server_without_policies_has_a_page(start):
    shown = page(start(LOCATION))
    assert "No policy is configured yet." in shown.text


def test_without_reports_the_verdict_is_not_that_all_is_well(start):
    started = start(LOCATION + site(HOST, "MTASTSMode enforce\n" + MX + report.ENDPOINT))
    process.wait_for(lambda: "No reports received yet." in page(started).text,
                     "the index of the reports", 60)
    shown = page(started)
    assert "No problems found." in shown.text
    assert "All is well" not in shown.text
    assert "Delivered securelyno sessionsin the last 30 days" in shown.text
    assert shown.row("example.com")[2] == "no sessions"


# --- mod_status ---

def test_mod_status_has_a_section(make):
    server = make().configure(
        "<Location /server-status>\nSetHandler server-status\nRequire all granted\n</Location>\n"
        + report.conf(), modules=["status"]).start()
    policy.check(server.fetch())
    text = server.fetch(path="/server-status").body.decode()
    assert "<h2>MTA-STS policies and TLS reports</h2>" in text
    assert re.search(r"<tr><td>Policies served \(200\)</td><td>1</td></tr>", text)
    lines = server.fetch(path="/server-status?auto").body.decode().splitlines()
    assert "MTASTSPolicyServed: 1" in lines
    assert all(re.fullmatch(r"MTASTS[A-Za-z]+: \d+", line)
               for line in lines if line.startswith("MTASTS"))
    assert sum(line.startswith("MTASTS") for line in lines) == 21


@pytest.mark.parametrize("mpm", MPMS)
def test_the_page_works_under_any_mpm_and_over_restarts(make_with, mpm):
    server = make_with(mpm=mpm).configure(LOCATION + proxied(HOST, MX)).start()
    for again in (server.graceful, server.restart, server.graceful):
        page(server)
        again()
        page(server)


def test_promtool_finds_no_problem(many):
    text, _ = metrics(many)
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                             capture_output=True, timeout=60)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    assert text.count("\n") < 1000
