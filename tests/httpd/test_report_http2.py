# SPDX-License-Identifier: Apache-2.0
"""Reports over HTTP/2, where a request shares its connection: bodies that stop, and refusals that
clients must get to see while they are still sending."""

import random
import subprocess
import time

import pytest

import policy
import process
import report
from http2 import DATA, END_STREAM, RESET, Connection
from httpd import site
from policy import HOST, MX
from report import ENDPOINT, Spool, make as make_report, packed

pytestmark = pytest.mark.slow

GZIP = [("content-type", "application/tlsrpt+gzip")]
LATE = 120  # seconds: of a body's deadline on a busy machine, where Timeout is 300
ONE_CHILD = "ServerLimit 1\nStartServers 1\nThreadsPerChild 32\nMaxRequestWorkers 32\n"


@pytest.fixture
def start(make_with):
    """start(configuration) -> a running httpd that speaks HTTP/2 without TLS"""
    def start(more="", expected=()):
        server = make_with(expected)
        server.configure("Protocols h2c http/1.1\n" + ONE_CHILD + report.conf(more), ["http2"])
        return server.start()
    return start


@pytest.mark.parametrize("rest", [b"", b"{"], ids=["silent", "steady"])
def test_a_body_has_a_deadline_as_over_http_1(start, rest):
    server = start("Timeout 300\n", [r"\[report-cut\]$"])
    with Connection(server.ports["http"]) as connection:
        stream, began = connection.post(HOST, report.PATH, GZIP), time.monotonic()
        while not connection.is_over(stream) and time.monotonic() - began < LATE:
            if rest:
                connection.send(DATA, 0, stream, rest)
            connection.listen(0.5, stream)
        assert 25 <= time.monotonic() - began < LATE
        assert connection.seen[stream][0] == "headers"


def test_a_report_in_many_slow_frames_is_stored(start):
    server = start()
    body = packed(make_report(1))
    with Connection(server.ports["http"]) as connection:
        stream = connection.post(HOST, report.PATH, GZIP)
        for at in range(0, len(body), 20):
            connection.send(DATA, 0, stream, body[at:at + 20])
            connection.listen(0.05)
        connection.send(DATA, END_STREAM, stream)
        connection.listen(process.DEADLINE, stream)
        assert connection.seen[stream] == ["headers", "data", "end"]
    assert Spool(server).has(make_report(1), body)


@pytest.mark.parametrize("how", ["reset", "closed"])
def test_a_body_that_the_client_gives_up_frees_its_slot_at_once(start, how):
    server = start("Timeout 300\n", [r"\[report-cut\]$"])
    with Connection(server.ports["http"]) as connection:
        stream = connection.post(HOST, report.PATH, GZIP)
        connection.send(DATA, 0, stream, b"\x1f\x8b")
        connection.listen(2)  # until the body is waited for
        if how == "reset":
            connection.send(RESET, 0, stream, b"\0\0\0\x08")
        else:
            connection.socket.close()
        process.wait_for(lambda: server.log.matching(r"\[report-cut\]$"), "the end of the upload",
                         25)  # the body's own deadline is later


def test_a_large_report_is_not_slower_than_over_http_1(make, ca):
    server = make()
    if server.mpm == "prefork":
        pytest.skip("prefork has no HTTP/2")
    server.configure("Protocols h2 http/1.1\n" + site(HOST, MX + ENDPOINT), ["http2"]).start()
    took = {"--http1.1": [], "--http2": []}
    for number, protocol in enumerate(3 * list(took)):
        noise = [random.Random(1000 * number + one).randbytes(1000).hex() for one in range(850)]
        body = server.root / "body"
        body.write_bytes(packed(make_report(number, noise=noise)))
        seconds, status = upload(server, ca, protocol, body)
        assert status == "201"
        took[protocol].append(seconds)
    # Long pauses between the parts of the body would add more than this.
    assert min(took["--http2"]) < 3 * min(took["--http1.1"]) + 0.8, took


def upload(server, ca, protocol, body):
    """The seconds that curl takes, and the status."""
    shown = subprocess.run(
        ["curl", "-sS", "-o", "/dev/null", "-w", "%{time_total} %{http_code}", protocol, "--cacert",
         ca.root, "--resolve", f"{HOST}:{server.ports['https']}:127.0.0.1", "--data-binary", f"@{body}",
         f"https://{HOST}:{server.ports['https']}{report.PATH}"],
        capture_output=True, text=True, timeout=60).stdout.split()
    return float(shown[0]), shown[1]


def refused(server, delay, size=3000):
    """How a stream ends whose body is complete only some time after its beginning, and the seconds until then."""
    began = time.monotonic()
    with Connection(server.ports["http"]) as connection:
        stream = connection.post(HOST, report.PATH, GZIP)
        connection.listen(delay, stream)
        if not connection.is_over(stream):
            connection.send(DATA, END_STREAM, stream, b"\x1f\x8b" + size * b"x")
        connection.listen(process.DEADLINE, stream)
        seconds = time.monotonic() - began
        connection.listen(0.2)
        return connection.seen[stream], seconds


LIMITED = [r"\[report-limited\]$"]
WAIT = 1  # seconds that a refusal waits for the rest


def limited(server, attempt):
    """What attempt() returns in a minute of the clock in which the limit is used up from its beginning to its end."""
    while True:
        minute = time.time() // 60
        report.post(server, packed(make_report()))
        result = attempt()
        if time.time() // 60 == minute:
            return result


@pytest.mark.parametrize("delay", [0.01, 0.1, 0.5])
def test_a_refusal_waits_a_moment_for_the_rest_of_the_body(start, delay):
    """curl does not show an answer whose stream is reset while it still sends."""
    server = start("MTASTSReportLimit 1\n", LIMITED)
    end, in_time = time.monotonic() + process.DEADLINE, 0
    while in_time < 5:
        assert time.monotonic() < end, "refusals take longer than the wait"
        seen, seconds = limited(server, lambda: refused(server, delay))
        if seconds < WAIT:  # otherwise the body may have been late, on a busy machine
            assert seen == ["headers", "data", "end"]
            in_time += 1


def test_a_refusal_does_not_wait_long_for_a_slow_body(start):
    server = start("MTASTSReportLimit 1\n", LIMITED)
    seen, seconds = limited(server, lambda: refused(server, 25))
    assert "headers" in seen
    assert seconds < 25, "it waited for the body, whose deadline is later"


def waited(server, count):
    """How many of the refusals of slow bodies, all at once, waited for the rest: policies are served meanwhile."""
    log = server.root / "took.log"
    before = len(log.read_text().splitlines())
    connections = [Connection(server.ports["http"]) for _ in range(count)]
    streams = [(one, one.post(HOST, report.PATH, GZIP)) for one in connections]
    for _ in range(5):
        policy.check(server.fetch())
    for connection, stream in streams:
        connection.listen(process.DEADLINE, stream)
        assert connection.seen[stream][0] == "headers"
        connection.socket.close()

    def lines():
        return log.read_text().splitlines()[before:]

    process.wait_for(lambda: len(lines()) >= count + 5, "the log of all requests")
    times = [int(microseconds) for microseconds, status in map(str.split, lines()) if status == "503"]
    return sum(one >= WAIT * 1_000_000 for one in times)


def test_many_refused_slow_bodies_hold_few_workers(start):
    server = start('MTASTSReportLimit 1\nLogFormat "%D %>s" took\nCustomLog "@ROOT@/took.log" took\n', LIMITED)
    # A busy machine can let any of them take longer, but hardly most of them three times.
    counts = []
    while not counts or counts[-1] > 30:
        assert len(counts) < 3, counts
        counts.append(limited(server, lambda: waited(server, 60)))
    assert counts[-1], "some wait"


# The values that Debian installs: mod_http2 then has at most 37 threads in each of two children.
DEBIAN = ("StartServers 2\nMinSpareThreads 25\nMaxSpareThreads 75\nThreadLimit 64\nThreadsPerChild 25\n"
          "MaxRequestWorkers 150\nMaxConnectionsPerChild 0\n")
FEW = "H2MaxWorkers 9\nH2MinWorkers 9\n"


def is_answered(server):
    """Whether a policy arrives over HTTP/2 at once. When all threads of mod_http2 have been in use together,
    it may leave streams waiting although threads are idle; then one of the next requests wakes them."""
    with Connection(server.ports["http"]) as connection:
        stream = connection.get(HOST, policy.PATH)
        connection.listen(0.5, stream)
        return connection.is_over(stream) and connection.seen[stream][0] == "headers"


def count_pending(connections):
    for connection in connections:
        connection.listen(0.01)
    return sum(not one.is_over(stream) for one in connections for stream in one.seen)


def send_slowly(server, network, bodies=6):
    """A connection with bodies of which only the first byte comes: as many as httpd takes at once."""
    connection = Connection(server.ports["http"])
    for number in range(bodies):
        fields = [*GZIP, ("x-client", f"198.51.{network}.{number + 1}")]
        connection.send(DATA, 0, connection.post(HOST, report.PATH, fields), b"\x1f")
    return connection


@pytest.mark.parametrize("conf,most", [(DEBIAN, 12), (DEBIAN + FEW, 3)], ids=["default", "few-workers"])
def test_slow_bodies_of_many_networks_hold_a_third_of_the_threads_of_http_2_at_most(make_with, conf, most):
    server = make_with([r"\[report-busy\]$"])
    server.log.possible += [r"\[report-cut\]$"]
    server.configure("Protocols h2c http/1.1\nTimeout 300\n" + conf + report.conf(), ["http2"]).start()
    connections = [send_slowly(server, network) for network in range(6) for _ in range(3)]
    try:
        process.wait_for(lambda: is_answered(server) and
                         count_pending(connections) <= most * len(server.children()),
                         "a policy and refusals of most bodies, long before their end after 30 seconds", 20)
    finally:
        for connection in connections:
            connection.socket.close()


BRIEF = 100_000  # microseconds that a body may take without a share of the threads for slow ones


def refusals_that_waited(server, log, count):
    """How many of the refusals of slow bodies, all at once, waited for more of the body."""
    before = len(log.read_text().splitlines())
    connections = [send_slowly(server, network) for network in range(6) for _ in range(3)]

    def times():
        lines = map(str.split, log.read_text().splitlines()[before:])
        return [int(microseconds) for microseconds, status in lines if status == "503"]

    process.wait_for(lambda: (count_pending(connections), len(times()) >= count)[1], "refusals of slow bodies")
    for connection in connections:
        connection.socket.close()
    return sum(one >= BRIEF for one in times())


def test_most_refused_bodies_are_not_waited_for(make_with):
    """If all threads of mod_http2 waited, even briefly, it could forget requests of others afterwards. There
    are fewer of them than upload slots, since a body without a slot is never waited for."""
    server = make_with([r"\[report-busy\]$"])
    server.log.possible += [r"\[report-cut\]$"]
    server.configure("Protocols h2c http/1.1\nTimeout 300\nMTASTSReportLimit 100000\n" + ONE_CHILD + FEW +
                     'LogFormat "%D %>s" took\nCustomLog "@ROOT@/took.log" took\n' + report.conf(), ["http2"])
    server.start()
    # A busy machine can let any of them take longer, but hardly most of them three times.
    counts = []
    while not counts or counts[-1] > 40:
        assert len(counts) < 3, counts
        counts.append(refusals_that_waited(server, server.root / "took.log", 80))


def test_reports_that_wait_until_large_ones_are_read_leave_threads_of_http_2(make_with):
    server = make_with([r"\[report-busy\]$"])
    server.configure("Protocols h2c http/1.1\n" + ONE_CHILD + FEW + report.conf(), ["http2"]).start()
    bodies = [packed(make_report(number, noise=["a"] * 150000)) for number in range(30)]
    connections = [Connection(server.ports["http"]) for _ in range(6)]
    for number, body in enumerate(bodies):
        connection = connections[number % 6]
        fields = [*GZIP, ("x-client", f"198.51.{number % 6}.1")]
        connection.send(DATA, END_STREAM, connection.post(HOST, report.PATH, fields), body)
    process.wait_for(lambda: is_answered(server) and count_pending(connections) == 0,
                     "a policy and the answers to all reports")
    assert 0 < len(Spool(server).files()) < 30
    for connection in connections:
        connection.socket.close()


# --- with the client of real senders ---


@pytest.mark.parametrize("size", [1000, 12000, 60000, 200000])
def test_curl_shows_the_status_of_refusals(make, ca, size):
    server = make(LIMITED)
    if server.mpm == "prefork":
        pytest.skip("prefork has no HTTP/2")
    server.configure("Protocols h2 http/1.1\nMTASTSReportLimit 1\n" + site(HOST, MX + ENDPOINT), ["http2"])
    server.start()
    body = server.write("body", "{" + size * " ")
    shown = limited(server, lambda: [subprocess.run(
        ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{http_version}", "--http2", "--cacert",
         ca.root, "--resolve", f"{HOST}:{server.ports['https']}:127.0.0.1", "-H",
         f"Content-Type: {report.JSON}", "--data-binary", f"@{body}",
         f"https://{HOST}:{server.ports['https']}{report.PATH}"],
        capture_output=True, text=True, timeout=60) for _ in range(10)])
    assert {one.stdout for one in shown} == {"503 2"}, [one.stderr for one in shown]
