# SPDX-License-Identifier: Apache-2.0
"""How many reports are taken in: from one address, and in all; and what the log says of it."""

import os
import re
import signal

import pytest

import policy
import process
import report
from database import noted
from report import Spool, make, packed, post

# As a filter of fail2ban reads these lines.
FAIL2BAN = (r"^\[[^]]*\] \[mta_sts:warn\] \[pid [^]]*\] \[client (?P<host>[0-9a-f.:]+?)(:\d+)?\] "
            r"report rejected: .* \[report-[a-z-]+\]$")
ONE_CHILD = ("StartServers 1\nServerLimit 1\nThreadsPerChild 32\nMinSpareThreads 1\n"
             "MaxRequestWorkers 32\n")
NOISE = bytes(range(256)) * 16


def bulky(number, size):
    """A report of so many bytes as sent."""
    body = make(number)
    return body[:-1] + b" " * (size - len(body)) + b"}"


def start_counted(start, body):
    """With a quota; once the disk has been counted, so that no count comes in between."""
    server = start("MTASTSReportQuota 1M 1M\n" + body + report.conf(),
                   expected=[r"\[report-quota\]$"])
    noted(server, policy.POLICY)
    return server


def refusals(server, outcome):
    return server.log.matching(rf"report rejected: .*\[report-{outcome}\]$")


def remote(*lines):
    return "RemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.1\n" + "".join(lines)


def test_the_number_of_new_reports_per_address_and_minute_is_limited(start):
    server = start("MTASTSReportLimit 5\n" + remote() + report.conf(), modules=["remoteip"],
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
    server = start("MTASTSReportLimit 3\n" + remote() + report.conf(), modules=["remoteip"],
                   expected=[r"\[report-limited\]$"])
    statuses = [post(server, packed(make(number)),
                     headers=[f"X-Client: 2001:db8:1:2::{number + 1:x}"]).status
                for number in range(12)]
    assert statuses[:3] == [201] * 3 and statuses.count(503) >= 6
    assert post(server, packed(make(50)), headers=["X-Client: 2001:db8:1:3::1"]).status == 201


def test_repeated_reports_do_not_count(start):
    server = start("MTASTSReportLimit 2\n" + report.conf())
    assert [post(server, packed(make())).status for _ in range(10)] == [201] + [200] * 9
    assert post(server, packed(make(1))).status == 201


def test_refusals_are_logged_once_per_minute_and_address_for_fail2ban(start):
    server = start(remote() + "MTASTSReportMaxSize 1K 1M\n" + report.conf(),
                   modules=["remoteip"], expected=[r"\[report-[a-z-]+\]$"])
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
    server = start(remote() + report.conf(), modules=["remoteip"],
                   expected=[r"\[report-invalid\]$"])
    for number in range(330):
        post(server, b"hello", headers=[f"X-Client: 192.0.{number // 250}.{number % 250}"])
    assert 100 <= len(refusals(server, "invalid")) <= 300  # of three minutes at most


def test_a_report_refused_for_lack_of_space_does_not_count_against_its_sender(start):
    server = start_counted(start, "MTASTSReportLimit 15\n")
    answers = [post(server, bulky(number, 100000)) for number in range(40)]
    assert {answer.header("Retry-After") for answer in answers[10:]} == {"3600"}


def test_a_report_that_could_not_be_written_does_not_count_against_its_sender(start):
    server = start("MTASTSReportLimit 5\n" + report.conf(), expected=[r"\[report-not-stored\]$"])
    reports = server.root / "state/reports"
    reports.rename(reports.with_name("aside"))
    reports.write_text("in the way")
    answers = [post(server, packed(make(number))) for number in range(12)]
    assert {answer.header("Retry-After") for answer in answers} == {"600"}
    reports.unlink()
    reports.with_name("aside").rename(reports)
    assert post(server, packed(make())).status == 201


def test_a_full_spool_refuses_new_reports_and_knows_the_old_ones(start):
    server = start_counted(start, "MTASTSReportLimit 10000\n")
    statuses = [post(server, bulky(number, 100000)).status for number in range(12)]
    assert statuses == [201] * 10 + [503] * 2
    answer = post(server, bulky(77, 100000))
    assert answer.header("Retry-After") == "3600"
    assert answer.body == b"The report was rejected: there is no room left for reports.\n"
    assert server.log.matching(
        r"the spool is full: 1M bytes \(see MTASTSReportQuota\) \[report-quota\]$")
    assert post(server, bulky(0, 100000)).status == 200
    assert post(server, bulky(0, 100000)[:-1]).status == 202  # the quarantine has its own
    assert refusals(server, "quota")
    policy.check(server.fetch())
    server.graceful()
    assert post(server, bulky(78, 100000)).status == 503
    for path in list(Spool(server).files().values())[:5]:
        path.unlink()
    server.restart()  # what is there is counted again
    assert post(server, bulky(79, 100000)).status == 201
    assert len(Spool(server).files()) == 6


def test_files_removed_by_others_are_recounted_by_the_watchdog(start):
    server = start_counted(start, "MTASTSReportLimit 10000\n" + ONE_CHILD)
    assert [post(server, bulky(number, 100000)).status for number in range(11)] == \
        [201] * 10 + [503]
    for path in list(Spool(server).files().values())[:5]:
        path.unlink()
    assert post(server, bulky(20, 100000)).status == 503  # it is not counted at each report
    child, = [pid for pid in server.children() if not process.is_zombie(pid)]
    os.kill(child, signal.SIGKILL)  # a new watchdog begins with it; else it does so each ten minutes
    process.wait_for(lambda: server.children() - {child}, "another child")
    process.wait_for(lambda: post(server, bulky(20, 100000)).status == 201, "room")


def test_repeated_or_refused_reports_use_no_space(start):
    server = start_counted(start, "MTASTSReportLimit 10000\n")
    assert [post(server, bulky(0, 100000)).status for _ in range(30)] == [201] + [200] * 29
    assert [post(server, bulky(number, 100000)).status for number in range(1, 10)] == [201] * 9
    assert [post(server, bulky(number, 900000)).status for number in range(20, 25)] == [503] * 5
    assert post(server, packed(make())).status == 201


def test_a_full_quarantine_leaves_the_spool_alone(start):
    server = start_counted(start, "MTASTSReportLimit 10000\n")
    statuses = [post(server, bulky(number, 100000)[:-1]).status for number in range(12)]
    assert statuses == [202] * 10 + [503] * 2
    assert post(server, packed(make())).status == 201


@pytest.mark.parametrize("level, count", [("warn", 0), ("info", 1)])
def test_stored_and_quarantined_reports_are_logged_at_level_info(start, level, count):
    server = start(f"LogLevel {level}\nLogLevel mta_sts:{level}\n" + report.conf())
    for body in (make(), make(), make()[:-1]):
        post(server, body)
    assert len(server.log.matching(r"report stored \[report-new\]$")) == count
    assert len(server.log.matching(r"report stored before \[report-repeated\]$")) == count
    assert len(server.log.matching(r"report quarantined: .* \[report-quarantined\]$")) == count
