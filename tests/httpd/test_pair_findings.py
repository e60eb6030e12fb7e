# SPDX-License-Identifier: Apache-2.0
"""Key pairs that are missing, broken, expire soon or wait: in the log, on the status page, in its metrics."""

import os
import pathlib
import re
import subprocess
import types

import pytest

import process
import status_page
from hosting import Hosting
from httpd import APACHE, proxied
from pairs import MX, Pairs, serial, vhost
from status_page import LOCATION

pytestmark = pytest.mark.slow
COMMAND = str(pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts")
MISSING = r"mta-sts\.{}: no key pair covers .*\[pair-missing\]$"
SOON = r"mta-sts\.{}: the certificate in [^ ]*/live/[^ ]* expires on .*\[certificate-expires-soon\]$"
BLOCKS = "<MTASTSPolicy a.example b.example>\n" + MX + "</MTASTSPolicy>\n"


def plain(server):
    """The page over the plain port, because its name has no pair."""
    return types.SimpleNamespace(fetch=server.fetch_plainly)


def data(server, query=""):
    return status_page.data(plain(server), query)


def numbers(server):
    return data(server)["key_pairs"]


def has_metric(server):
    """Whether it is what the JSON says."""
    _, values = status_page.metrics(plain(server))
    return numbers(server) == {
        state: values[f'mta_sts_key_pairs{{state="{state}"}}']
        for state in ("used", "broken", "expire_soon", "waiting", "missing")}


def become(server, **expected):
    process.wait_for(lambda: expected.items() <= numbers(server).items(), f"{expected}", 40)
    process.wait_for(lambda: has_metric(server), "the metric")


@pytest.fixture
def begin(make):
    """begin(domains, body, expected) -> a server with a status page that answers on the plain port"""
    def start(domains=("a.example",), body=vhost(MX), expected=(), **more):
        server = make(expected)
        pairs = Pairs(server)
        for domain in domains:
            pairs.issue(domain, **more)
        server.configure(LOCATION + body).start()
        return server, pairs
    return start


def test_a_configured_policy_host_without_a_pair_is_reported_at_start(begin):
    server, _ = begin(body=vhost(BLOCKS), expected=[MISSING.format("b.example")])
    findings = data(server)["startup"]["findings"]
    assert [(one["id"], one["subject"]) for one in findings if one["severity"] == "error"] == \
        [("pair-missing", "mta-sts.b.example")]
    assert numbers(server)["used"] == 1


def test_a_policy_host_with_a_pair_shows_its_certificate(begin):
    server, _ = begin(("a.example", "b.example"), vhost(BLOCKS))
    for domain in ("a.example", "b.example"):
        found = data(server, f"?domain={domain}")["domain"]
        assert found["certificate"]["file"] == f"{server.root}/live/{domain}/fullchain.pem"
        assert found["findings"] == []


def test_the_certificate_of_a_configured_domain_is_the_renewed_one_without_a_reload(begin):
    server, pairs = begin(("a.example", "b.example"), vhost(BLOCKS))

    def end():
        return data(server, "?domain=a.example")["domain"]["certificate"]["expires_at"]

    before = end()
    pairs.issue("a.example", days=60)
    process.wait_for(lambda: end() != before, "the renewed certificate", 40)


def test_pairs_that_expire_soon_are_reported_until_they_are_replaced(begin):
    server, pairs = begin(expected=[SOON.format("a.example")], days=0.5)
    assert numbers(server)["expire_soon"] == 1
    assert server.log.matching(SOON.format("a.example"))
    pairs.issue("a.example", directory="newer", since=0.1)
    become(server, expire_soon=0, used=2)


def test_broken_pairs_are_counted_and_the_first_are_named(begin):
    broken = r"[^ ]*/live/x\d+/fullchain.pem: it contains no certificate .*\[pair-broken\]$"
    rest = r"MTASTSCertificates: 6 more key pairs are broken \[pair-broken\]$"
    server, pairs = begin(expected=[broken, rest])
    for i in range(25):
        pairs.write(f"x{i}", b"nothing", b"nothing")
    become(server, broken=25, used=1)
    assert len(server.log.matching(broken)) == 19
    page = server.fetch_plainly("localhost", "/status").body.decode()
    assert "Key pairs</dt><dd>1 in use, 25 with broken files</dd>" in page
    for i in range(25):
        pairs.remove(f"x{i}")
    server.graceful()
    assert numbers(server)["broken"] == 0


def test_more_renewed_pairs_than_there_is_memory_for_wait_for_a_reload(begin):
    waits = r"MTASTSCertificates: \d+ new or renewed key pairs are presented only after the next reload " \
            r".*apachectl graceful \[pair-waits-for-reload\]$"
    server, pairs = begin(expected=[waits])
    certificate, key = server.ca.pair(["mta-sts.many.example"])
    for i in range(40):
        pairs.write(f"many-{i:02}", certificate + b"x" * 250_000, key)
    process.wait_for(lambda: numbers(server)["waiting"], "pairs to wait", 40)
    assert numbers(server)["used"] == 41
    assert server.log.matching(waits)
    assert serial(server, "a.example") and serial(server, "many.example")
    server.graceful()
    assert numbers(server)["waiting"] == 0


def test_hosted_domains_without_a_pair_are_counted_and_the_first_are_named(begin):
    missing = MISSING.format(r"\w+\.example")
    rest = r"MTASTSCertificates: at least 1 more hosted domains have no key pair \[pair-missing\]$"
    other = proxied("mta-sts.d09.example")
    server, pairs = begin(body="MTASTSHosting on\n" + vhost() + other,
                          expected=[missing, rest, r"\[hosting-failed\]$"])
    process.wait_for(lambda: server.log.matching(r"\[hosting-failed\]$"), "the missing tables")

    def policy(*words, given=""):
        done = subprocess.run([COMMAND, "policy", *words, "--state-dir", server.root / "state"],
                              capture_output=True, text=True, input=given, timeout=60,
                              env={**os.environ, "PATH": f"{server.root}/bin:{os.environ['PATH']}"})
        assert done.returncode == 0, done
        return done.stdout

    apachectl = server.write("bin/apachectl", f'#!/bin/sh\nexec {APACHE} -f {server.conf_file} "$@"\n')
    apachectl.chmod(0o755)
    policy("init")
    rows = [f'{{"domain":"d{i:02}.example","mx":["mx.example.com"]}}\n' for i in range(25)]
    policy("import", "-", given="".join(rows))
    become(server, missing=24)
    assert len(server.log.matching(missing)) == 19
    pairs.issue("d00.example", "d03.example")
    pairs.issue("d01.example", since=3, days=-1)
    pairs.write("broken", *server.ca.pair(["mta-sts.d02.example"])[:1], b"")
    listed = policy("list", "--without-certificate").splitlines()
    assert listed == [f"mta-sts.d{i:02}.example" for i in range(25) if i not in (0, 3)]
    pairs.remove("broken")
    pairs.remove("d01.example")
    pairs.issue(*[f"d{i:02}.example" for i in range(25)], directory="all")
    become(server, missing=0)


def test_pairs_without_a_policy_are_named_as_information(begin):
    """Not that of a configured domain, of a hosted one (also with a wrong row), of a server name, nor of other
    hosts."""
    left = r":info\].* (mta-sts\.\w+\.example): a key pair covers this policy host, but its domain has no " \
           r"policy.*\[pair-without-policy\]$"
    domains = ("a.example", "left.example", "gone.example", "of.provider")
    server, pairs = begin(domains, "MTASTSHosting on\n" + vhost(BLOCKS) + proxied("mta-sts.of.provider"),
                          expected=[r"\[hosting-failed\]$", MISSING.format("b.example")])
    server.log.possible.append(r"\[row-wrong\]$|\[pair-missing\]$")
    pairs.write("www", *server.ca.pair(["www.left.example", "*.left.example"]))
    process.wait_for(lambda: server.log.matching(r"\[hosting-failed\]$"), "the missing tables")
    hosting = Hosting(server)
    hosting.call("init")
    hosting.insert("hosted.example")
    hosting.insert("wrong.example", "no..host")

    def named():
        return [re.search(left, line)[1] for line in server.log.matching(left)]

    def looks_again(name):
        """Until a pass has named a new pair: it has looked at all others, too."""
        pairs.issue(name)
        process.wait_for(lambda: f"mta-sts.{name}" in named(), f"the pair of {name}")

    process.wait_for(lambda: {"mta-sts.left.example", "mta-sts.gone.example"} <= set(named()), "the findings")
    process.wait_for(lambda: (data(server)["hosted"]["served"], data(server)["hosted"]["wrong"]) == (1, 1), "the rows")
    pairs.issue("hosted.example")
    pairs.issue("wrong.example")
    looks_again("new.example")
    hosting.insert("left.example")
    looks_again("newer.example")
    assert sorted(named()) == [f"mta-sts.{name}.example" for name in ("gone", "left", "new", "newer")], "once each"


def test_many_pairs_without_a_policy_are_counted(begin):
    rest = r"MTASTSCertificates: at least 1 more policy hosts with a key pair have no policy \[pair-without-policy\]$"
    server, _ = begin([f"x{i:02}.example" for i in range(25)], "MTASTSHosting on\n" + vhost(),
                      expected=[r"\[hosting-failed\]$"])
    process.wait_for(lambda: server.log.matching(r"\[hosting-failed\]$"), "the missing tables")
    Hosting(server).call("init")
    process.wait_for(lambda: server.log.matching(rest), "the number", 40)
    assert len(server.log.matching(r"mta-sts\.x.*\[pair-without-policy\]$")) == 19
