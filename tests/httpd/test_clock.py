# SPDX-License-Identifier: Apache-2.0
"""A clock that is wrong, or is set while httpd runs: no report is lost by it, and nobody waits."""

import calendar
import os
import socket
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

import policy
import process
import report
from clock import Clock
from database import Database, indexed
from report import Spool, make, packed, post
from status_page import LOCATION, data, page

pytestmark = [pytest.mark.slow, pytest.mark.long]

DAY = 86400
EARLIEST = calendar.timegm((2020, 1, 1, 0, 0, 0))  # before it, a date is one that was not set yet
AT_START = (r"\[mta_sts:error\].*httpd started at a date that is more than a day after the last one at "
            r"which it ran.*\[clock-jumped\]$")
LEAPT = r"\[mta_sts:error\].*clock of this machine was set while httpd was running.*\[clock-jumped\]$"


def store_report(server, number):
    assert post(server, packed(make(number))).status == 201


def test_a_clock_that_is_set_forward_removes_no_report_and_one_that_stays_so_does(make_with):
    server = make_with([LEAPT]).configure("MTASTSReportKeep 30\n" + report.conf())
    clock = Clock(server)
    server.start()
    store_report(server, 1)
    indexed(server, [1])
    for number, ahead in enumerate((800 * DAY, 0, 900 * DAY), 2):
        clock.set(ahead)
        server.graceful()  # what is known of the clock is not forgotten
        store_report(server, number)
        indexed(server, range(1, number + 1))
        policy.check(server.fetch())
    Spool(server).check()
    server.stop()
    logged = len(server.log.matching(LEAPT))
    stayed = time.time() + 900 * DAY - 3600
    os.utime(server.root / "state/last-date", (stayed, stayed))  # for a day
    server.start()
    store_report(server, 5)
    indexed(server, [4, 5])  # one came on that day
    assert len(server.log.matching(LEAPT)) == logged


def test_after_the_clock_was_set_back_nobody_is_locked_out_and_the_index_settles(start_at):
    server, clock = start_at("MTASTSReportLimit 1\n", [r"\[report-limited\]$"])
    clock.set(5 - int(time.time()) % 60)  # a minute has just begun
    store_report(server, 1)
    assert post(server, packed(make(2))).status == 503
    clock.set(-400 * DAY)
    store_report(server, 2)
    indexed(server, [1, 2])
    directories = {report.digest(make(number))[:2] for number in (1, 2)}
    process.wait_for(lambda: {f"{row['directory']:02x}" for row in Database(server).run(
        "SELECT directory FROM tlsrpt_directory")} >= directories, "each directory to be known as it is now")


def is_read(stream):
    """Whether httpd has read everything that was sent to it."""
    ends = [f":{stream.getpeername()[1]:04X}", f":{stream.getsockname()[1]:04X}"]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(ends[0]) and row[2].endswith(ends[1]) and row[4].endswith(":00000000")
               for row in rows)


def test_a_request_that_began_in_the_minute_before_counts_in_the_minute_in_which_it_is_complete(start_at):
    server, clock = start_at("MTASTSReportLimit 1\n", [r"\[report-limited\]$"])
    seconds = 5 - int(time.time()) % 60  # a minute has just begun
    clock.set(seconds)
    begun, rest = report.request(packed(make(9))).split(b"\r\n", 1)
    with socket.create_connection(("127.0.0.1", server.ports["http"]), 30) as stream:
        stream.sendall(begun + b"\r\n")
        process.wait_for(lambda: is_read(stream), "the request line to be read")
        clock.set(seconds + 60)
        store_report(server, 1)
        assert post(server, packed(make(2))).status == 503
        stream.sendall(rest)
        assert stream.recv(100).startswith(b"HTTP/1.1 503 ")
    assert post(server, packed(make(3))).status == 503


def received(server):
    """The time of receipt of each report, according to the index."""
    return sorted(row["received"] / 1e6 for row in Database(server).run(
        "SELECT received FROM tlsrpt_report"))


def stamps(server):
    """The same, according to the header lines of the files."""
    return sorted(path.read_bytes().split(b" ", 3)[2].decode()
                  for path in Spool(server).files().values())


def test_httpd_that_starts_with_a_date_to_come_removes_nothing_before_the_time_is_synchronized(
        make_with):
    server = make_with([AT_START]).configure("MTASTSReportKeep 30\n" + LOCATION + report.conf())
    clock = Clock(server)
    server.start()
    store_report(server, 1)
    indexed(server, [1])
    process.wait_for(lambda: (server.root / "state/last-date").exists(), "the date to be noted")
    server.stop()
    clock.set(3650 * DAY)
    for number in (2, 3):  # it is restarted once more before the time is synchronized
        server.start()
        store_report(server, number)
        indexed(server, range(1, number + 1))
        process.wait_for(lambda: len(server.log.matching(AT_START)) == number - 1, "the warning")
        data(server, "?since=all")
        server.stop()
    clock.set(0)
    server.start()
    indexed(server, [1, 2, 3])
    policy.check(server.fetch())
    Spool(server).check()
    # Those of the wrong date get the date at which it is known to be right.
    now = time.time()
    process.wait_for(lambda: max(received(server)) < now + 600, "the dates to be corrected")
    assert all(stamp[:10] <= f"{datetime.now(timezone.utc):%Y-%m-%d}" for stamp in stamps(server))


def test_a_report_that_came_before_the_date_was_set_neither_expires_nor_keeps_that_date(make_with):
    server = make_with().configure("MTASTSReportKeep 30\n" + LOCATION + report.conf())
    clock = Clock(server)
    clock.set(10 * DAY - int(time.time()))  # 1970
    server.start()
    store_report(server, 1)
    indexed(server, [1])
    assert received(server) == [EARLIEST]
    clock.set(0)
    process.wait_for(lambda: abs(received(server)[0] - time.time()) < 120, "the date to be corrected")
    assert stamps(server)[0][:10] == f"{datetime.now(timezone.utc):%Y-%m-%d}"
    store_report(server, 2)
    indexed(server, [1, 2])
    Spool(server).check()


@pytest.fixture
def start_at(make_with):
    """(httpd, its clock) with more in its configuration"""
    def start(conf, expected=()):
        server = make_with(expected).configure(conf + report.conf())
        clock = Clock(server)
        return server.start(), clock
    return start


DATES = {
    "a leap day, on the other side of the world": ("2028-02-29 23:59", "Pacific/Kiritimati"),
    "the night in which summer ends": ("2029-10-28 02:30", "Europe/Berlin"),
    "beyond 31 bits of seconds": ("2038-01-20 00:00", "America/New_York"),
    "beyond 32 bits of seconds": ("2106-02-08 00:00", "UTC"),
    "before there was RFC 8460": ("1999-12-31 23:59", "UTC"),
}


@pytest.mark.parametrize("what", DATES)
def test_reports_are_stored_and_shown_at_any_date(make_with, what):
    date, zone = DATES[what]
    now = calendar.timegm(time.strptime(date, "%Y-%m-%d %H:%M"))
    server = make_with().configure(LOCATION + report.conf())
    Clock(server, zone).set(now - int(time.time()))
    server.start()
    store_report(server, 1)
    indexed(server, [1])
    row, = Database(server).run("SELECT received FROM tlsrpt_report")
    assert 0 <= row["received"] / 1e6 - max(now, EARLIEST) < 120
    assert post(server, packed(make(1))).status == 200
    policy.check(server.fetch())
    last, = data(server, "?since=all")["reports"]["latest"]
    received = datetime.fromtimestamp(row["received"] // 1000000, timezone.utc)
    assert last["received_at"] == received.strftime("%Y-%m-%dT%H:%M:%SZ")
    page(server, "?since=all")
    Spool(server).check()


@pytest.mark.parametrize("years", [-20, -1, 1])
def test_a_clock_that_was_wrong_at_boot_does_not_lengthen_what_is_recorded(make_with, years):
    """A machine without a hardware clock begins in 1970, or when it was last switched off."""
    server = make_with().configure(report.conf())
    server.log.possible.append(r"\[clock-jumped\]$")
    clock = Clock(server)
    clock.set(years * 365 * DAY)
    server.start()

    def recorded(statement):
        return [row["at"] / 1000000 - time.time() for row in Database(server).run(statement)]

    def began():
        return recorded("SELECT first_served AS at FROM mta_sts_history")

    def spans():
        return recorded("SELECT began AS at FROM mta_sts_fetch_span ORDER BY noted - began")

    process.wait_for(lambda: began() and spans(), "the record")
    assert began()[0] == pytest.approx(years * 365 * DAY, abs=60)
    clock.set(0)
    process.wait_for(lambda: abs(began()[0]) < 60, "the history to be corrected", 30)
    policy.check(server.fetch())
    process.wait_for(lambda: any(abs(at) < 60 for at in spans()), "another span", 90)
    wrong, = (row for row in Database(server).run("SELECT began, noted FROM mta_sts_fetch_span")
              if abs(row["began"] / 1000000 - time.time()) > DAY)
    assert wrong["noted"] - wrong["began"] < 90 * 1000000, "what was recorded by the wrong clock"


AHEAD = r"started at a date that is more than a day after.*some {} have expired.*\[clock-jumped\]$"


def test_a_date_to_come_deletes_neither_the_history_nor_the_fetch_log_before_it_is_trusted(make_with):
    what = [AHEAD.format("requests in the fetch log"), AHEAD.format("policies in the history")]
    server = make_with(what).configure("MTASTSFetchLogKeep 30\n" + report.conf())
    clock = Clock(server)
    server.start()
    policy.check(server.fetch())

    def rows(table):
        return Database(server).run(f"SELECT * FROM {table}")

    process.wait_for(lambda: rows("mta_sts_fetch") and rows("mta_sts_history"), "the record")
    server.stop()
    Database(server).run("UPDATE mta_sts_history SET last_served = first_served + 1, id = 'an earlier one'")
    clock.set(900 * DAY)
    server.start()
    process.wait_for(lambda: all(map(server.log.matching, what)), "both to be logged", 30)
    assert len(rows("mta_sts_history")) == 2 and len(rows("mta_sts_fetch")) == 1
    assert len(server.log.matching("clock-jumped")) == 2
    server.stop()
    stayed = time.time() + 900 * DAY - 3600
    os.utime(server.root / "state/last-date", (stayed, stayed))  # for a day
    server.start()
    process.wait_for(lambda: len(rows("mta_sts_history")) == 1 and not rows("mta_sts_fetch"), "the end", 30)
    assert len(server.log.matching("clock-jumped")) == 2
