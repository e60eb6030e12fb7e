# SPDX-License-Identifier: Apache-2.0
"""As many key pairs as a provider has: httpd starts with them, restarts gracefully, and presents
renewed ones. With MTA_STS_LONG=1 there are 10,000, and it takes minutes under each MPM; -s or -rP shows
the figures."""

import functools
import itertools
import os
import ssl
import subprocess
import time

import pytest

import client
import policy
import process
from httpd import MPMS
from meanwhile import Meanwhile
from pairs import MX, UNKNOWN_NAME, Pairs, connect, context, refusal, serial, vhost
from policy import POLICY

pytestmark = pytest.mark.slow

IS_LONG = bool(os.environ.get("MTA_STS_LONG"))
COUNT = 10_000 if IS_LONG else 200
GRACEFULS, WARM_UP = (50, 10) if IS_LONG else (4, 2)
RENEWED = 100 if IS_LONG else 10
START = 120  # seconds, on a machine that is busy
GROWTH = 1500  # KiB of the parent; only the long run goes on long enough to judge it
SHOWN = 120  # seconds, the same; httpd's parent looks about every 10, and spreads that over its rounds

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
CURL_VERSIONS = (("--tlsv1.2", "--tls-max", "1.2"), ("--tlsv1.3",))


def domain(number):
    return f"h{number:05}.example"


def host(number):
    return "mta-sts." + domain(number)


def fetch(server, number, tls):
    """The policy over HTTP/1.1."""
    with connect(server, host(number), tls) as stream:
        stream.sendall(client.request(host(number), policy.PATH))
        answer = client.only(b"".join(iter(lambda: stream.recv(65536), b"")))
    policy.check(answer, POLICY)


def fetch_by_http_2(server, number, version):
    port = server.ports["https"]
    done = subprocess.run(
        ["curl", "-s", "--http2", *version, "--cacert", server.ca.root, "-w", "%{http_version}",
         "--resolve", f"{host(number)}:{port}:127.0.0.1", f"https://{host(number)}:{port}{policy.PATH}"],
        capture_output=True, timeout=60)
    assert done.stdout == POLICY + b"2", done


def fetchers(server):
    """A function of a number for each version of TLS and HTTP that this MPM can have."""
    made = [lambda number, tls=context(server, version): fetch(server, number, tls)
            for version in VERSIONS]
    if server.mpm != "prefork":  # mod_http2 does not work with it
        made += [lambda number, version=version: fetch_by_http_2(server, number, version)
                 for version in CURL_VERSIONS]
    return made


class Load(Meanwhile):
    """One client of each kind, with a new connection for each request; none may fail."""

    def __init__(self, server, numbers):
        self.count = 0
        super().__init__(*(functools.partial(self.request, fetch, itertools.cycle(numbers))
                           for fetch in fetchers(server)))

    def request(self, fetch, numbers):
        fetch(next(numbers))
        self.count += 1


def begin(make_with, mpm):
    """(the server with all pairs, its Pairs, seconds of the start)"""
    server = make_with(mpm=mpm)
    pairs = Pairs(server)
    for number in range(COUNT):
        pairs.issue(domain(number))
    time.sleep(2.1)  # until they count as settled
    modules = () if mpm == "prefork" else ("http2",)
    server.configure(vhost(MX + ("Protocols h2 http/1.1\n" if modules else "")), modules=modules)
    before = time.monotonic()
    server.start()
    return server, pairs, time.monotonic() - before


def restart_many_times(server, pairs):
    """Each time with one renewed pair. (KiB that the parent has and that it grew by, seconds of a restart)"""
    memory = files = begun = 0
    for number in range(GRACEFULS):
        if number == WARM_UP:
            begun = time.monotonic()
            memory, files = process.resident_kib(server.pid), process.open_files(server.pid)
        pairs.issue(domain(number))
        server.graceful()
    seconds = (time.monotonic() - begun) / (GRACEFULS - WARM_UP)
    now = process.resident_kib(server.pid)
    process.wait_for(lambda: process.open_files(server.pid) <= files,  # it may be looking at one now
                     f"the parent to have {files} files open: {process.opened(server.pid)}")
    return now, now - memory, seconds


def renew(server, pairs, numbers):
    """Seconds until all of these are presented by all children."""
    before = {number: serial(server, domain(number)) for number in numbers}
    for number in numbers:
        pairs.issue(domain(number))
    begun = time.monotonic()
    for number in numbers:
        process.wait_for(lambda: all(serial(server, domain(number)) != before[number] for _ in range(4)),
                         f"the renewed pair of {domain(number)}", SHOWN)
    return time.monotonic() - begun


@pytest.mark.parametrize("mpm", MPMS if IS_LONG else ["event"])
def test_thousands_of_pairs_start_restart_and_are_renewed_under_load(make_with, mpm):
    server, pairs, started = begin(make_with, mpm)
    for fetch_once in fetchers(server):
        for number in (0, COUNT // 2, COUNT - 1):
            fetch_once(number)
    assert refusal(server, "mta-sts.unknown.example") == UNKNOWN_NAME
    memory, growth, graceful = restart_many_times(server, pairs)
    resumed = server.resumptions()
    renewed = range(COUNT - RENEWED, COUNT)
    with Load(server, [*renewed, 0, 1]) as load:
        shown = renew(server, pairs, renewed)
    print(f"{mpm}, {COUNT} pairs: start {started:.1f} s; {GRACEFULS} gracefuls of {graceful:.2f} s each: "
          f"the parent has {memory // 1024} MB, grew by {growth} KiB; {RENEWED} renewed "
          f"pairs shown within {shown:.1f} s, {load.count} requests, {len(load.failures)} failed")
    assert load.failures == [] and load.count > RENEWED
    assert server.resumptions() == resumed, "no reload"
    assert started < START
    if IS_LONG:
        assert growth <= GROWTH
