# SPDX-License-Identifier: Apache-2.0
"""The status page with reports: sums, texts, hostile reports, and a database that fails."""

import contextlib
import datetime
import json
import os
import pathlib
import re
import subprocess

import pytest

import process
import report
from httpd import CHILD, proxied
from policy import HOST, MX
from postgres import Postgres
from status_page import LOCATION, check_page, data, fetch, metrics, page, wait_for_reports

pytestmark = pytest.mark.slow

DATA = pathlib.Path(__file__).parents[1] / "data" / "reports"
TOTALS = json.loads((DATA / "totals.json").read_text())["stored"]
COMMAND = str(pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts")
NO_FILES = ("totals.json", "independent.py", "README", "bombs.py")
TODAY = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0,
                                                             microsecond=0)


def import_all(server):
    """Imports the reports of tests/data as the user of httpd's children, from copies that this user
    can read: pytest restricts access to its own directories."""
    files = []
    for path in sorted(DATA.iterdir()):
        if path.is_file() and path.name not in NO_FILES:
            files.append(server.root / path.name)
            files[-1].write_bytes(path.read_bytes())
            files[-1].chmod(0o644)
    # As an earlier version did: reports about names that no policy can have are stored, too.
    (server.root / "state" / "domains.txt").unlink()
    imported = subprocess.run(["runuser", "-u", CHILD.pw_name, "--", COMMAND, "import",
                               "--state-dir", server.root / "state", *files],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert imported.returncode in (0, 1), imported.stderr.decode()
    assert b"ermission denied" not in imported.stderr, imported.stderr.decode()


def start_with(start_shared, more=""):
    """Imports all reports, with a policy for each domain that can have one."""
    names = [name for name in TOTALS["domains"] if re.fullmatch(r"[a-z0-9.-]+", name)]
    names.append("huge.example")  # whose only report is set apart
    blocks = "".join(f"<MTASTSPolicy {name}>\n{MX}</MTASTSPolicy>\n"
                     for name in names if name != "example.com")
    server = start_shared(LOCATION + more + blocks + report.conf())
    import_all(server)
    server.restart()  # the index is brought up to date at once
    wait_for_reports(server, TOTALS["reports"])
    return server


@pytest.fixture(scope="module")
def full(start_shared):
    return start_with(start_shared)


def sums(reports):
    return {"reports": reports["count"], "successful": reports["successful_sessions"],
            "failed": reports["failed_sessions"]}


def test_the_totals_are_those_of_the_independent_reader(full):
    found = data(full, "?since=all")["reports"]
    assert sums(found) == {name: TOTALS[name] for name in ("reports", "successful", "failed")}
    assert found["senders_omitted"] == found["causes_omitted"] == 0
    text = page(full, "?since=all").text
    assert f"Check this: unverified reports contain {TOTALS['failed']:,} failed sessions in all reports." \
        in text


REACHED = [name for name in TOTALS["domains"] if re.fullmatch(r"[a-z0-9.-]*", name)]


@pytest.mark.parametrize("name", REACHED)
def test_the_totals_of_a_domain_are_those_of_the_independent_reader(full, name):
    expected = TOTALS["domains"][name]
    found = data(full, f"?domain={name}&since=all")["reports"]
    assert sums(found) == expected
    types = {}
    for cause in found["causes"]:
        kind = cause["result_type"]
        types[kind] = min(types.get(kind, 0) + cause["failed_sessions"], 2 ** 63 - 1)
    assert types == TOTALS["types"].get(name, {})
    shown = page(full, f"?domain={name}&since=all")
    assert re.search(rf"Failed sessions{expected['failed']:,}\D", shown.text)
    assert re.search(rf"Reports{expected['reports']:,}\D", shown.text)
    for sender in found["senders"]:
        row = shown.row(sender["organization"] or "(no name)")
        assert row[1:4] == [f"{sender[key]:,}" for key in
                            ("successful_sessions", "failed_sessions", "report_count")]
    days = [(day["day_start_at"][:10], f"{day['successful_sessions']:,}", f"{day['failed_sessions']:,}")
            for day in found["days"] if day["day_start_at"]]
    for day, successful, failed in days:
        if day > "2025-12" and (successful, failed) != ("0", "0"):
            assert [day, successful, failed] in shown.rows


def test_the_list_of_domains_has_their_shares(full):
    shown, found = page(full, "?since=all&show=all"), data(full, "?since=all")["domains"]["list"]
    for domain in found:
        expected = TOTALS["domains"].get(domain["domain"], {"successful": 0, "failed": 0})
        assert (domain["successful_sessions"], domain["failed_sessions"]) == \
            (expected["successful"], expected["failed"])
        if expected["failed"]:
            assert shown.row(domain["domain"])[3] == f"{expected['failed']:,} unverified"


def test_the_list_begins_with_the_domains_that_have_most_failed_sessions(full):
    failed = {name: sums["failed"] for name, sums in TOTALS["domains"].items() if sums["failed"]}
    found = [one["domain"] for one in data(full, "?since=all")["domains"]["list"]]
    expected = sorted((name for name in found if name in failed),
                      key=lambda name: (-failed[name], name))
    assert found[:len(expected)] == expected and len(expected) > 3
    listed = data(full, "?since=all&show=failing")["domains"]
    assert [one["domain"] for one in listed["list"]] == expected
    assert page(full, "?since=all&show=failing").names()[1:] == expected


def test_a_share_never_contradicts_the_counts_beside_it(full):
    for query in ("?since=all", "?since=all&domain=huge.example"):
        assert "Delivered securely100 %" not in page(full, query).text
    row = page(full, "?since=all&show=all").row("huge.example")
    assert row[2] != "100 %"
    assert "Set apart" in page(full, "?since=all&domain=huge.example").text


def test_failures_are_explained_as_by_the_command(full):
    done = subprocess.run([COMMAND, "report", "--format", "json", DATA / "result-types.json"],
                          capture_output=True, timeout=60, check=False)
    expected = {(failure["result_type"], failure["explanation"], failure["action"])
                for one in json.loads(done.stdout)["reports"] for policy in one["policies"]
                for failure in policy["failures"]}
    found = data(full, "?domain=kinds.example&since=all")["reports"]["causes"]
    shown = {(one["result_type"], one["explanation"],
              one["action"] + (f" Run: {one['command']}" if one["command"] else ""))
             for one in found}
    assert shown <= expected
    assert {one[0] for one in shown} == {one[0] for one in expected}
    assert len(found) > 9
    text = page(full, "?domain=kinds.example&since=all").text
    for one in found:
        for part in (one["explanation"], one["action"], one["command"] or ""):
            assert part in text, one


def test_the_overview_says_where_senders_and_reasons_are_shown(full):
    text = "The page of each domain shows more: senders and addresses."
    assert text in page(full, "?since=all").text
    assert text not in page(full, "?domain=kinds.example&since=all").text


def test_a_hostile_report_stays_text(full):
    """The parser of page() accepts only the elements and attributes of the page itself."""
    for query in ("?since=all", "?domain=huge.example&since=all"):
        shown = page(full, query)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown.text)
    assert "../<img src=x onerror=alert(1)>" in page(full, "?since=all").text
    assert "<script>alert(1)</script>" in page(full, "?since=all").text
    assert b"\x1b" not in fetch(full, "?since=all&format=json").body


def test_metrics_are_complete_bounded_and_free_of_names_from_reports(full):
    text, values = metrics(full, "?since=all")
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                             capture_output=True, timeout=60)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    assert not re.search("script|img|quantum", text)
    assert values['mta_sts_unverified_sessions{domain="example.com",result_type="success"}'] == \
        TOTALS["domains"]["example.com"]["successful"]
    for kind, sessions in TOTALS["types"]["kinds.example"].items():
        name = f'mta_sts_unverified_sessions{{domain="kinds.example",result_type="{kind}"}}'
        assert values.get(name, sessions) == sessions
    assert values["mta_sts_index_up"] == 1
    assert values["mta_sts_last_report_age_seconds"] < 3600
    one, _ = metrics(full, "?since=all&domain=example.com")
    assert set(re.findall('mta_sts_sessions{domain="([^"]*)"', one)) == {"example.com"}


def test_only_the_children_have_the_database_open(full):
    page(full)
    name = str(full.root / "state/reports.db")

    def opened(pid):
        links = pathlib.Path(f"/proc/{pid}/fd").iterdir()
        return any(os.readlink(link).startswith(name) for link in links)
    assert not opened(full.pid)
    # The child with the watchdog, from its first task on; others while they respond.
    process.wait_for(lambda: any(opened(child) for child in full.children()), "a child to open it")


# --- PostgreSQL ---

@pytest.fixture(scope="module")
def with_postgres(start_shared):
    with contextlib.closing(Postgres().start()) as postgres:
        server = start_with(start_shared, f'MTASTSDatabase pgsql "{postgres.conninfo}"\n')
        yield server
        server.stop()


def lasting(reports):
    """Without what depends on when the server began."""
    for changing in "last_received_at", "latest":
        assert reports.pop(changing)
    return json.loads(re.sub(r"(its first one is of) [-\d]+ [:\d]+ UTC", r"\1 ...", json.dumps(reports)))


def test_postgresql_gives_the_same_answers_as_sqlite(full, with_postgres):
    for query in ["?since=all", "?since=400d", *(f"?since=all&domain={name}" for name in REACHED)]:
        found, expected = data(with_postgres, query), data(full, query)
        assert lasting(found["reports"]) == lasting(expected["reports"]), query
    found, expected = (
        {name: value for name, value in metrics(server, "?since=all")[1].items()
         if name.startswith(("mta_sts_sessions{", "mta_sts_unverified_sessions{"))} for server in (with_postgres, full))
    assert found == expected != {}
    assert page(with_postgres, "?since=all").text.count("failed sessions") == \
        page(full, "?since=all").text.count("failed sessions") > 0


# --- ranges ---

def of_day(days_ago, number, failed=0):
    """A report on a day before today."""
    begin = TODAY - datetime.timedelta(days=days_ago)
    return json.dumps({
        "organization-name": "Ranger", "report-id": f"r{number}", "contact-info": "a@b.example",
        "date-range": {"start-datetime": f"{begin:%Y-%m-%dT00:00:00Z}",
                       "end-datetime": f"{begin:%Y-%m-%dT23:59:59Z}"},
        "policies": [{"policy": {"policy-type": "sts", "policy-domain": "example.com"},
                      "summary": {"total-successful-session-count": number,
                                  "total-failure-session-count": failed}}]}).encode()


@pytest.fixture(scope="module")
def recent(start_shared):
    server = start_shared(LOCATION + report.conf("MTASTSReportDomain foreign.example\n"))
    for days_ago, number, failed in ((1, 1, 0), (6, 20, 5), (7, 300, 0), (60, 4000, 0),
                                     (380, 50000, 0), (1000, 600000, 0)):
        assert report.post(server, of_day(days_ago, number, failed)).status == 201
    wait_for_reports(server, 6)
    return server


@pytest.mark.parametrize("since, successful", [
    ("7d", 21), ("30d", 321), ("90d", 4321), ("400d", 54321), ("all", 654321)])
def test_a_range_counts_whole_days_up_to_today(recent, since, successful):
    for query in (f"?since={since}", f"?since={since}&domain=example.com"):
        found = data(recent, query)["reports"]
        assert (found["successful_sessions"], found["failed_sessions"]) == (successful, 5)
        shown = page(recent, query)
        assert "all in unverified reports" in shown.text
        assert f"of {successful + 5:,} sessions" in shown.text
    if since != "all":
        assert re.search(rf"Sessions per day: {successful:,} secure and 5 failed",
                         fetch(recent, query).body.decode())


def test_failures_without_details_are_shown(recent):
    found = data(recent, "?domain=example.com")["reports"]
    assert found["failed_sessions_without_details"] == 5 and found["causes"] == []
    assert "No failure details" in page(recent, "?domain=example.com").text


def test_an_unknown_domain_is_not_found(recent):
    answer = fetch(recent, "?domain=unknown.example")
    assert "no report of this time range is about it" in check_page(answer, 404).text


def test_a_new_report_is_shown_soon(recent):
    assert report.post(recent, of_day(2, 7)).status == 201
    wait_for_reports(recent, 7)
    assert page(recent).row("Ranger")[1] == "328"


def failed_day(days_ago, failed, **details):
    """Sessions failed on a day that ends with the next one's midnight, as some senders have it."""
    made = json.loads(of_day(days_ago, 10, failed))
    begin = TODAY - datetime.timedelta(days=days_ago)
    made["date-range"]["end-datetime"] = \
        f"{begin + datetime.timedelta(days=1):%Y-%m-%dT00:00:00Z}"
    if details:
        made["policies"][0]["failure-details"] = [details]
        del made["organization-name"]
    return json.dumps(made).encode()


@pytest.fixture(scope="module")
def failing(start_shared):
    server = start_shared(LOCATION + report.conf())
    assert report.post(server, failed_day(3, 1)).status == 201
    wait_for_reports(server, 1)
    server.first_verdict = page(server).text
    for one in (of_day(2, 100), of_day(1, 30),
                failed_day(4, 2, **{"failed-session-count": 2, "sending-mta-ip": "192.0.2.1"})):
        assert report.post(server, one).status == 201
    wait_for_reports(server, 4)
    return server


def test_the_page_of_a_domain_shows_secure_sessions_after_a_failure(failing):
    day = f"{TODAY - datetime.timedelta(days=4):%Y-%m-%d}"
    shown = page(failing, "?domain=example.com")
    assert f"{day}; reported by (no name); 140 secure sessions on later days" in shown.text
    assert "later days" not in page(failing).text


def test_a_day_that_ends_at_midnight_is_the_last_day_and_not_the_next_one(failing):
    server = failing
    found = data(server, "?domain=example.com")["reports"]["causes"]
    assert [one["failed_sessions"] for one in found] == [2]
    for query in "", "?domain=example.com":
        assert f"{TODAY - datetime.timedelta(days=4):%Y-%m-%d} to" not in page(server, query).text


@pytest.mark.parametrize("query", ["", "?domain=example.com"])
def test_failures_without_a_type_and_without_details_are_explained_as_by_the_command(failing, query):
    shown = page(failing, query)
    assert "Failure without a result type" in shown.text
    assert "1failed sessionNo failure details" in shown.text
    assert " Check this: unverified reports contain 1 failed session in the last 30 days." in \
        failing.first_verdict
    command = "mta-sts check example.com" if query else "mta-sts check DOMAIN"
    assert command in shown.text.partition("No failure details")[2].partition("Senders")[0]


def test_a_failure_that_one_sender_alone_reports_is_likely_its_own_as_in_the_command(start):
    """Only on a domain's page: the overview has the senders of several domains."""
    server = start(LOCATION + report.conf())
    for number in range(3):
        made = json.loads(of_day(1, 10, 0 if number else 2))
        made["organization-name"] = f"Sender {number}"
        made["policies"][0]["failure-details"] = [
            {"result-type": "starttls-not-supported", "failed-session-count": 2}] * (not number)
        assert report.post(server, json.dumps(made).encode()).status == 201
    wait_for_reports(server, 3)
    text = "probably this sender, or the network between it and you: 2 other senders had no " \
        "failures; otherwise your mail server (MX)"
    assert text in page(server, "?domain=example.com").text
    overview = page(server).text
    assert text not in overview and "your mail server (MX)" in overview


def test_the_verdict_is_not_that_all_is_well_where_failures_count_no_failed_session(start):
    server = start(LOCATION + report.conf())
    made = json.loads(of_day(1, 10))
    made["policies"][0]["failure-details"] = [
        {"result-type": "certificate-expired", "failed-session-count": 2}]
    assert report.post(server, json.dumps(made).encode()).status == 201
    wait_for_reports(server, 1)
    text = page(server).text
    assert "Check this: unverified reports contain failures (2 according to the failure details) in the last " \
        "30 days." in text
    assert "delivered all of" not in text and "nothing to do" not in text
    report.import_verified(server, json.dumps(made).encode())
    process.wait_for(lambda: data(server)["verdict"] == "warning", "the verified one to count")
    text = page(server).text
    assert "10 sessions are counted as successful in the last 30 days, but reports contain " \
        "failures as well (2 according to the failure details)." in text
    assert "delivered all of" not in text and "nothing to do" not in text
    assert "Action needed." in text


# --- a database that fails ---

def check_the_rest(server, pattern):
    """The page shows policies and counters, and what is wrong."""
    shown = page(server)
    assert shown.row("example.com")[1].startswith("testing")
    assert shown.row("example.com")[2] == "unknown"
    assert re.search(pattern, shown.text), shown.text
    assert "Reports are still received and stored" in shown.text
    assert re.search(pattern, data(server)["reports"]["problem"])
    assert data(server, "?domain=example.com")["domain"]["mode"] == "testing"
    _, values = metrics(server)
    assert values["mta_sts_index_up"] == 0
    process.wait_for(lambda: server.log.matching(server.log.expected[0]), "the line in the log")


FAILED = r"\[database-failed\]"


def test_without_a_database_the_rest_is_shown(make):
    server = make([FAILED]).configure(
        LOCATION + 'MTASTSDatabase sqlite3 "@ROOT@/gone/reports.db"\n' + report.conf()).start()
    check_the_rest(server, "the index of the reports does not exist yet.*gone/reports.db")


def test_with_a_damaged_database_the_rest_is_shown(make):
    server = make([FAILED])
    path = server.root / "database/reports.db"
    path.write_bytes(b"This is no database at all. " * 1000)
    os.chown(path, CHILD.pw_uid, CHILD.pw_gid)
    path.chmod(0o600)
    server.configure(LOCATION + f'MTASTSDatabase sqlite3 "{path}"\n' + report.conf()).start()
    check_the_rest(server, "reports.db.*(not a database|damaged)")


def test_with_an_unreachable_database_the_rest_is_shown_and_no_password(make):
    server = make([FAILED]).configure(
        LOCATION + 'MTASTSDatabase pgsql "host=127.0.0.1 port=1 dbname=x password=secret"\n'
        + report.conf()).start()
    check_the_rest(server, "127.0.0.1|pgsql|PostgreSQL")
    assert b"secret" not in fetch(server).body


def test_without_the_state_directory_the_rest_is_shown_until_it_is_back(make):
    server = make().configure(LOCATION + report.conf()).start()
    assert report.post(server, of_day(1, 3)).status == 201
    wait_for_reports(server, 1)
    os.rename(server.root / "state", server.root / "away")
    (server.root / "state").symlink_to(server.root / "away")
    text = page(server).text
    assert text.count("cannot be shown: the state directory") == 2  # verdict, and section
    assert "Reports are still received and stored" not in text
    (server.root / "state").unlink()
    os.rename(server.root / "away", server.root / "state")
    wait_for_reports(server, 1)


def test_a_replaced_database_is_reopened(make):
    server = make().configure(LOCATION + report.conf()).start()
    assert report.post(server, of_day(1, 3)).status == 201
    wait_for_reports(server, 1)
    for path in (server.root / "state").glob("reports.db*"):
        path.unlink()
    wait_for_reports(server, 1)


def test_a_long_write_does_not_delay_the_page(recent):
    writer = subprocess.Popen(
        ["runuser", "-u", CHILD.pw_name, "--", "sqlite3", str(recent.root / "state/reports.db")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        writer.stdin.write(b"BEGIN IMMEDIATE;\nSELECT 'begun';\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == b"begun\n"
        assert data(recent, "?since=all")["reports"]["problem"] is None
    finally:
        writer.stdin.close()
        writer.wait(process.DEADLINE)


def test_long_names_are_shown_shortened(start):
    server = start(LOCATION + report.conf())
    for number in range(3):
        made = json.loads(of_day(1, number))
        made["organization-name"] = "\u20ac" * 1000 + str(number)
        made["policies"][0]["summary"]["total-failure-session-count"] = 1
        made["policies"][0]["failure-details"] = [
            {"result-type": "x" * 8000, "failed-session-count": 1,
             "failure-reason-code": "y" * 8000}]
        assert report.post(server, json.dumps(made).encode()).status == 201
    wait_for_reports(server, 3)
    for query in ("", "?domain=example.com"):
        shown = page(server, query)
        assert "x" * 200 + "\u2026" in shown.text and "\u20ac" * 66 + "\u2026" in shown.text
        assert "x" * 201 not in shown.text and "\u20ac" * 67 not in shown.text
        assert len(json.dumps(data(server, query))) < 20000
