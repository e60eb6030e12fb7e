# SPDX-License-Identifier: Apache-2.0
"""The status page without any report: the policy domains, the counters, and who may see it."""

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
EXPECTED = [r"max-age-|policy-host-uncarried|report refused"]


@pytest.fixture(scope="module")
def server(start_shared):
    """A policy over TLS, with the page in the same virtual host."""
    return start_shared(LOCATION + site(HOST, "MTASTSMode enforce\nMTASTSMaxAge 12h\n" + MX
                                        + report.ENDPOINT), expected=EXPECTED)


@pytest.fixture(scope="module")
def many(start_shared):
    return start_shared(LOCATION + DOMAINS + proxied(HOST, MX), modules=["status"])


def test_the_overview_shows_all_that_is_known_of_a_policy_domain(server):
    shown = page(server)
    served = policy.text("mx1.example.com", mode="enforce", max_age=43200)
    row = shown.row("example.com")
    place = f"{server.conf_file}:"
    assert row[1].startswith("enforce")
    assert int(row[3]) > 0  # days of its certificate
    assert row[4] == "1 finding"
    assert row[5] == policy.identity(served)
    assert row[6].startswith(place)
    assert f'_mta-sts.example.com. IN TXT "v=STSv1; id={policy.identity(served)};"' in row[0]
    assert 'rua=https://mta-sts.example.com/tlsrpt' in row[0]
    assert "[max-age-short]" in shown.text


def test_the_page_of_a_domain_shows_its_policy_records_and_findings(server):
    shown = page(server, "?domain=example.com")
    for text in ("mx1.example.com", "12 hours", "_smtp._tls.example.com. IN TXT", "[max-age-short]",
                 "(what senders get)", str(server.certificate)):
        assert text in shown.text, text
    assert "?" in shown.links  # back to all


@pytest.mark.parametrize("query", ["", "?domain=example.com", "?since=7d", "?q=nothing", "?page=9"])
def test_every_view_keeps_the_rules_of_the_page(server, query):
    page(server, query)


def test_json_says_the_same_as_the_page(server):
    found = data(server)
    one, = found["domains"]["list"]
    assert (one["domain"], one["mode"], one["max_age"], one["mx"], one["served"]) == \
        ("example.com", "enforce", 43200, ["mx1.example.com"], True)
    assert one["certificate"]["days"] == int(page(server).row("example.com")[3])
    assert [finding["id"] for finding in one["findings"]] == ["max-age-short"]
    assert found["noticed"]["counts"]["warning"] >= 1
    assert data(server, "?domain=example.com")["domain"]["id"] == one["id"]


def test_requests_are_counted_by_outcome_over_graceful_restarts(server):
    def counted():
        _, values = metrics(server)
        return (values['mta_sts_policy_requests_total{outcome="served"}'],
                values['mta_sts_policy_requests_total{outcome="method"}'],
                values['mta_sts_reports_total{outcome="foreign"}'])
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
    "?since=1d": "There is no range", "?since=7d&since=7d": "is there twice",
    "?page=0": "from 1 to", "?page=x": "from 1 to", "?format=xml": "There is no format",
    "?domain=a/b": "The domain", "?debug=1": "There is no parameter",
    "?q=%00": "%00", "?q=%zz": "percent sign", "?domain=<script>alert(1)</script>": "The domain",
    "?q=" + "a" * 300: "longer than any domain", "?<b>=1": "There is no parameter",
}


@pytest.mark.parametrize("query", BAD, ids=lambda query: query[:20])
def test_a_bad_query_is_answered_with_a_sentence(server, query):
    answer = fetch(server, query)
    assert answer.status == 400
    check_headers(answer, "text/plain; charset=utf-8")
    assert BAD[query] in answer.body.decode()
    assert answer.body.endswith(b".\n")


def test_an_unknown_domain_is_not_found_unless_reports_are_unknown_too(server):
    answer = fetch(server, "?domain=unknown.example")
    assert answer.status in (200, 404)
    if answer.status == 200:
        assert "serves no policy for it" in check_page(answer).text


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
def test_what_the_admin_requires_is_required(guarded, name, query):
    answer = guarded.fetch(path=f"/{name}{query}")
    assert answer.status == GUARDS[name][1]
    assert b"mx1" not in answer.body and b"mta_sts_" not in answer.body


def test_who_has_the_password_sees_it(guarded):
    answer = guarded.fetch(path="/password", headers=["Authorization: Basic YWRtaW46cGFzc3dvcmQ="])
    check_page(answer)


# --- many domains ---

def test_many_domains_are_shown_on_pages(many):
    first, last = page(many), page(many, "?page=6")
    names = [f"d{i:03}.many.example" for i in range(MANY)] + ["example.com"]
    assert all(first.row(name) for name in names[:50])
    assert not set(first.names()) & set(names[50:])
    assert last.row("example.com") and not set(last.names()) & set(names[:250])
    assert "Page 1 of 6" in first.text and "?page=6#domains" in first.links
    assert "Page 6 of 6" in last.text and "?page=5#domains" in last.links
    assert "251" in first.text


def test_a_page_beyond_the_last_says_so(many):
    shown = page(many, "?page=77")
    assert "There is none to be shown here" in shown.text and "?page=6#domains" in shown.links
    assert data(many, "?page=77")["domains"]["list"] == []


def test_domains_are_found_by_a_part_of_their_name(many):
    shown = page(many, "?q=D20")
    assert "10 of 251" in shown.text and shown.row("d207.many.example")
    found = data(many, "?q=d20&since=7d")["domains"]
    assert (found["found"], found["pages"], len(found["list"])) == (10, 1, 10)
    assert data(many, "?q=%3Cb%3E")["domains"]["found"] == 0
    assert "\u201c<b>\u201d" in page(many, "?q=%3Cb%3E").text


def test_modes_are_counted(many):
    _, values = metrics(many)
    assert [values[f'mta_sts_policy_domains{{mode="{mode}"}}']
            for mode in ("none", "testing", "enforce")] == [84, 84, 83]
    assert "83 enforce, 84 testing, 84 none" in page(many).text


def test_a_wildcard_alias_has_a_row_and_a_page(start):
    server = start(LOCATION + proxied("www.example.com", MX, "mta-sts.*"))
    assert page(server).row("hosts like mta-sts.*")
    assert "for each of their policy domains" in page(server, "?domain=mta-sts.*").text


def test_a_policy_over_http_only_is_marked(start):
    server = start(LOCATION + f"<VirtualHost 127.0.0.1:@HTTP@>\nServerName {HOST}\n{MX}"
                   "</VirtualHost>\n")
    assert "http only" in page(server).row("example.com")[1]
    assert data(server)["domains"]["list"][0]["served"] is False


def test_a_server_without_policies_has_a_page(start):
    shown = page(start(LOCATION))
    assert "No policy is served here yet" in shown.text


def test_where_no_report_came_nobody_is_told_that_all_is_well(start):
    started = start(LOCATION + site(HOST, "MTASTSMode enforce\n" + MX + report.ENDPOINT))
    process.wait_for(lambda: "No report came in the last 30 days" in page(started).text,
                     "the index of the reports", 60)
    shown = page(started)
    assert "No trouble is known." in shown.text
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
    assert re.search(r"<tr><td>Requests for a policy, served</td><td>1</td></tr>", text)
    lines = server.fetch(path="/server-status?auto").body.decode().splitlines()
    assert "MTASTSPolicyServed: 1" in lines
    assert all(re.fullmatch(r"MTASTS[A-Za-z]+: \d+", line)
               for line in lines if line.startswith("MTASTS"))
    assert sum(line.startswith("MTASTS") for line in lines) == 18


@pytest.mark.parametrize("mpm", MPMS)
def test_the_page_works_under_any_mpm_and_over_restarts(make_with, mpm):
    server = make_with(mpm=mpm).configure(LOCATION + proxied(HOST, MX)).start()
    for again in (server.graceful, server.restart, server.graceful):
        page(server)
        again()
        page(server)


def test_promtool_finds_nothing_to_complain_of(many):
    text, _ = metrics(many)
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                             capture_output=True, timeout=60)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    assert text.count("\n") < 1000
