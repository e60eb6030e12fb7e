# SPDX-License-Identifier: Apache-2.0
"""What a start says in the error log."""

import re

import pytest

import policy
from httpd import proxied
from policy import HOST, MX, text

pytestmark = pytest.mark.slow


def served_lines(server):
    return server.log.matching(r"\[mta_sts:info\].*\[policy-served\]$")


def test_each_start_logs_one_line_per_policy(start):
    server = start(proxied(HOST, MX)
                   + "<MTASTSPolicy example.net>\nMTASTSMx a.example b.example\nMTASTSMode none\n"
                   "MTASTSMaxAge 1d\n</MTASTSPolicy>\n")
    lines = served_lines(server)
    assert len(lines) == 2
    for domain, mode, line, served in (
            ("example.com", "testing", 3, policy.POLICY),
            ("example.net", "none", 6, text("a.example", "b.example", mode="none",
                                            max_age=86400))):
        entry = next(line for line in lines if f" {domain}: " in line)
        assert f"mode {mode}" in entry
        assert policy.identity(served) in entry
        assert f"{server.conf_file}:{server.line + line}" in entry
    server.graceful()
    assert len(served_lines(server)) == 4
    server.restart()
    assert len(served_lines(server)) == 6


def blocks(count):
    return "".join(f"<MTASTSPolicy d{i}.example>\nMTASTSMx mx{i}.example\n</MTASTSPolicy>\n"
                   for i in range(count)) + proxied("www.example.com")


def test_twenty_policies_are_listed(start):
    lines = served_lines(start(blocks(20)))
    assert {re.search(r"(d\d+\.example): ", line)[1] for line in lines} == \
        {f"d{i}.example" for i in range(20)}
    assert len(lines) == 20


def test_above_twenty_policies_are_summed_up(start):
    lines = served_lines(start(blocks(21)))
    assert len(lines) == 1
    assert re.search(r"\b21 policies\b", lines[0])


def test_log_level_warn_hides_it(start):
    server = start("LogLevel warn\n" + proxied(HOST, MX))
    assert served_lines(server) == []
    policy.check(server.fetch())


def test_a_server_without_policies_says_nothing_of_them(start):
    assert served_lines(start(proxied("www.example.com"))) == []


def test_every_line_of_the_module_ends_with_an_id(start):
    server = start(blocks(3) + proxied(HOST, MX) + proxied("ww2.example.com", MX),
                   expected=[r"\[policy-host-missing\]$"])
    lines = server.log.matching(r"\[mta_sts:")
    assert len(lines) >= 4
    assert all(re.search(r"\[[a-z][a-z-]+\]$", line) for line in lines), lines
