# SPDX-License-Identifier: Apache-2.0
"""The clock of the machine is set while httpd runs: back, far ahead, beyond 2038; and time zones."""

import calendar
import os
import time

import pytest

import policy
import process
import report
from report import Spool, make, packed, post

LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
YEAR = 365 * 86400
REMOVED = r"index of reports: .* [1-9]\d* removed for their age \[indexed\]$"
LEAPT = r"\[clock-leapt\]$"


class Clock:
    """The date that an httpd sees; the time since boot stays as it is."""

    def __init__(self, server, zone="UTC"):
        self.file = server.root / "clock"
        self.set(0)
        server.wrapper = ["env", f"LD_PRELOAD={LIBRARY}", f"FAKETIME_TIMESTAMP_FILE={self.file}",
                          "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
                          "FAKETIME_DONT_RESET=1", f"TZ={zone}"]

    def set(self, seconds):
        """So many seconds from the real time."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        os.replace(new, self.file)


@pytest.fixture
def start_with_clock(make):
    """start_with_clock(body) -> a running Httpd and its Clock"""
    def start(body, expected=(LEAPT,), zone="UTC"):
        server = make(expected).configure("LogLevel mta_sts:debug\n" + body)
        clock = Clock(server, zone)
        return server.start(), clock
    return start


def received(spool, number):
    """When a report came, by its header line: as it stands there."""
    path = spool.files()[report.digest(make(number))]
    return path.read_bytes().split(b" ", 3)[2].decode()


def indexed(server):
    return len(server.log.matching(r"index of reports: [1-9].*\[indexed\]$"))


def send(server, number):
    before = indexed(server)
    assert post(server, packed(make(number))).status == 201
    process.wait_for(lambda: indexed(server) > before, "the report to be indexed")


def test_a_clock_that_is_ahead_for_a_while_takes_no_report_away(start_with_clock):
    server, clock = start_with_clock(report.conf())
    spool = Spool(server)
    send(server, 0)
    for number, leap in enumerate((3 * YEAR, 0, 14 * YEAR, -20 * YEAR, 0), start=1):
        clock.set(leap)
        send(server, number)
        assert post(server, packed(make(number))).status == 200
        policy.check(server.fetch())
    assert len(spool.files()) == 6
    assert server.log.matching(LEAPT)
    server.graceful()  # another child, which has not seen the leap
    clock.set(30 * YEAR)
    server.graceful()
    send(server, 9)
    assert len(spool.files()) == 7 and not server.log.matching(REMOVED)
    spool.check()


def test_a_client_that_reached_its_limit_is_let_in_again_after_the_clock_was_set_back(
        start_with_clock):
    limited = r"\[report-limited\]$"
    server, clock = start_with_clock("MTASTSReportLimit 2\n" + report.conf(), [limited])
    for turn, leap in enumerate((10 * YEAR, 0, -10 * YEAR)):
        clock.set(leap)
        bodies = [packed(make(1000 * turn + number)) for number in range(12)]
        statuses = [post(server, body).status for body in bodies]
        assert statuses[:2] == [201] * 2 and 503 in statuses


DATES = ("2028-02-29T23:59:30", "2038-01-19T03:14:00", "2100-02-28T23:59:30")


@pytest.mark.parametrize("zone", ("Pacific/Kiritimati", "America/St_Johns"))
def test_whatever_the_zone_and_the_day_a_report_is_kept_with_its_time(start_with_clock, zone):
    server, clock = start_with_clock(report.conf(), zone=zone)
    spool = Spool(server)
    for number, date in enumerate(DATES):
        wanted = calendar.timegm(time.strptime(date, "%Y-%m-%dT%H:%M:%S"))
        clock.set(round(wanted - time.time()))
        send(server, number)
        found = received(spool, number)
        seconds = calendar.timegm(time.strptime(found[:19], "%Y-%m-%dT%H:%M:%S"))
        assert 0 <= seconds - wanted + 2 < 120, (found, date)
    assert len(spool.files()) == len(DATES)
    spool.check()
