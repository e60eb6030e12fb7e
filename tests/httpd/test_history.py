# SPDX-License-Identifier: Apache-2.0
"""The history of served policies: which id is to be published, and until when senders hold what was
served before."""

import re

import pytest

import policy
import process
from database import FAILED, Database, noted
from httpd import MPMS, proxied
from policy import HOST, MX, POLICY, identity, text
from report import Spool

pytestmark = pytest.mark.slow

STRICT = text("mx1.example.com", mode="enforce")
CHANGED = r"\[id-changed\]$"


def id_changes(server, count):
    """The lines on new ids, which come once what changed is in the history."""
    process.wait_for(lambda: len(server.log.matching(CHANGED)) >= count, "the last of the lines")
    lines = server.log.matching(CHANGED)
    assert len(lines) == count, lines
    return lines


def blocks(count, mode):
    return proxied("www.example.com") + "".join(
        f"<MTASTSPolicy d{i}.example>\n{MX}MTASTSMode {mode}\n</MTASTSPolicy>\n"
        for i in range(count))


@pytest.mark.parametrize("mpm", MPMS)
def test_the_history_follows_the_policies_over_starts_and_logs_each_new_id_once(make_with, mpm):
    server = make_with(mpm=mpm).configure(proxied(HOST, MX)).start()
    noted(server, POLICY)
    server.graceful()
    server.configure(proxied(HOST, MX + "MTASTSMode enforce\n"))
    server.graceful()
    noted(server, POLICY, STRICT)
    line, = id_changes(server, 1)
    assert ":notice]" in line and "example.com: the policy changed: " in line
    assert f"publish the new id {identity(STRICT)} (replaces {identity(POLICY)}) now: " in line
    assert f'_mta-sts.example.com. IN TXT "v=STSv1; id={identity(STRICT)};" [id-changed]' in line
    server.restart()
    server.stop()
    server.configure(proxied(HOST, MX))
    server.start()
    noted(server, POLICY, STRICT, POLICY)
    assert f"publish the new id {identity(POLICY)} (replaces {identity(STRICT)}) now" in id_changes(server, 2)[1]


def test_many_new_ids_are_logged_in_one_line(start):
    server = start(blocks(21, "testing"))
    noted(server, POLICY, domain="d20.example")
    server.configure(blocks(21, "enforce"))
    server.graceful()
    noted(server, POLICY, STRICT, domain="d20.example")
    line, = id_changes(server, 1)
    assert "21 domains" in line and "DUMP_MTA_STS" in line


def test_a_domain_that_is_no_longer_served_ends_in_the_history(start):
    server = start(proxied(HOST, MX))
    noted(server, POLICY)
    server.configure(proxied(HOST))
    server.graceful()
    # Nothing is left to be kept: the history stays as it was.
    server.configure(proxied(HOST) + blocks(1, "testing"))
    server.graceful()
    noted(server, POLICY, domain="d0.example")
    assert Database(server).history() == [(identity(POLICY), POLICY.decode(), False)]
    assert not server.log.matching(CHANGED)


def test_what_senders_cannot_fetch_is_not_in_the_history(start):
    plain = proxied("mta-sts.example.net", MX).replace("https://", "http://")
    server = start(proxied(HOST, MX) + plain)
    noted(server, POLICY)
    assert Database(server).history("example.net") == []


# --- configtest and the history ---


def files(server):
    return {path: (path.stat().st_mtime_ns, path.stat().st_size)
            for path in (server.root / "state").rglob("*")}


def test_configtest_reads_no_history_and_leaves_it_alone(start):
    """mta-sts dns and the status page show until when senders may use an earlier policy."""
    server = start(proxied(HOST, MX))
    noted(server, POLICY)
    server.stop()
    server.configure(proxied(HOST, MX + "MTASTSMode none\nMTASTSMaxAge 1d\n"))
    before = files(server)
    for user in (None, "www-data", "nobody"):
        status, output = server.run("-t", "-D", "DUMP_MTA_STS", user=user)
        assert status == 0, output
        assert f"id {identity(text('mx1.example.com', mode='none', max_age=86400))}" in output
        assert "earlier" not in output
    assert files(server) == before
    Spool(server).check()  # nothing in it belongs to root


def test_a_damaged_database_does_not_prevent_the_dump_of_configtest(make_with):
    server = make_with([FAILED]).configure(proxied(HOST, MX)).start()
    noted(server, POLICY)
    server.stop()
    (server.root / "state/reports.db").write_bytes(b"damaged " * 1000)
    status, output = server.run("-t", "-D", "DUMP_MTA_STS")
    assert status == 0
    assert "damaged" not in output
    assert f"id {identity(POLICY)}" in output
    server.start()
    process.wait_for(lambda: server.log.matching(FAILED), "the failure to be logged")
