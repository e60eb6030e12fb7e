# SPDX-License-Identifier: Apache-2.0
"""What the fetch log says about a reported failure to fetch the policy: the same in the text and JSON
of `mta-sts report`, on the page of the domain and in its JSON."""

import datetime
import json
import socket

import pytest

import process
import report
from database import Database
from httpd import proxied
from policy import HOST, MX
from status_page import LOCATION, data, page, wait_for_reports
from test_one_report_all_views import run

pytestmark = pytest.mark.slow

TODAY = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0,
                                                             microsecond=0)
DAY = TODAY - datetime.timedelta(days=2)  # that the report is about
DATE = DAY.date().isoformat()
HERE = socket.gethostname()
SENDER = "192.0.2.77"  # sending-mta-ip
POSTER = "2001:db8:1:2::3"  # it posted the report
NETWORK, POSTING = "192.0.2.0/24", "2001:db8:1::/48"
BOTH = f"{NETWORK} and {POSTING}"
SERVED, METHOD, WRONG_HOST, PLAIN_HTTP, UNKNOWN, FAILED, TLS_NAME, TLS_CERTIFICATE, TLS_VERSION = range(9)
WHOLE = [(-24, 48)]


def at(hours):
    """Microseconds since 1970."""
    return int((DAY + datetime.timedelta(hours=hours)).timestamp()) * 1000000


def clock(hours):
    return (DAY + datetime.timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M UTC")


# When it was recorded (hours of the day), requests (hour, domain, network, outcome, number), hours with
# losses, whether the report has addresses; then kind, and the text.
CASES = {
    "always 200": (
        WHOLE, [(1, "example.com", NETWORK, SERVED, 10), (20, "example.com", POSTING, SERVED, 4),
                (30, "example.com", NETWORK, PLAIN_HTTP, 1)], [], True, "served",
        f"{BOTH} fetched the policy from this server 14 times on {DATE} ({clock(1)} to {clock(20)}), "
        "always with status 200: the fault is on their side or on the network path."),
    "from one network only": (
        WHOLE, [(1, "example.com", POSTING, SERVED, 10)], [], True, "served",
        f"{POSTING} fetched the policy from this server 10 times on {DATE} ({clock(1)} to {clock(1)}), "
        f"always with status 200. No request from {NETWORK} is recorded: if they fetch policies from there "
        "as well, check the A and AAAA records of mta-sts.example.com, IPv6, and the firewall."),
    "nothing": (
        WHOLE, [(1, "example.com", "198.51.100.0/24", SERVED, 10)], [], True, "nothing",
        f"No request from {BOTH} reached this server on {DATE}: check the A and AAAA records of "
        "mta-sts.example.com, IPv6, the firewall, and its certificate; of connections that end before a "
        "request, only TLS handshakes that failed in this httpd are recorded."),
    "rejected the certificate": (
        WHOLE, [(14, "example.com", NETWORK, TLS_CERTIFICATE, 2), (15, "example.com", NETWORK, TLS_NAME, 1)],
        [], True, "not-served",
        f"{NETWORK} reached this server on {DATE}, but got no policy: they failed in the TLS handshake, as "
        f"there was no certificate for the policy host 1 time, last at {clock(15)}; they rejected the "
        f"certificate in the TLS handshake 2 times, last at {clock(14)}."),
    "old TLS from one network": (
        WHOLE, [(14, "example.com", NETWORK, TLS_VERSION, 2), (15, "example.com", POSTING, SERVED, 3)],
        [], True, "partly-served",
        f"{BOTH} fetched the policy from this server 3 times on {DATE} (last at {clock(15)}), but they also "
        f"had no version of TLS in common with this server 2 times, last at {clock(14)}."),
    "over http": (
        WHOLE, [(14, "example.com", NETWORK, PLAIN_HTTP, 2)], [], True, "not-served",
        f"{NETWORK} reached this server on {DATE}, but got no policy: they asked over http instead of "
        f"https 2 times, last at {clock(14)}."),
    "partly over http": (
        WHOLE, [(13, "example.com", NETWORK, PLAIN_HTTP, 3), (15, "example.com", NETWORK, SERVED, 1)],
        [], True, "partly-served",
        f"{NETWORK} fetched the policy from this server 1 time on {DATE} (last at {clock(15)}), but they "
        f"also asked over http instead of https 3 times, last at {clock(13)}."),
    "for hosts that are not recorded by name": (
        WHOLE, [(13, "", NETWORK, UNKNOWN, 3), (14, "", "198.51.100.0/24", UNKNOWN, 5)], [], True,
        "not-known",
        f"It is not known whether {BOTH} reached this server on {DATE}: no request is recorded, but the "
        f"record is not complete. 3 requests from there, the last at {clock(13)}, asked for hosts that are "
        "not recorded by name; mta-sts.example.com may be among them, if it was not served then or is "
        "served by a wildcard alias."),
    "served, and other hosts": (
        WHOLE, [(13, "", NETWORK, SERVED, 3), (15, "example.com", NETWORK, SERVED, 1),
                (15, "example.com", POSTING, SERVED, 1)], [], True, "served",
        f"{BOTH} fetched the policy from this server 2 times on {DATE} ({clock(15)} to {clock(15)}), always "
        f"with status 200. 3 requests from there, the last at {clock(13)}, asked for hosts that are not "
        "recorded by name; "),
    "off": (
        [], [], [], True, "not-known",
        f"It is not known whether this sender reached this server on {DATE}: the fetch log has no record "
        "of that time; its first one is of "),
    "began later": (
        [(6, 48)], [], [], True, "not-known",
        f"It is not known whether {BOTH} reached this server on {DATE}: no request is recorded, but the "
        f"record is not complete. From {clock(0)} to {clock(6)} nothing was recorded."),
    "deleted by age": (
        WHOLE, [], [], True, "not-known",
        f"It is not known whether {BOTH} reached this server on {DATE}: no request is recorded, but the "
        f"record is not complete. Requests before {clock(48)} are not recorded."),
    "interrupted": (
        [(-24, 14), (14.5, 48)], [(1, "example.com", NETWORK, SERVED, 1),
                                  (1, "example.com", POSTING, SERVED, 1)], [], True, "served",
        f"{BOTH} fetched the policy from this server 2 times on {DATE} ({clock(1)} to {clock(1)}), always "
        "with status 200: the fault is on their side or on the network path. "
        f"From {clock(14)} to {clock(14.5)} nothing was recorded."),
    "lost": (
        WHOLE, [], [3], True, "not-known",
        f"It is not known whether {BOTH} reached this server on {DATE}: no request is recorded, but the "
        "record is not complete. Up to 7 requests were not recorded."),
    "lost on another day": (
        WHOLE, [], [30], True, "nothing", f"No request from {BOTH} reached this server on {DATE}: "),
    "networks not recorded": (
        WHOLE, [(3, "example.com", "", SERVED, 9)], [], True, "not-known",
        f"It is not known whether {BOTH} reached this server on {DATE}: no request is recorded, but the "
        "record is not complete. The network of 9 requests was not recorded: there were too many "
        "networks in one hour, or a proxy that terminates TLS hides the clients from httpd (see mod_remoteip)."),
    "no address": (
        WHOLE, [(1, "example.com", NETWORK, SERVED, 10)], [], False, "network-unknown",
        "The report does not say from which address it was sent, so the fetch log cannot say whether "
        "this sender reached this server."),
}


def content(has_address, kind="sts-policy-fetch-error"):
    failure = {"result-type": kind, "failed-session-count": 3}
    if has_address:
        failure["sending-mta-ip"] = SENDER
    return report.make(
        policies=[{"policy": {"policy-type": "sts", "policy-domain": "example.com"},
                   "failure-details": [failure],
                   "summary": {"total-successful-session-count": 0,
                               "total-failure-session-count": 3}}],
        **{"date-range": {"start-datetime": f"{DATE}T00:00:00Z",
                          "end-datetime": f"{DATE}T23:59:59Z"}})


def fill(server, spans, rows, losses):
    for begin, end in spans:
        Database(server).run("INSERT INTO mta_sts_fetch_span VALUES "
                             f"('{HERE}', {at(begin)}, {at(end)})")
    for hours, domain, network, outcome, number in rows:
        Database(server).run(
            "INSERT INTO mta_sts_fetch VALUES "
            f"('{domain}', {at(hours) // 3600000000}, '{network}', '', {outcome}, '', '', {number}, "
            f"{at(hours)}, {at(hours)})")
    for hours in losses:
        Database(server).run("INSERT INTO mta_sts_fetch_loss VALUES "
                             f"('{HERE}', {at(hours) // 3600000000}, 7)")


def begin(start, has_address, kind="sts-policy-fetch-error"):
    server = start(LOCATION + proxied(HOST, MX + report.ENDPOINT))
    sent = content(has_address, kind)
    if has_address:
        assert report.post(server, report.packed(sent), client_ip=POSTER).status == 201
    else:
        report.import_verified(server, sent)
    wait_for_reports(server, 1)
    process.wait_for(lambda: Database(server).run("SELECT * FROM mta_sts_fetch_span"), "a span", 30)
    return server


@pytest.mark.parametrize("spans, rows, losses, has_address, kind, text", CASES.values(),
                         ids=CASES.keys())
def test_the_answer_is_the_same_in_all_views(start, spans, rows, losses, has_address, kind, text):
    server = begin(start, has_address)
    fill(server, spans, rows, losses)
    if "Requests before" in text:  # the mark of rows that were deleted
        Database(server).run(f"INSERT INTO mta_sts_fetch_span VALUES ('', 0, {at(48)})")
    one, = json.loads(run(server, "report", "--format", "json"))["reports"]
    found = one["policies"][0]["failures"][0]["fetch_log"]
    assert (found["kind"], found["text"][:len(text)]) == (kind, text)
    assert found["text"].startswith(text) and (text.endswith(" ") or found["text"] == text)
    cause, = data(server, "?domain=example.com")["reports"]["causes"]
    of_page, = cause["fetch_log"]
    assert of_page == {"organization": "Sender", **found}
    assert f"Fetch log: Sender: {found['text']}" in page(server, "?domain=example.com").text
    assert f"log: Sender: {found['text']}" in " ".join(run(server, "report").split())
    served = sum(row[4] for row in rows
                 if row[0] < 24 and row[1] and row[2] in (NETWORK, POSTING) and row[3] == SERVED)
    assert found["served"] == (served if has_address else 0)


def test_other_failures_have_no_answer_and_the_overview_none_at_all(start):
    server = begin(start, True, "certificate-expired")
    one, = json.loads(run(server, "report", "--format", "json"))["reports"]
    assert one["policies"][0]["failures"][0]["fetch_log"] is None
    assert data(server, "?domain=example.com")["reports"]["causes"][0]["fetch_log"] == []
    assert data(server)["reports"]["causes"][0]["fetch_log"] is None
    assert "log:" not in run(server, "report")
