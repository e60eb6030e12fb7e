# SPDX-License-Identifier: Apache-2.0
"""The status page links to the reports themselves: each as it was received, and nothing else."""

import datetime
import json
import os

import pytest

import process
import report
from httpd import proxied
from policy import HOST, MX
from status_page import LOCATION, check_headers, check_page, data, fetch, page, wait_for_reports

pytestmark = pytest.mark.slow

DAY = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=2)
RANGE = {"start-datetime": f"{DAY}T00:00:00Z", "end-datetime": f"{DAY}T23:59:59Z"}
CONF = LOCATION + "MTASTSReportDomain example.org\n" + proxied(HOST, MX + report.ENDPOINT)


def small(number, **more):
    return report.make(number, **{"date-range": RANGE, **more})


VERIFIED, POSTED, PLAIN = small(1), small(2), small(3)
HOSTILE = small(4, **{"organization-name": "<script>alert(1)</script>", "contact-info": "x" * 8000})
FOREIGN = report.make(5, "stranger.example", **{"date-range": RANGE})
LARGE = small(6, **{"filler": ["y" * 8000] * 200})  # a hundredth of that once it is compressed
REPORTS = {"verified": VERIFIED, "posted as gzip": POSTED, "posted as it is": PLAIN, "hostile": HOSTILE,
           "large": LARGE}


@pytest.fixture(scope="module")
def server(start_shared):
    server = start_shared(CONF)
    report.import_verified(server, VERIFIED)
    report.post(server, report.packed(POSTED))
    report.post(server, PLAIN, report.JSON)
    report.post(server, report.packed(HOSTILE))
    report.post(server, report.packed(LARGE))
    report.post(server, report.packed(FOREIGN))
    wait_for_reports(server, len(REPORTS))
    return server


def get(server, digest, **more):
    return fetch(server, "?report=" + digest, **more)


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_answered_as_it_was_received_as_a_file_to_save(server, name):
    digest = report.digest(REPORTS[name])
    for method in "GET", "HEAD":
        answer = get(server, digest, method=method)
        assert answer.status == 200
        check_headers(answer, "application/json")
        assert answer.header("Content-Disposition") == f'attachment; filename="report-{digest[:12]}.json"'
        assert answer.header("Content-Length") == str(len(REPORTS[name]))
        assert answer.body == (REPORTS[name] if method == "GET" else b"")


@pytest.mark.parametrize("query", ["", "?domain=example.com"])
def test_page_and_json_link_to_the_same_reports(server, query):
    latest = data(server, query)["reports"]["latest"]
    expected = {"?report=" + report.digest(content) for content in REPORTS.values()}
    assert {one["report"] for one in latest} == expected
    assert {one["machine"] for one in latest} == {None}
    links = [link for link in page(server, query).links if "report=" in link]
    assert links == [one["report"] for one in latest]
    assert {json.loads(fetch(server, one["report"]).body)["organization-name"] for one in latest} \
        == {one["organization"] for one in latest}


DIGEST = report.digest(VERIFIED)


@pytest.mark.parametrize("query, status", [
    ("?report=" + "0" * 64, 404), ("?report=" + report.digest(FOREIGN), 404),
    ("?report=" + DIGEST.upper(), 400), ("?report=" + DIGEST[:-1], 400), (f"?report={DIGEST}0", 400),
    ("?report=", 400), ("?report", 400), ("?report=../" + DIGEST[:61], 400),
    (f"?report={DIGEST[:2]}/{DIGEST}", 400), (f"?report=..%2Fquarantine%2F{DIGEST}", 400),
    (f"?report={DIGEST}%00", 400), (f"?report={DIGEST}%0A", 400), (f"?report={DIGEST}&report={DIGEST}", 400),
    (f"?report={DIGEST}&domain=example.com", 400), (f"?report={DIGEST}&show=all", 400),
    (f"?page=1&report={DIGEST}", 400),
])
def test_nothing_else_is_answered(server, query, status):
    answer = fetch(server, query)
    shown = check_page(answer, status)
    assert answer.header("Content-Disposition") is None
    assert shown.links[-1] == "?"
    assert "sender.example" not in shown.text


@pytest.mark.parametrize("change, sentence", [
    (lambda path: path.unlink(), "cannot be opened"),
    (lambda path: path.write_bytes(path.read_bytes().replace(b"Sender", b"Resend")),
     "its file has changed since it was received"),
    (lambda path: path.write_bytes(b"x"), "does not begin with a valid header line"),
    (lambda path: (path.unlink(), path.symlink_to("/etc/passwd")), "cannot be opened"),
], ids=["gone", "changed", "without a header line", "a symbolic link"])
def test_a_file_that_is_not_the_report_any_more_is_not_sent(start, change, sentence):
    server = start(CONF)
    report.post(server, PLAIN, report.JSON)
    wait_for_reports(server, 1)
    digest = report.digest(PLAIN)
    path = report.Spool(server).files()[digest]
    change(path)
    answer = get(server, digest)
    if answer.status == 404 and b"No such report" in answer.body:  # the index followed at once
        return
    shown = check_page(answer, 404).text
    assert "This report cannot be read: " in shown and sentence in shown


def test_what_is_larger_than_reports_may_be_now_is_not_sent(start):
    server = start(CONF)
    report.post(server, report.packed(LARGE))
    wait_for_reports(server, 1)
    server.configure("MTASTSReportMaxSize 65536 1048576\n" + CONF)
    server.restart()
    wait_for_reports(server, 1)
    assert "larger than MTASTSReportMaxSize allows" in check_page(get(server, report.digest(LARGE)), 404).text


def test_a_damaged_report_has_no_link(start):
    server = start(CONF, expected=[r"\[report-unreadable\]$"])
    report.post(server, PLAIN, report.JSON)
    wait_for_reports(server, 1)
    path = report.Spool(server).files()[report.digest(PLAIN)]
    other = path.parent / (path.name[:63] + ("0" if path.name[63] != "0" else "1"))
    other.write_bytes(path.read_bytes().partition(b"\n")[0] + b"\n{\"policies\": 5")
    os.chown(other, path.stat().st_uid, path.stat().st_gid)
    server.restart()
    process.wait_for(lambda: len(data(server, "?since=all")["reports"]["latest"]) == 2, "the damaged report")
    assert sorted(one["report"] or "" for one in data(server, "?since=all")["reports"]["latest"]) == \
        ["", "?report=" + path.name]
    assert "damaged" in check_page(get(server, other.name), 404).text


def test_a_report_in_the_spool_of_another_machine_is_said_to_be_there(make, postgres):
    conf = f'MTASTSDatabase pgsql "{postgres.conninfo}"\n' + CONF
    servers = [make().configure(conf).start() for _ in range(2)]
    report.post(servers[0], report.packed(POSTED))
    report.post(servers[1], report.packed(PLAIN))
    for server in servers:
        wait_for_reports(server, 2)
    hosts = dict(postgres.run("SELECT r.digest, h.text FROM tlsrpt_report r JOIN tlsrpt_string h ON h.id = r.host"))
    assert len(set(hosts.values())) == 2
    for server, own, other in (servers[0], POSTED, PLAIN), (servers[1], PLAIN, POSTED):
        machine = hosts[report.digest(other)]
        assert {(one["report"], one["machine"]) for one in data(server)["reports"]["latest"]} == \
            {("?report=" + report.digest(own), None), (None, machine)}
        shown = page(server, "?domain=example.com")
        assert "stored on the machine " + machine in shown.text
        assert [link for link in shown.links if "report=" in link] == ["?report=" + report.digest(own)]
        assert get(server, report.digest(own)).body == own
        assert f"is stored on the machine {machine}:" in check_page(get(server, report.digest(other)), 404).text
