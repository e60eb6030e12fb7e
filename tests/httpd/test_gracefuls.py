# SPDX-License-Identifier: Apache-2.0
"""Many graceful restarts with a configuration that changes, while policies are fetched and reports
are posted: no request fails, nothing that was acknowledged is lost, and nothing grows."""

import itertools
import os

import pytest

import policy
import process
import report
from httpd import MPMS
from meanwhile import Meanwhile
from report import Spool, make, packed, post

pytestmark = [pytest.mark.slow, pytest.mark.long]

IS_LONG = bool(os.environ.get("MTA_STS_LONG"))
GRACEFULS = 200 if IS_LONG else 8
# Allocators need some rounds to settle; only the long run goes on long enough to judge memory.
WARM_UP = 20 if IS_LONG else 3
GROWTH = 1024  # KiB
POSTERS = FETCHERS = 2
CHANGES = ["", "MTASTSReportQuota 512M 32M\n", "MTASTSReportKeep 300\n",
           "<MTASTSPolicy example.net>\nMTASTSMx mx.example.net\n</MTASTSPolicy>\n",
           "MTASTSReportMaxSize 2M 20M\n"]


class Load(Meanwhile):
    """Requests of several clients, each over a connection of its own."""

    def __init__(self, server):
        self.server = server
        self.numbers = itertools.count(1)
        self.acknowledged, self.fetched = [], 0
        super().__init__(*[self.post] * POSTERS, *[self.fetch] * FETCHERS)

    def post(self):
        """From many networks, of which none sends more than its share."""
        number = next(self.numbers)
        answer = post(self.server, packed(make(number)),
                      client_ip=f"{11 + number % 64}.{number % 200}.0.1")
        assert answer.status == 201, (number, answer)
        self.acknowledged.append(number)

    def fetch(self):
        policy.check(self.server.fetch())
        self.fetched += 1


@pytest.mark.parametrize("mpm", MPMS)
def test_gracefuls_with_a_changing_configuration_fail_no_request_and_lose_no_report(make_with, mpm):
    conf = "MTASTSReportLimit 1000000\n" + report.conf()
    server = make_with(mpm=mpm).configure(conf)
    server.start()
    with Load(server) as load:
        for number in range(GRACEFULS):
            server.configure(CHANGES[number % len(CHANGES)] + conf)
            server.graceful()
            if number == WARM_UP - 1:
                resident = process.resident_kib(server.pid)
                files = process.open_files(server.pid)
    grown = process.resident_kib(server.pid) - resident
    print(f"{mpm}: {load.fetched} policies, {len(load.acknowledged)} reports, {grown} KiB")
    assert load.failures == []
    assert load.fetched >= GRACEFULS and len(load.acknowledged) >= GRACEFULS
    assert process.open_files(server.pid) == files
    spool = Spool(server)
    assert {report.digest(make(number)) for number in load.acknowledged} <= set(spool.files())
    spool.check()
    if IS_LONG:
        assert grown <= GROWTH
