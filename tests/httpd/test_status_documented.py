# SPDX-License-Identifier: Apache-2.0
"""What doc/status.md says about the JSON and the metrics of the status page is what they contain."""

import datetime
import re
import time

import pytest

import process
import report
from database import Database
from hosting import ON, Hosting
from httpd import TOP, site
from policy import HOST, MX
from status_page import LOCATION, data, metrics, wait_for_reports

pytestmark = pytest.mark.slow

DOMAIN = "example.com"
BY_NAME = {".startup.counts", ".counters"}  # their members are severities and outcomes
MANUAL = (TOP / "doc/status.md").read_text()


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", MANUAL, re.M | re.S)[1]


def rows(title):
    return [[cell.strip() for cell in line.strip("|").split(" | ")]
            for line in section(title).splitlines() if line.startswith("| `")]


def failing_day():
    day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=2)
    return report.make(**{
        "date-range": {"start-datetime": f"{day}T00:00:00Z", "end-datetime": f"{day}T23:59:59Z"},
        "policies": [{
            "policy": {"policy-type": "sts", "policy-domain": DOMAIN,
                       "policy-string": ["version: STSv1", "mode: enforce", "mx: mx1.example.com",
                                         "max_age: 86400"]},
            "summary": {"total-successful-session-count": 5, "total-failure-session-count": 3},
            "failure-details": [{"result-type": "certificate-expired", "failed-session-count": 3,
                                 "receiving-mx-hostname": "mx1.example.com"}]}]})


def conf(max_age):
    return ON + LOCATION + site(HOST, f"MTASTSMode enforce\nMTASTSMaxAge {max_age}\n" + MX
                           + report.ENDPOINT)


def fetch(server, requests):
    assert server.fetch(HOST).status == 200
    process.wait_for(lambda: len(Database(server).run(
        f"SELECT 1 FROM mta_sts_fetch WHERE domain = '{DOMAIN}'")) == requests, "the fetch", 30)


@pytest.fixture(scope="module")
def server(start_shared):
    """A domain with everything that the page can show: findings, a certificate, an earlier policy that
    a network has, a verified report of mail that was refused, and a hosted domain."""
    server = start_shared(conf(86400), expected=[r"max-age-|id-changed|enforce-failures|hosting-failed"])
    process.wait_for(lambda: server.log.matching("run mta-sts policy init"), "the missing tables")
    hosting = Hosting(server)
    hosting.call("init")
    hosting.insert("hosted.example")
    process.wait_for(lambda: Database(server).history(DOMAIN), "the history")
    report.import_verified(server, failing_day())
    wait_for_reports(server, 1)
    fetch(server, 1)
    Database(server).run("UPDATE mta_sts_fetch SET network = '192.0.2.0/24'")
    Database(server).run("INSERT INTO mta_sts_fetch_day (day, entries, removals) "
                         f"VALUES ({int(time.time()) // 86400 - 1}, 1000000000, 1)")
    server.configure(conf(43200))
    server.restart()
    process.wait_for(lambda: len(Database(server).history(DOMAIN)) == 2, "the new policy")
    fetch(server, 2)
    process.wait_for(lambda: data(server)["hosted"]["served"] == 1, "the hosted domain")
    return server


def documented():
    """{path of an object: names of its members}, where .domains.list[] is .domain."""
    found = {}
    for paths, members in rows("JSON"):
        names = {re.match("`([a-z_]+)`", part)[1] for part in members.split("; ")}
        for path in re.findall("`([^`]+)`", paths):
            found[path.replace(".domains.list[]", ".domain")] = names
    return found


def walk(value, path, found):
    path = path.replace(".domains.list[]", ".domain")
    if isinstance(value, dict) and path not in BY_NAME:
        found.setdefault(path or ".", set()).update(value)
        for name, member in value.items():
            walk(member, f"{path}.{name}", found)
    elif isinstance(value, list):
        for one in value:
            walk(one, path + "[]", found)


def test_the_documented_objects_and_members_are_those_of_the_page(server):
    found = {}
    for query in "", f"?domain={DOMAIN}":
        walk(data(server, query), "", found)
    assert found == documented()


def test_the_documented_metrics_and_labels_are_those_of_the_page(server):
    text, values = metrics(server)
    found = {name: set() for name in re.findall(r"^# TYPE (\w+)", text, re.M)}
    for series in values:
        name, _, labels = series.partition("{")
        found[name].update(re.findall(r'(\w+)="', labels))
    expected = {}
    for names, _ in rows("Prometheus"):
        for name, labels in re.findall(r"`(mta_sts_\w+)(?:{([\w,]+)})?`", names):
            expected[name] = set(labels.split(",")) if labels else set()
    assert found == expected


def test_the_documented_parameters_are_those_of_the_page():
    source = (TOP / "mod_mta_sts/httpd/status/query.c").read_text()
    names = set(re.findall(r'\{"([a-z]+)", read_[a-z]+\}', source))
    assert names and set(re.findall(r"[?]([a-z]+)=", section("The status page"))) == names
