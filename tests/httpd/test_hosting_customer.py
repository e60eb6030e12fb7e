# SPDX-License-Identifier: Apache-2.0
"""The status page of one customer: mta-sts-domain-status, with nothing of others or of the machine."""

import base64
import json
import pathlib
import re
import socket
import sys
import tempfile

import pytest

import client
import process
import report
from hosting import BODY, begin_hosting, served
from httpd import TOP
from policy import identity, text
from status_page import Page, check_headers, check_page, data, wait_for_reports

sys.path.insert(0, str(TOP / "tests"))

import manual  # noqa: E402

pytestmark = pytest.mark.slow

MODULES = ["auth_basic", "authn_core", "authn_file", "authz_user"]
OVERVIEW = "<Location /status>\nSetHandler mta-sts-status\nRequire all granted\n</Location>\n"
CUSTOMERS = manual.block("doc/hosting.md", "customers").text
ME, OTHER = "customer.example", "secret.example"
MX = "mx1.customer.example"
SITE = OVERVIEW + "MTASTSReportPath /tlsrpt\n" + BODY


def about(domain, number, successful, name="Sender"):
    return report.make(number, **{"organization-name": name, "report-id": f"id-{OTHER}-{number}"},
                       policies=[{
        "policy": {"policy-type": "sts", "policy-domain": one,
                   "policy-string": text("mx9." + one).decode().split("\r\n")[:-1]},
        "summary": {"total-successful-session-count": successful,
                    "total-failure-session-count": 3},
        "failure-details": [{"result-type": "certificate-expired", "failed-session-count": 3,
                             "receiving-mx-hostname": "mx1." + one}]} for one in domain])


SHARED, SECRET, SHARED_POST = about([ME, OTHER], 1, 5), about([OTHER], 2, 7777, "Secret sender"), \
    about([ME, OTHER], 3, 4, "Stranger")
OWN = about([ME], 4, 6, "Stranger").replace(b"id-" + OTHER.encode(), b"id-own")
NO_DOMAIN = json.dumps({**json.loads(about([ME], 5, 1, "Stranger")), "policies": [
    *json.loads(OWN)["policies"], {"policy": {"policy-type": "no-policy-found"}, "summary": {
        "total-successful-session-count": 1, "total-failure-session-count": 0}}]}).encode()


@pytest.fixture(scope="module")
def users():
    """The file of passwords, which httpd's children can read."""
    with tempfile.NamedTemporaryFile(prefix="mta-sts-users-") as file:
        path = pathlib.Path(file.name)
        path.chmod(0o644)
        yield path


@pytest.fixture(scope="module")
def server(make_shared, users):
    """Two customers with reports, in one of which both are; one wrong row each."""
    users.write_text("".join(f"{name}:{{SHA}}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n" for name in (ME, OTHER)))
    body = SITE + CUSTOMERS.replace("/etc/apache2/customers.htpasswd", str(users))
    server, hosting = begin_hosting(make_shared, body, [r"\[row-wrong\]$"], modules=MODULES)
    server.log.possible += ["AH01617", "AH01629"]  # as asked for
    server.fetch = server.fetch_plainly
    hosting.call("set", "--mx", "mx0." + ME, ME)
    served(server, ME, text("mx0." + ME))
    hosting.call("set", "--mx", MX, "--mode", "enforce", ME)
    hosting.call("set", "--mx", "mx1." + OTHER, OTHER)
    hosting.sql("INSERT INTO mta_sts_policy (domain) VALUES ('wrong.example'), ('wrong.secret.example')")
    served(server, OTHER, text("mx1." + OTHER))
    report.import_verified(server, SHARED)
    report.import_verified(server, SECRET)
    for content in SHARED_POST, OWN, NO_DOMAIN:
        report.post(server, report.packed(content), path="/tlsrpt")
    quarantined = report.post(server, report.packed(about(["foreign.example"], 6, 1)), path="/tlsrpt")
    assert quarantined.status == 202
    wait_for_reports(server, 5)
    server.hosting = hosting
    return server


@pytest.fixture
def hosting(server):
    return server.hosting


def fetch(server, path, user=ME, password="password", **more):
    word = base64.b64encode(f"{user}:{password}".encode()).decode()
    sent = (f"GET {path} HTTP/1.1\r\nHost: hosting.example\r\nConnection: close\r\n"
            f"Authorization: Basic {word}\r\n\r\n")
    return client.only(server.talk(sent.encode(), host="hosting.example", **more))


def leaks(server, content):
    """What must not be in what a customer gets."""
    secrets = [OTHER, "Secret", "7777", "wrong", str(server.root), "/tmp", "/var", "/etc",
               socket.gethostname(), "hosting.example", "hosted.db", "reports.db", "example.com",
               "quarantine", "spool"]
    return [secret for secret in secrets if secret.lower() in content.lower()]


QUERIES = ["", "?since=all", "?since=7d", "?since=all&format=json", "?since=all&format=prometheus",
           "?domain=" + OTHER, "?q=secret", "?show=all", "?show=hosted&format=json", "?page=2", "?x=1",
           "?format=json&domain=" + ME, "?format=prometheus&show=wrong"]


@pytest.mark.parametrize("query", QUERIES)
def test_nothing_leaks_whatever_is_asked(server, query):
    answer = fetch(server, "/mta-sts-status/" + ME + query)
    allowed = set(re.findall(r"(\w+)=", query)) <= {"since", "format"} and "x=" not in query
    assert answer.status == (200 if allowed else 400)
    content = answer.body.decode()
    if not allowed:  # a parameter that is not known is quoted, which the client wrote itself
        assert len(content) < 20000
    assert leaks(server, content) == []
    assert "overview" not in content.lower()


def test_a_customer_sees_policy_records_and_sessions(server):
    answer = fetch(server, f"/mta-sts-status/{ME}?since=all")
    shown = check_page(answer)
    now = identity(text(MX, mode="enforce"))
    for part in (f'_mta-sts.{ME}. IN TXT "v=STSv1; id={now};"', MX, "enforce", "Action needed.",
                 identity(text("mx0." + ME)) + " last served on", "3 sessions"):
        assert part in shown.text, part
    assert {link.partition("=")[0] for link in shown.links if link.startswith("?") and link != "?"} \
        <= {"?since", "?format", "?report"}
    answer = fetch(server, f"/mta-sts-status/{ME}?since=all&format=prometheus")
    check_headers(answer, "text/plain; version=0.0.4; charset=utf-8")
    assert f'mta_sts_sessions{{domain="{ME}",result_type="success"}} 5\n' in answer.body.decode()
    answer = fetch(server, f"/mta-sts-status/{ME}?since=all&format=json")
    assert f'"policy_id": "{now}"' in answer.body.decode()
    assert json.loads(answer.body)["domain"]["readiness"] is None  # whose advice is for the admin
    assert "mta-sts ready" not in shown.text


def test_only_reports_that_are_about_this_domain_alone_are_linked(server):
    """Not those that have a part about another domain, or one about none."""
    page = f"/mta-sts-status/{ME}?since=all"
    links = ["?report=" + report.digest(OWN)]
    assert [link for link in check_page(fetch(server, page)).links if "report" in link] == links
    latest = json.loads(fetch(server, page + "&format=json").body)["reports"]["latest"]
    assert len(latest) == 4 and [one["report"] for one in latest if one["report"]] == links
    assert {one["machine"] for one in latest} == {None}
    for content in SHARED, SECRET, SHARED_POST, NO_DOMAIN:
        assert report.digest(content) not in fetch(server, page).body.decode()
    assert fetch(server, f"/mta-sts-status/{ME}" + links[0]).body == OWN
    assert leaks(server, OWN.decode()) == []


REFUSED = {"about both": SHARED, "about the other": SECRET, "about both, posted": SHARED_POST,
           "with a part about no domain": NO_DOMAIN, "that does not exist": b""}


@pytest.mark.parametrize("name", REFUSED)
def test_all_other_reports_are_refused_in_the_same_way(server, name):
    query = "?report=" + report.digest(REFUSED[name])
    answer = fetch(server, f"/mta-sts-status/{ME}{query}")
    assert "There is no such report about this domain only." in check_page(answer, 404).text
    assert leaks(server, answer.body.decode()) == [] and answer.header("Content-Disposition") is None
    if REFUSED[name]:  # the admin may
        assert server.fetch_plainly("hosting.example", path="/status" + query).body == REFUSED[name]


def test_a_customer_does_not_get_own_reports_by_the_page_of_another(server):
    query = "?report=" + report.digest(OWN)
    assert fetch(server, f"/mta-sts-status/{OTHER}{query}").status in (401, 403)
    assert fetch(server, f"/mta-sts-status/{OTHER}{query}", user=OTHER).status == 404
    assert fetch(server, f"/mta-sts-status/{ME}{query}&domain={ME}").status == 400


def test_a_file_that_cannot_be_read_is_not_named_to_a_customer(server):
    path = report.Spool(server).files()[report.digest(OWN)]
    kept = path.read_bytes()
    path.write_bytes(kept[:-20])
    try:
        answer = fetch(server, f"/mta-sts-status/{ME}?report={path.name}")
        assert "This report cannot be read now." in check_page(answer, 404).text
        assert leaks(server, answer.body.decode()) == []
    finally:
        path.write_bytes(kept)


@pytest.mark.parametrize("path", [
    "/mta-sts-status/" + OTHER, "/mta-sts-status/" + OTHER.upper(), "/mta-sts-status/secret%2Eexample",
    f"/mta-sts-status/{ME}/../{OTHER}", f"/mta-sts-status//{OTHER}", f"/mta-sts-status/{OTHER}?{ME}",
    f"/mta-sts-status/{ME}/{OTHER}", f"/mta-sts-status/{ME}%2F..%2F{OTHER}",
    f"/mta-sts-status/{OTHER}%00{ME}", f"/mta-sts-status/{OTHER};/{ME}",
    f"/mta-sts-status/{OTHER}/{ME}", f"/mta-sts-status/{ME}.", f"/mta-sts-status/{ME}/",
    "/mta-sts-status/", "/mta-sts-status", f"/mta-sts-status/{ME.upper()}",
])
def test_no_other_path_shows_anything(server, path):
    answer = fetch(server, path)
    assert answer.status in (400, 401, 403, 404), answer
    assert "7777" not in answer.body.decode() and "Sessions" not in answer.body.decode()


def test_a_wrong_password_is_refused_and_the_admin_still_sees_all(server):
    assert fetch(server, "/mta-sts-status/" + ME, password="wrong").status == 401
    assert data(server)["hosted"]["served"] == 2


def test_every_domain_has_one_path_only(make):
    """Behind no authorization at all: names in other forms are not found."""
    body = OVERVIEW.replace("mta-sts-status", "mta-sts-domain-status").replace("/status", "/s") + BODY
    server, hosting = begin_hosting(make, body)
    hosting.call("set", "--mx", MX, "bücher.example")
    served(server, "xn--bcher-kva.example", text(MX))
    statuses = {path: server.fetch_plainly("hosting.example", path="/s/" + path).status for path in (
        "xn--bcher-kva.example", "XN--bcher-kva.example", "xn--bcher-kva.example.", "b%C3%BCcher.example",
        "mta-sts.xn--bcher-kva.example", "unknown.example", "", "x/..", "a%20b", "*", "example")}
    assert [path for path, status in statuses.items() if status == 200] == ["xn--bcher-kva.example"]
    assert set(statuses.values()) == {200, 404}
    assert Page(server.fetch_plainly("hosting.example", path="/s/").body.decode())


def test_a_missing_index_is_not_explained_to_a_customer(make):
    body = "MTASTSDatabase sqlite3 /nonexistent/reports.db\n" + \
        OVERVIEW.replace("mta-sts-status", "mta-sts-domain-status") + BODY
    server = make([r"nonexistent"]).configure(body).start()
    answer = server.fetch_plainly("hosting.example", path="/status/example.com")
    assert answer.status == 200
    assert "the index of reports cannot be read now" in answer.body.decode()
    assert "nonexistent" not in answer.body.decode()
    process.wait_for(lambda: server.log.matching("nonexistent"), "the message")


def test_a_wrong_alias_is_shown_without_the_domain_that_it_names(server, hosting):
    """The panel's mistake may be another customer's name."""
    hosting.sql("UPDATE mta_sts_policy SET alias_of = 'gone.secret.example', mode = NULL, mx = NULL,"
                f" max_age = NULL WHERE domain = '{ME}'")
    page = f"/mta-sts-status/{ME}?since=all"
    process.wait_for(lambda: b"alias_of" in fetch(server, page).body, "the page to show the wrong row")
    for form in ("", "&format=json", "&format=prometheus"):
        assert "gone" not in fetch(server, page + form).body.decode()
