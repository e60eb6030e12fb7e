# SPDX-License-Identifier: Apache-2.0
"""The fetch log: which networks requested which policy in which hour, and what they got."""

import json
import os
import re
import signal
import socket
import time

import client
import process
import pytest

import policy
import status_page
from database import Database
from test_one_report_all_views import run
from hosting import REMOTE
from httpd import MPMS, proxied
from policy import HOST, MX, POLICY, identity

pytestmark = pytest.mark.slow

LOST = r"\[mta_sts:warn\].*\[fetches-lost\]$"
COLUMNS = "domain, network, address, outcome, id, agent, requests"
SERVED, METHOD, WRONG_HOST, PLAIN_HTTP, UNKNOWN, FAILED = range(6)


def conf(*lines, host=HOST):
    return "".join(line + "\n" for line in lines) + REMOTE + proxied(host, MX)


def begin(make, *lines, more="", mpm=None, expected=()):
    server = make(expected, mpm) if mpm else make(expected)
    return server.configure(conf(*lines) + more, modules=("remoteip",)).start()


def fetch(server, address="192.0.2.77", host=HOST, agent=None, method="GET"):
    headers = [f"X-Client: {address}", *([f"User-Agent: {agent}"] if agent else [])]
    return server.fetch(host, method=method, headers=headers)


def rows(server):
    """Without the hour: a test may run through its end."""
    found = {}
    for row in Database(server).run(f"SELECT {COLUMNS} FROM mta_sts_fetch ORDER BY hour"):
        *key, requests = row.values()
        found[tuple(key)] = found.get(tuple(key), 0) + requests
    return found


def recorded(server, expected):
    process.wait_for(lambda: rows(server) == expected, f"{expected}")


def wait_for_log(server):
    process.wait_for(lambda: Database(server).run("SELECT * FROM mta_sts_fetch_span"), "a span")


def served(network="192.0.2.0/24", agent="", address="", domain="example.com", text=POLICY):
    return domain, network, address, SERVED, identity(text), agent


@pytest.mark.parametrize("mpm", MPMS)
def test_requests_are_recorded_by_domain_network_and_outcome(make_with, mpm):
    server = begin(make_with, mpm=mpm)
    for address, agent in (("192.0.2.1", "Postfix/3.10 (x)"), ("192.0.2.254", "Postfix/3.11"),
                           ("198.51.100.7", "Go-http-client/1.1"), ("2001:db8:7:8::9", None),
                           ("::ffff:192.0.2.3", "Postfix"), ("203.0.113.1", "<script>x"),
                           ("203.0.113.2", "<script>x")):
        policy.check(fetch(server, address, agent=agent))
    assert fetch(server, method="POST").status == 405
    recorded(server, {
        served(agent="Postfix"): 3, served("198.51.100.0/24", "Go-http-client"): 1,
        served("2001:db8:7::/48"): 1, served("203.0.113.0/24"): 2,
        ("example.com", "192.0.2.0/24", "", METHOD, "", ""): 1})


def test_a_full_address_is_recorded_only_on_request_and_replaced_when_the_mode_changes(make):
    server = begin(make, "MTASTSFetchLog address")
    fetch(server, "192.0.2.1")
    fetch(server, "192.0.2.2")
    fetch(server, "2001:db8:1:2::3")
    recorded(server, {served(address="192.0.2.1"): 1, served(address="192.0.2.2"): 1,
                      served("2001:db8:1::/48", address="2001:db8:1:2::3"): 1})
    server.configure(conf("MTASTSFetchLog network"), modules=("remoteip",))
    server.graceful()
    recorded(server, {served(): 2, served("2001:db8:1::/48"): 1})


def test_full_addresses_of_yesterday_are_replaced_and_old_rows_are_deleted(make):
    server = begin(make, "MTASTSFetchLog address", "MTASTSFetchLogKeep 2")
    fetch(server, "192.0.2.1")
    recorded(server, {served(address="192.0.2.1"): 1})
    hour = int(time.time()) // 3600
    server.stop()
    for age, address in ((20, "192.0.2.3"), (25, "192.0.2.4"), (25, "192.0.2.5"), (49, "192.0.2.6")):
        at = (hour - age) * 3600 * 1000000
        Database(server).run(
            "INSERT INTO mta_sts_fetch VALUES ('example.com', "
            f"{hour - age}, '192.0.2.0/24', '{address}', 0, '', 'x', 1, {at}, {at})")
    server.start()
    recorded(server, {served(address="192.0.2.1"): 1,
                      ("example.com", "192.0.2.0/24", "192.0.2.3", SERVED, "", "x"): 1,
                      ("example.com", "192.0.2.0/24", "", SERVED, "", "x"): 2})


FULL = r"\[mta_sts:warn\].*\[fetches-full\]$"


FULL_ID, FULL_FIX = "fetches-full", r"set the first size of MTASTSReportQuota to at least \d+M"


def fill(server, today):
    """A day may have at least 1,000 rows, of which this one has used up most."""
    Database(server).run(f"UPDATE mta_sts_fetch_span SET began = {(today - 40) * 86400 * 1000000}")
    Database(server).run("INSERT INTO mta_sts_fetch_day (day, entries) VALUES "
                         f"({today - 9}, 600), ({today - 8}, 600), ({today - 7}, 600), ({today}, 900)")
    for age in 9, 8, 7, 0:
        at = (today - age) * 86400 * 1000000
        Database(server).run(
            f"INSERT INTO mta_sts_fetch VALUES ('example.com', {(today - age) * 24}, '192.0.2.0/24', '', "
            f"0, '', 'x{age}', 1, {at}, {at})")


def watch(server, *words):
    return run(server, "watch", "--runs", "1", "--resolver", "127.0.0.1@1", "--no-smtp", "--timeout", "1",
               "--no-network-names", *words, "example.com")


def full_in_log(server):
    return "\n".join(line.partition("fetch log: ")[2] for line in server.log.matching(FULL))


def full_in_watch(server):
    return "\n".join(line for line in watch(server).splitlines() if "new: " in line and FULL_ID in line)


def full_in_watch_json(server):
    (one,) = (one for one in json.loads(watch(server, "--json", "--state", server.root / "state/json"))["changes"]
              if one.get("id") == FULL_ID)
    assert one["severity"] == "warning", one
    return f"{one['message']} {one['fix']}"


def full_on_page(server):
    found = status_page.page(server)
    assert "Action needed. The fetch log is full: its oldest day is deleted before its time." in found.text
    return found.text.partition("Warnings")[2]


def full_in_json(server):
    found = status_page.data(server)
    (one,) = found["findings"]
    assert (found["verdict"], one["severity"], one["id"]) == ("warning", "warning", FULL_ID)
    return f"{one['message']} {one['fix']}"


FULL_VIEWS = [full_in_log, full_in_watch, full_in_watch_json, full_on_page, full_in_json]


def test_the_oldest_days_are_deleted_when_the_log_is_full_and_all_views_say_for_how_many_it_suffices(make):
    server = begin(make, "MTASTSReportQuota 10M 1M", more=status_page.LOCATION, expected=(FULL,))
    wait_for_log(server)
    assert status_page.data(server)["findings"] == []
    server.stop()
    today = int(time.time()) // 86400
    fill(server, today)
    server.start()
    # One at a time: a flood of requests does not delete all of the record.
    days = "SELECT agent FROM mta_sts_fetch ORDER BY hour"
    process.wait_for(lambda: [one["agent"] for one in Database(server).run(days)] == ["x8", "x7", "x0"],
                     "the oldest day to be deleted")
    since = time.strftime("%Y-%m-%d 00:00", time.gmtime((today - 8) * 86400))
    for view in FULL_VIEWS:
        said = view(server)
        assert f"suffices for about 3 of the 90 days of MTASTSFetchLogKeep; requests before {since}" in said, view
        assert re.search(FULL_FIX, said), view
    printed = run(server, "fetches", "--since", "30d", "example.com")
    assert f"Requests before {since}" in printed, printed
    assert status_page.metrics(server)[1]["mta_sts_fetch_log_full"] == 1
    # A quota that suffices ends it at once.
    server.configure(conf("MTASTSReportQuota 1G 1M") + status_page.LOCATION, modules=("remoteip",))
    server.graceful()
    process.wait_for(lambda: status_page.metrics(server)[1]["mta_sts_fetch_log_full"] == 0, "the new quota")
    assert status_page.data(server)["findings"] == []
    assert "Warnings" not in status_page.page(server).text
    assert "resolved: this machine: fetch log" in watch(server)


def test_full_addresses_of_a_clock_that_was_ahead_are_replaced(make):
    server = begin(make, "MTASTSFetchLog address")
    wait_for_log(server)
    server.stop()
    hour = int(time.time()) // 3600 + 24
    Database(server).run(
        f"INSERT INTO mta_sts_fetch VALUES ('example.com', {hour}, '192.0.2.0/24', '192.0.2.3', 0, '', "
        f"'x', 1, {hour * 3600000000}, {hour * 3600000000})")
    server.start()
    recorded(server, {("example.com", "192.0.2.0/24", "", SERVED, "", "x"): 1})


OLD = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) "
       "INSERT INTO mta_sts_fetch SELECT 'd' || i || '.example', 400000 + i % 1000, '192.0.2.0/24', '', 0, "
       "'', 'x', 1, 1440000000000000, 1440000000000000 FROM n")


def old_rows(server):
    return Database(server).run("SELECT count(*) AS n FROM mta_sts_fetch WHERE id = ''")[0]["n"]


# How many of them there are when a request is recorded, and the seconds of the clock by then.
SEEN = ("CREATE TABLE seen (old INTEGER, at REAL); CREATE TRIGGER seen AFTER INSERT ON mta_sts_fetch "
        "WHEN NEW.domain = 'example.com' BEGIN INSERT INTO seen SELECT count(*), "
        "(julianday('now') - 2440587.5) * 86400 FROM mta_sts_fetch WHERE id = ''; END")


def test_other_work_does_not_wait_until_all_old_rows_are_deleted(make):
    server = begin(make)
    wait_for_log(server)
    server.stop()
    Database(server).run(OLD)
    for statement in SEEN.split("; ", 1):
        Database(server).run(statement)
    server.start()
    process.wait_for(lambda: old_rows(server) < 300000, "the first deleted rows")
    fetch(server)
    began = time.time()
    seen = process.wait_for(lambda: Database(server).run("SELECT * FROM seen"), "the request")[0]
    # A fast machine deletes everything within the five seconds after which requests are recorded.
    assert seen["old"] > 0 or seen["at"] - began < 8, f"it waited until everything was deleted: {seen}"


@pytest.mark.parametrize("lines, headers, network", [
    ("", [], ""), ("", ["X-Client: 192.0.2.1"], ""),
    (REMOTE, ["X-Client: 192.0.2.1"], "192.0.2.0/24")],
    ids=("without mod_remoteip", "with a header only", "with both"))
def test_the_address_of_a_proxy_is_never_that_of_a_client(make, lines, headers, network):
    server = make().configure("LogLevel mta_sts:info\n" + proxied(HOST, MX),
                              modules=("remoteip",) if lines else ())
    text = re.sub("(?m)^RemoteIP.*\n", "", server.conf_file.read_text())
    server.conf_file.write_text(text + lines)
    server.start()
    policy.check(server.fetch(HOST, headers=headers))
    recorded(server, {served(network): 1})
    said = server.log.matching(r"mod_remoteip.*\[fetches-proxy\]$")
    assert len(said) == (0 if lines else 1)
    assert "networks that were not recorded" in run(server, "fetches", "example.com") or network


def test_nothing_is_recorded_when_it_is_off(make):
    server = begin(make, "MTASTSFetchLog off")
    fetch(server)
    time.sleep(7)
    assert rows(server) == {}
    assert Database(server).run("SELECT * FROM mta_sts_fetch_span") == []


def test_what_no_policy_was_served_for_is_recorded_without_the_names_of_strangers(make):
    site = "<VirtualHost 127.0.0.1:@HTTP@>\nServerName http://plain.example\n</VirtualHost>\n"
    server = begin(make, "MTASTSReportDomain planned.example", more=site + proxied("www.example.com"))
    assert fetch(server, host="mta-sts.stranger.example").status == 404
    assert fetch(server, host="mta-sts.planned.example").status == 404
    assert fetch(server, host="example.com").status == 404
    assert fetch(server, "198.51.100.1", host="www.example.com").status == 404
    assert fetch(server, host="plain.example").status == 404
    recorded(server, {
        ("", "192.0.2.0/24", "", UNKNOWN, "", ""): 1,
        ("planned.example", "192.0.2.0/24", "", WRONG_HOST, "", ""): 1,
        ("example.com", "192.0.2.0/24", "", WRONG_HOST, "", ""): 1,
        ("", "198.51.100.0/24", "", WRONG_HOST, "", ""): 1,
        ("", "192.0.2.0/24", "", PLAIN_HTTP, "", ""): 1})


def test_hosts_that_only_a_wildcard_serves_are_not_recorded_by_name(make):
    server = make().configure(REMOTE + proxied("mta-sts.example.com", MX, "mta-sts.*"),
                              modules=("remoteip",)).start()
    for host in (HOST, "mta-sts.one.example", "mta-sts.two.example"):
        policy.check(fetch(server, host=host))
    recorded(server, {served(): 1, served(domain=""): 2})


def test_counts_survive_reloads_and_killed_children(make):
    server = begin(make)
    fetch(server)
    server.graceful()
    fetch(server)
    for child in server.children():
        os.kill(child, signal.SIGKILL)
    process.wait_for(lambda: server.has_unprivileged_children(), "new children")
    fetch(server)
    server.restart()
    fetch(server)
    recorded(server, {served(): 4})
    spans = Database(server).run("SELECT host, began, noted FROM mta_sts_fetch_span")
    assert [span["host"] for span in spans] == [socket.gethostname()]
    assert spans[0]["began"] < spans[0]["noted"]


def test_a_new_policy_is_recorded_with_its_id_at_once(make):
    server = begin(make)
    fetch(server)
    server.configure(conf() .replace(MX, MX + "MTASTSMode enforce\n"), modules=("remoteip",))
    server.graceful()
    strict = policy.text("mx1.example.com", mode="enforce")
    policy.check(fetch(server), strict)
    recorded(server, {served(): 1, served(text=strict): 1})


def flood(server, count):
    """Over one connection, from one network each."""
    sent = b"".join(
        f"GET {policy.PATH} HTTP/1.1\r\nHost: {HOST}\r\nX-Client: 10.{i >> 8}.{i & 255}.1\r\n"
        f"{'Connection: close' if i == count - 1 else ''}\r\n\r\n".replace("\r\n\r\n\r\n", "\r\n\r\n")
        .encode() for i in range(count))
    return client.talk(server.ports["http"], sent).count(b"HTTP/1.1 200")


def test_a_burst_of_networks_is_bounded_and_what_is_lost_is_said(make):
    count = 12000  # more than the table holds
    server = begin(make, expected=[LOST], more="MaxKeepAliveRequests 0\n"
                   "<Location /status>\nSetHandler mta-sts-status\n</Location>\n")
    assert flood(server, count) == count

    def total():
        lost = Database(server).run("SELECT requests FROM mta_sts_fetch_loss")
        return sum(rows(server).values()) + sum(row["requests"] for row in lost)
    process.wait_for(lambda: total() == count, "all of them", 60)
    assert len(rows(server)) <= 2 * 201  # the burst may last into the next hour
    lines = server.log.matching(LOST)
    assert len(lines) in (1, 2) and "MTASTSFetchLog off" in lines[0]
    metrics = server.fetch_plainly(HOST, "/status?format=prometheus").body.decode()
    lost, = re.findall(r"^mta_sts_fetches_lost_total (\d+)$", metrics, re.M)
    assert 0 < int(lost) < count


def test_the_command_lists_what_is_recorded(make):
    server = begin(make)
    assert fetch(server, host="mta-sts.stranger.example").status == 404
    for _ in range(2):
        fetch(server, agent="Postfix/3.10")
    recorded(server, {served(agent="Postfix"): 2, ("", "192.0.2.0/24", "", UNKNOWN, "", ""): 1})
    found = json.loads(run(server, "fetches", "--since", "all", "--format", "json", "Example.com."))
    assert sum(one["requests"] for one in found["fetches"]) == 2
    one = found["fetches"][0]
    assert (one["network"], one["address"], one["outcome"], one["policy_id"], one["agent"]) == \
        ("192.0.2.0/24", None, "served", identity(POLICY), "Postfix")
    assert one["first_at"] <= one["last_at"]
    assert (found["domain"], found["is_complete"], found["machines"], found["gaps"], found["lost"]) == \
        ("example.com", True, 1, [], 0)
    text = run(server, "fetches", "example.com")
    assert "192.0.2.0/24  served  " in text and f"id {identity(POLICY)}  Postfix" in text
    assert f"{socket.gethostname()} recorded nothing." in text  # in the days before
    assert "  192.0.2.0/24  unknown-domain  1 request, " in run(server, "fetches", "other")
    assert "No requests are recorded for example.net." in run(server, "fetches", "example.net")
