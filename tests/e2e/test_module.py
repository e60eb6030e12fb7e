# SPDX-License-Identifier: Apache-2.0
"""The module's life on a Debian machine: switched on, reloaded many times, purged."""

import os
from pathlib import Path

import pytest

from lab.apache import MPMS, site_text
from lab.domain import MailDomain, policy_text
from lab.load import Load
from lab.log import Log

LONG = os.environ.get("MTA_STS_LONG") == "1"
GRACEFULS = 100 if LONG else 10
# Allocators need some rounds to settle; only the long run goes on long enough to judge memory.
WARM_UP = 20 if LONG else 3
RSS_GROWTH = 1024

SHARED_OBJECT = Path("/usr/lib/apache2/modules/mod_mta_sts.so")
LINES = """\
    <IfModule mod_mta_sts.c>
        MTASTSMode enforce
        MTASTSMx mx1.lab.test
    </IfModule>"""
POLICY = policy_text("enforce", "mx1.lab.test")


@pytest.fixture(scope="module")
def domain(module, certbot, dns, sites):
    """A policy that is served, with its directives in <IfModule>."""
    domain = MailDomain(dns, "lived.test")
    sites(domain.host, site_text(domain.host, LINES))
    certbot.apache(domain.host)
    return domain


@pytest.fixture
def standard_mpm(apache):
    yield
    apache.use_mpm("event")


@pytest.fixture
def purged(domain, apache):
    """The module as `apt-get purge` leaves it: gone, with the admin's sites still there."""
    kept = SHARED_OBJECT.read_bytes()
    apache.disable_module("mta_sts")
    SHARED_OBJECT.unlink()
    yield
    SHARED_OBJECT.write_bytes(kept)
    apache.enable_module("mta_sts")
    apache.graceful()


def test_one_reload_after_a2enmod_is_enough(domain, apache):
    apache.disable_module("mta_sts")
    apache.graceful()
    assert domain.fetch().status == 404
    apache.enable_module("mta_sts")
    apache.graceful()
    response = domain.fetch()
    assert (response.status, response.body) == (200, POLICY)


def test_purging_the_module_leaves_configtest_and_renewals_working(
        domain, purged, apache, certbot):
    apache.configtest()
    apache.graceful()
    before = domain.fetch().serial
    certbot.renew(domain.host)
    apache.graceful()
    assert domain.fetch().serial != before


@pytest.mark.parametrize("mpm", MPMS)
def test_gracefuls_under_load_fail_no_request_and_leak_nothing(
        domain, standard_mpm, apache, mpm):
    apache.use_mpm(mpm)
    assert apache.mpm() == mpm
    log = Log(apache.error_log.path)
    with Load(domain, POLICY) as load:
        for _ in range(WARM_UP):
            apache.graceful()
        rss, files = apache.rss(), apache.open_files()
        for _ in range(GRACEFULS - WARM_UP):
            apache.graceful()
        grown, files_now = apache.rss() - rss, apache.open_files()
    print(f"{mpm}: {load.requests} requests, {grown} KiB")
    assert load.requests > 100
    assert load.failures == []
    assert files_now == files
    assert log.lines("exit signal") == []
    assert domain.fetch().body == POLICY
    apache.assert_children_unprivileged()
    if LONG:
        assert grown <= RSS_GROWTH
