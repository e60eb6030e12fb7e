# SPDX-License-Identifier: Apache-2.0
"""Readiness on the page of a domain and in its JSON is what `mta-sts ready` finds in the same reports."""

import contextlib
import datetime
import json
import os
import pathlib
import subprocess

import pytest

import report
from httpd import proxied
from policy import HOST, MX, text
from postgres import Postgres
from status_page import LOCATION, data, page, wait_for_reports

pytestmark = pytest.mark.slow

COMMAND = str(pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts")
TODAY = datetime.datetime.now(datetime.timezone.utc).date()
EXPIRED = {"result-type": "certificate-expired", "failed-session-count": 3,
           "receiving-mx-hostname": "mx1.example.com"}


def part(domain, kind="sts", successful=5, failures=()):
    lines = text("mx1.example.com", mode=mode_of(domain)).decode().split("\r\n")[:-1]
    return {"policy": {"policy-type": kind, "policy-domain": domain,
                       **({"policy-string": lines} if kind == "sts" else {})},
            "summary": {"total-successful-session-count": successful,
                        "total-failure-session-count": sum(one["failed-session-count"] for one in failures)},
            "failure-details": list(failures)}


def mode_of(domain):
    return "enforce" if domain.startswith("enforce") else "testing"


def of(days_ago, *parts, sender="Sender A"):
    day = TODAY - datetime.timedelta(days=days_ago)
    return report.make(1, **{
        "organization-name": sender, "report-id": f"{sender}-{day}-{parts[0]['policy']['policy-domain']}",
        "date-range": {"start-datetime": f"{day}T00:00:00Z", "end-datetime": f"{day}T23:59:59Z"},
        "policies": list(parts)})


def enough(domain):
    return [of(day, part(domain), sender=sender) for day in range(1, 15) for sender in ("Sender A", "Sender B")]


# Domain: verified reports, unverified reports, the result, and ids that must be among the findings.
CASES = {
    "none.example": ([], [], "not-yet", {"reports-missing"}),
    "old.example": ([of(60, part("old.example"))], [], "not-yet", {"reports-missing"}),
    "forged.example": ([], [of(2, part("forged.example", failures=[EXPIRED]))], "not-yet",
                       {"reports-inconclusive"}),
    "few.example": ([of(2, part("few.example"))], [of(3, part("few.example"))], "not-yet",
                    {"days-few", "senders-few", "reports-not-counted", "sender-policy-current"}),
    "enough.example": (enough("enough.example"), [], "unknown",
                       {"days-enough", "senders-enough", "sender-policy-current"}),
    "failing.example": ([*enough("failing.example"), of(2, part("failing.example", failures=[EXPIRED]),
                                                        sender="Sender C")], [], "no", {"failure-blocking"}),
    "enforce.example": ([of(2, part("enforce.example", failures=[EXPIRED]))], [], "no", {"failure-blocking"}),
    "enforce-few.example": ([of(2, part("enforce-few.example"))], [], "unknown", {"days-few"}),
    "dane.example": ([of(2, part("dane.example", "tlsa", 0, [EXPIRED]))], [], "not-yet", {"reports-missing"}),
    "dane-too.example": ([of(2, part("dane-too.example", "tlsa", 9, [EXPIRED]), part("dane-too.example"))], [],
                         "not-yet", {"days-few", "sender-policy-current"}),
    "before.example": ([of(2, part("before.example", "no-policy-found"))], [], "not-yet",
                       {"reports-inconclusive"}),
}


SENTENCES = {("testing", "no"): "Ready for enforce?No: mode enforce would block mail.",
             ("testing", "not-yet"): "Ready for enforce?Not yet: something is still missing.",
             ("testing", "unknown"): "Ready for enforce?The reports give no reason against it.",
             ("enforce", "no"): "Is enforce safe?No: mode enforce is on, and blocks mail.",
             ("enforce", "unknown"): "Is enforce safe?The reports give no reason against it."}


@pytest.fixture(scope="module", params=["sqlite3", "pgsql"])
def database(request):
    """Its argument of MTASTSDatabase; None: the default."""
    if request.param == "sqlite3":
        yield None
        return
    with contextlib.closing(Postgres().start()) as postgres:
        yield postgres.conninfo


@pytest.fixture(scope="module")
def server(make_shared, database):
    directive = f'MTASTSDatabase pgsql "{database}"\n' if database else ""
    blocks = "".join(f"<MTASTSPolicy {name}>\nMTASTSMode {mode_of(name)}\n{MX}</MTASTSPolicy>\n"
                     for name in CASES)
    server = make_shared().configure(directive + LOCATION + blocks + proxied(HOST, MX + report.ENDPOINT)).start()
    count = 0
    for verified, unverified, *_ in CASES.values():
        for content in verified:
            report.import_verified(server, content)
        for content in unverified:
            assert report.post(server, report.packed(content)).status == 201
        count += len(verified) + len(unverified)
    wait_for_reports(server, count)
    server.words = ["--database", "pgsql " + database] if database else []
    yield server
    server.stop()


def by_command(server, domain):
    """The findings of `mta-sts ready` about the reports: {(severity, id, message)}."""
    policy = server.root / "policy.txt"
    policy.write_bytes(text("mx1.example.com", mode=mode_of(domain)))
    done = subprocess.run(
        [COMMAND, "ready", "--no-check", "--state-dir", server.root / "state", "--policy", policy,
         "--format", "json", *server.words, domain], env={"PATH": "/nonexistent"}, capture_output=True, timeout=60)
    assert done.stderr == b""
    found, = json.loads(done.stdout)["domains"]
    reports, = [section["findings"] for section in found["sections"] if section["part"] == "reports"]
    return {(one["severity"], one["id"], one["message"]) for one in reports
            if not (one["severity"] == "info" and one["id"].startswith("failure"))}


@pytest.mark.parametrize("domain", CASES)
def test_page_json_and_command_agree(server, domain):
    *_, result, ids = CASES[domain]
    found = data(server, "?domain=" + domain)["domain"]["readiness"]
    assert found["result"] == result
    assert {one["id"] for one in found["findings"]} >= ids
    assert {(one["severity"], one["id"], one["message"]) for one in found["findings"]} == \
        by_command(server, domain)
    shown = page(server, "?domain=" + domain).text
    for one in found["findings"]:
        assert one["message"] in shown and f"[{one['id']}]" in shown
    assert SENTENCES[mode_of(domain), result] in shown
    assert f"sudo mta-sts ready {domain}, which also checks DNS, the policy host and the MX hosts" in shown


def test_the_range_of_the_page_does_not_change_readiness(server):
    found = [data(server, f"?domain=enough.example&since={since}")["domain"]["readiness"]
             for since in ("7d", "30d", "all")]
    assert found[0] == found[1] == found[2]
