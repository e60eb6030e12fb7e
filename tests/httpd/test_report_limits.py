# SPDX-License-Identifier: Apache-2.0
"""How many reports are accepted from one address and in all, and what is logged about it."""

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

import policy
import process
import report
from database import noted
from report import Spool, make, packed, post

pytestmark = pytest.mark.slow

# As a filter of fail2ban reads these lines.
FAIL2BAN = (r"^\[[^]]*\] \[mta_sts:warn\] \[pid [^]]*\] \[client (?P<host>[0-9a-f.:]+?)(:\d+)?\] "
            r"report rejected: .* \[report-[a-z-]+\]$")
ONE_CHILD = ("StartServers 1\nServerLimit 1\nThreadsPerChild 32\nMinSpareThreads 1\n"
             "MaxRequestWorkers 32\n")
NOISE = bytes(range(256)) * 16


def bulky(number, size):
    """A report of this many bytes as sent."""
    body = make(number)
    return body[:-1] + b" " * (size - len(body)) + b"}"


def start_counted(start, body):
    """With a quota; once the disk has been counted, so that no count comes in between."""
    server = start("MTASTSReportQuota 16M 16M\n" + body + report.conf())
    server.log.possible += [r"\[report-(share|quota)\]$"]
    noted(server, policy.POLICY)
    return server


def refusals(server, outcome):
    return server.log.matching(rf"report rejected: .*\[report-{outcome}\]$")



def test_the_number_of_new_reports_per_address_and_minute_is_limited(start):
    server = start("MTASTSReportLimit 5\n" + report.conf(),
                   expected=[r"\[report-limited\]$"])

    def send(number, address):
        return post(server, packed(make(number)), headers=[f"X-Client: {address}"])

    statuses = [send(number, "192.0.2.1").status for number in range(20)]
    # A minute may end meanwhile.
    assert statuses.count(503) >= 10 and statuses[:5] == [201] * 5
    answer = next(one for one in (send(99, "192.0.2.1") for _ in range(20)) if one.status == 503)
    assert answer.header("Retry-After") == "60"
    assert answer.body == (b"The report was rejected: too many reports from this address in "
                           b"one minute.\n")
    assert server.log.matching(r"in one minute \(see MTASTSReportLimit\) \[report-limited\]$")
    assert send(100, "192.0.2.2").status == 201
    name = report.digest(make(100))
    assert b" https 192.0.2.2 " in Spool(server).files()[name].read_bytes().split(b"\n")[0]
    assert send(101, "2001:db8::1").status == 201
    policy.check(server.fetch())


def test_of_ipv6_a_whole_64_is_one_address(start):
    server = start("MTASTSReportLimit 3\n" + report.conf(),
                   expected=[r"\[report-limited\]$"])
    statuses = [post(server, packed(make(number)),
                     headers=[f"X-Client: 2001:db8:1:2::{number + 1:x}"]).status
                for number in range(12)]
    assert statuses[:3] == [201] * 3 and statuses.count(503) >= 6
    assert post(server, packed(make(50)), headers=["X-Client: 2001:db8:1:3::1"]).status == 201


@pytest.mark.parametrize("address, others", [
    ("192.0.2.{:d}", "192.0.3.1"), ("2001:db8:7:{:x}::1", "2001:db8:8::1"),
    ("64:ff9b::192.0.2.{:d}", "64:ff9b::192.0.3.1")])  # IPv4 through a translator
def test_clients_of_a_network_have_a_limit_together(start, address, others):
    server = start("MTASTSReportLimit 2\n" + report.conf(),
                   expected=[r"\[report-limited\]$"])

    def send(number, client):
        return post(server, packed(make(number)), client_ip=client)

    statuses = [send(number, address.format(number // 2)).status for number in range(60)]
    # A minute may end meanwhile.
    assert statuses[:16] == [201] * 16 and statuses.count(503) >= 20
    refused = next(one for one in (send(100 + number, address.format(40 + number // 2))
                                   for number in range(40)) if one.status == 503)
    assert b"too many reports from the network of this address in one minute" in refused.body
    assert send(99, others).status == 201


def test_a_network_of_very_many_clients_uses_up_the_limit_of_nobody_else(start):
    """The table of clients has fewer entries than a /48 has networks of clients."""
    server = start("MTASTSReportLimit 1\n" + report.conf(),
                   expected=[r"\[report-limited\]$"])
    server.log.possible.append(r"\[report-invalid\]$")
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(
            lambda client: post(server, b"hello", client_ip=f"2001:db8:0:{client:x}::1").status,
            range(24000)))
    assert set(statuses) == {415, 503}
    assert [post(server, packed(make(number)), client_ip=f"198.{number}.100.1").status
            for number in range(100)] == [201] * 100


@pytest.mark.parametrize("body, status", [(packed(make(1)), 200), (b"hello", 415)],
                         ids=["repeated", "refused"])
def test_work_is_limited_and_not_novelty(start, body, status):
    """What was stored before, and what is refused, counts as well."""
    server = start("MTASTSReportLimit 5\n" + report.conf(),
                   expected=[r"\[report-limited\]$"])
    server.log.possible.append(r"\[report-invalid\]$")
    post(server, packed(make(1)), client_ip="192.0.2.9")
    statuses = [post(server, body).status for _ in range(20)]
    # A minute may end meanwhile.
    assert statuses[:5] == [status] * 5 and statuses.count(503) >= 10


def test_refusals_are_logged_once_per_minute_and_address_for_fail2ban(start):
    server = start("MTASTSReportMaxSize 1K 1M\n" + report.conf(),
                   expected=[r"\[report-[a-z-]+\]$"])
    sent = {"invalid": b"hello", "no-policies": b"{}", "too-large": b"{" * 2000}
    for address in ("192.0.2.7", "2001:db8::7"):
        for body in sent.values():
            for _ in range(5):
                post(server, body, headers=[f"X-Client: {address}"])
    assert server.log.matching(r"than the limit \(see MTASTSReportMaxSize\) \[report-too-large\]$")
    for outcome in sent:
        hosts = [re.match(FAIL2BAN, line)["host"] for line in refusals(server, outcome)]
        assert set(hosts) == {"192.0.2.7", "2001:db8::7"}
        assert len(hosts) <= 4  # one each, or two if a minute ended meanwhile


def test_the_number_of_lines_about_refusals_per_minute_is_limited(start):
    server = start(report.conf(),
                   expected=[r"\[report-invalid\]$"])
    for number in range(330):
        post(server, b"hello", headers=[f"X-Client: 192.0.{number // 250}.{number % 250}"])
    assert 100 <= len(refusals(server, "invalid")) <= 300  # of three minutes at most


def fill(server, make_body, networks=range(40)):
    """Posts from a /24 in each of some /16s until its share is used up: the reports stored."""
    stored = []
    for network in networks:
        for number in range(30):
            body = make_body(1000 * network + number)
            answer = post(server, body, client_ip=f"10.{network}.0.1")
            if answer.status not in (201, 202):
                assert answer.header("Retry-After") == "3600"
                break
            stored.append(body)
    return stored


def test_no_network_holds_more_than_a_part_of_what_is_left(start):
    server = start_counted(start, "MTASTSReportLimit 10000\n")
    stored = [len(fill(server, lambda number: bulky(number, 100000), [network]))
              for network in (1, 2, 3, 30)]
    assert 12 <= stored[0] <= 15  # 1/8 of 12 MiB
    assert stored == sorted(stored, reverse=True) and stored[-1] >= 8
    assert refusals(server, "share")
    assert all(line.count("MTASTSReportQuota") == 1 for line in refusals(server, "share"))
    answer = post(server, bulky(77777, 100000), client_ip="10.1.0.99")
    assert answer.body == (b"The report was rejected: the networks of this address have used up their "
                           b"share of the spool.\n")
    # Neighbours have shares of their own, but the /16 has one, too: 1/4.
    neighbours = 0
    while post(server, bulky(50000 + neighbours, 100000),
               client_ip=f"10.1.{neighbours + 1}.1").status == 201:
        neighbours += 1
    assert 5 <= neighbours <= 20
    assert post(server, bulky(1000, 100000), client_ip="10.1.0.99").status == 200  # stored before


def test_the_first_report_of_a_network_on_a_day_is_stored_however_full_the_spool_is(start):
    """The attack of doc/under-attack.md with 40 networks, then honest senders."""
    server = start_counted(start, "MTASTSReportLimit 10000\n")
    fill(server, lambda number: bulky(number, 60000))
    small = [packed(make(1000000 + number)) for number in range(60)]
    statuses = [post(server, body, client_ip=f"11.{number}.0.1").status
                for number, body in enumerate(small)]
    assert statuses == [201] * 60
    assert post(server, packed(make(2000000)), client_ip="11.1.0.2").status in (201, 503)
    assert post(server, small[0], client_ip="12.1.0.2").status == 200
    for number in range(40):  # the attackers' next reports: of the same networks, on the same day
        assert post(server, bulky(3000000 + number, 60000),
                    client_ip=f"10.{number}.0.1").status == 503
    process.wait_for(lambda: server.log.matching(
        r"reports and their index use (5|6|7)\d% of MTASTSReportQuota .*: 10\.0\.0\.0/24 "
        r".* others; if .* \[report-quota\]$"), "the warning about the quota")
    policy.check(server.fetch())


def test_what_is_stored_is_known_and_counted_over_a_graceful(start):
    server = start_counted(start, "MTASTSReportLimit 10000\n")
    stored = fill(server, lambda number: bulky(number, 100000), [1])
    server.graceful()
    assert post(server, bulky(1777, 100000), client_ip="10.1.0.1").status == 503
    assert post(server, stored[0], client_ip="10.1.0.1").status == 200


def test_what_others_remove_is_counted_anew_by_the_watchdog(start):
    server = start_counted(start, "MTASTSReportLimit 10000\n" + ONE_CHILD)
    fill(server, lambda number: bulky(number, 100000), [1])
    for path in list(Spool(server).files().values())[:5]:
        path.unlink()
    assert post(server, bulky(1888, 100000), client_ip="10.1.0.1").status == 503
    child, = [pid for pid in server.children() if not process.is_zombie(pid)]
    os.kill(child, signal.SIGKILL)  # a new watchdog begins with it; else it does so each ten minutes
    process.wait_for(lambda: server.children() - {child}, "another child")
    process.wait_for(lambda: post(server, bulky(1888, 100000), client_ip="10.1.0.1").status
                     in (200, 201), "room")


def test_what_is_repeated_or_refused_takes_no_room(start):
    server = start_counted(start, "MTASTSReportLimit 10000\n")
    assert [post(server, bulky(0, 100000)).status for _ in range(30)] == [201] + [200] * 29
    assert [post(server, bulky(number, 1040000)).status for number in range(20, 50)][-5:] == [503] * 5
    assert post(server, bulky(60, 100000)).status == 201


def test_a_full_quarantine_leaves_the_spool_alone(start):
    server = start_counted(start, "MTASTSReportLimit 10000\n")
    stored = fill(server, lambda number: bulky(number, 200000)[:-1], [1])
    assert 8 <= len(stored) <= 11
    assert post(server, packed(make()), client_ip="10.1.0.1").status == 201


def test_what_could_not_be_written_is_refused_until_it_can(start):
    server = start(report.conf(), expected=[r"\[report-not-stored\]$"])
    reports = server.root / "state/reports"
    reports.rename(reports.with_name("aside"))
    reports.write_text("in the way")
    answers = [post(server, packed(make(number))) for number in range(12)]
    assert {answer.header("Retry-After") for answer in answers} == {"600"}
    reports.unlink()
    reports.with_name("aside").rename(reports)
    assert post(server, packed(make())).status == 201


@pytest.mark.parametrize("level, count", [("warn", 0), ("info", 1)])
def test_stored_and_quarantined_reports_are_logged_at_level_info(start, level, count):
    server = start(f"LogLevel {level}\nLogLevel mta_sts:{level}\n" + report.conf())
    for body in (make(), make(), make()[:-1]):
        post(server, body)
    assert len(server.log.matching(r"report stored \[report-new\]$")) == count
    assert len(server.log.matching(r"report stored before \[report-repeated\]$")) == count
    assert len(server.log.matching(r"report quarantined: .* \[report-quarantined\]$")) == count
