# SPDX-License-Identifier: Apache-2.0
"""Reports that are made to hurt: little time, little memory, an answer, and httpd goes on."""

import contextlib
import pathlib
import socket
import subprocess
import threading
import zlib

import pytest

import client
import policy
import process
import report
from policy import HOST
from report import JSON, Spool, make, packed, post

pytestmark = pytest.mark.slow

MIB = 1 << 20
GIB = 1 << 30


def zeros(data):
    """Gzip of this many zeros without its checksum, which is never reached."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(16 * MIB)
    first = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + (packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)) * (
        data // len(block))


def holding(data):
    return packed(b'{"policies":[{"policy":{"policy-domain":"example.com"}}],"a":' + data + b"}")


TEXT = b'"' + b"a" * 8000 + b'",'
# What is sent, and with which status it is answered.
BOMBS = {
    "10 GiB of zeros": (lambda: zeros(10 * GIB), 413),
    "1 GiB of zeros": (lambda: zeros(GIB), 413),
    "50,000 gzip members": (lambda: packed(b"") * 50000, 202),
    "a bomb in a bomb": (lambda: packed(zeros(GIB)), 202),
    "100,000 arrays deep": (lambda: holding(b"[" * 100000 + b"]" * 100000), 202),
    "100,000 objects deep": (lambda: holding(b'{"a":' * 100000 + b"0" + b"}" * 100000), 202),
    "a million keys": (lambda: holding(
        b"{" + b",".join(b'"%d":0' % i for i in range(1000000)) + b"}"), 202),
    "a million values": (lambda: holding(b"[" + b"{}," * 1000000 + b"{}]"), 202),
    "80,000 duplicate keys": (lambda: holding(b'0,"a":' * 80000 + b"1"), 201),
    "10 MiB of strings": (lambda: holding(b"[" + TEXT * 1250 + b'""]'), 201),
    "10 MiB of blanks": (lambda: holding(b" " * (10 * MIB - 100) + b"0"), 201),
    "a number of 10 MiB": (lambda: holding(b"1" * (10 * MIB - 100)), 202),
}
ONE_CHILD = ("StartServers 1\nServerLimit 1\nThreadsPerChild 32\nMinSpareThreads 1\n"
             "MaxRequestWorkers 32\nMTASTSReportLimit 100000\n")


def most_resident_kib(pid):
    return int(process.status(pid)["VmHWM"].split()[0])


def test_a_bomb_costs_little_time_and_memory(make_with):
    server = make_with([r"report rejected: .*\[report-too-large\]$"]).configure(
        ONE_CHILD + "MTASTSReportMaxSize 11M 11M\n" + report.conf()).start()
    child, = [pid for pid in server.children() if not process.is_zombie(pid)]
    assert post(server, packed(make())).status == 201
    for name, (make_bomb, status) in BOMBS.items():
        bomb = make_bomb()
        pathlib.Path(f"/proc/{child}/clear_refs").write_text("5")  # the peak begins anew
        before, began = process.resident_kib(child), process.cpu_seconds(child)
        assert post(server, bomb).status == status, name
        assert process.cpu_seconds(child) - began <= 1, name
        assert most_resident_kib(child) - before <= 32 * 1024, name
    assert server.children() == {child}
    policy.check(server.fetch())
    Spool(server).check()


@pytest.mark.parametrize("framing", ["chunked", "content-length"])
def test_an_endless_body_is_refused_at_the_limit_and_costs_no_memory(make_with, framing):
    server = make_with([r"report rejected: .*\[report-too-large\]$"]).configure(
        ONE_CHILD + "MTASTSReportMaxSize 64K 1M\n" + report.conf()).start()
    child, = [pid for pid in server.children() if not process.is_zombie(pid)]
    head, block = {
        "chunked": ("Transfer-Encoding: chunked", b"10000\r\n" + b"{" * 65536 + b"\r\n"),
        "content-length": (f"Content-Length: {GIB // 2}", b"{" * 65536)}[framing]
    assert post(server, packed(make())).status == 201
    pathlib.Path(f"/proc/{child}/clear_refs").write_text("5")
    before = process.resident_kib(child)
    with socket.create_connection(("127.0.0.1", server.ports["http"]), 30) as stream:
        stream.sendall(report.request(b"", headers=[head]))
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):  # its end never comes
                stream.sendall(block)
    server.wait_until_idle()
    assert server.accesses()[-1].split('" ')[1].startswith("413")
    assert most_resident_kib(child) - before <= 4 * 1024
    assert server.children() == {child}


def test_curl_asks_before_a_large_upload_and_sends_only_what_is_accepted(start, tmp_path):
    server = start("MTASTSReportMaxSize 2M 10M\n" + report.conf(),
                   expected=[r"report rejected: .*\[report-too-large\]$"])
    for size, status, asked in ((3 * MIB // 2, "201", True), (3 * MIB, "413", False)):
        body = tmp_path / "body"
        body.write_bytes(make()[:-1] + b" " * size + b"}")
        sent = subprocess.run(
            ["curl", "--silent", "--verbose", "--data-binary", f"@{body}", "--header",
             f"Host: {HOST}", "--header", f"Content-Type: {JSON}", "--output", "/dev/null",
             "--write-out", "%{http_code} %{size_upload}",
             f"http://127.0.0.1:{server.ports['http']}{report.PATH}"],
            capture_output=True, text=True, timeout=60)
        assert "> Expect: 100-continue" in sent.stderr
        assert ("< HTTP/1.1 100 Continue" in sent.stderr) == asked
        shown, uploaded = sent.stdout.split(" ")
        assert (shown, int(uploaded)) == (status, body.stat().st_size if asked else 0)


@pytest.mark.parametrize("method, status", [("POST", 413), ("PUT", 405)])
def test_after_a_refusal_the_rest_of_the_body_is_not_waited_for(start, method, status):
    """Not even where the client would keep the connection."""
    server = start("KeepAlive on\n" + report.conf(),
                   expected=[r"report rejected: .*\[report-too-large\]$"][:status == 413])
    sent = report.request(b"{" * (2 * MIB)).replace(b"Connection: close\r\n", b"").replace(
        b"POST", method.encode(), 1)
    with socket.create_connection(("127.0.0.1", server.ports["http"]), 30) as stream:
        stream.sendall(sent[:1000])
        received = b"".join(iter(lambda: stream.recv(65536), b""))
    answer = client.only(received)
    assert (answer.status, answer.header("Connection")) == (status, "close")


# None of it is a reason to fail; its numbers are unambiguous, or it is quarantined.
ODD = {
    "a count of 2^63-1": (make(2**63 - 1), 201),
    "a count of 2^63": (make(2**63), 202),
    "a count of 1e400": (make(1).replace(b"count\": 1,", b"count\": 1e400,"), 202),
    "a negative count": (make(-1), 202),
    "NaN": (make(1).replace(b"count\": 1,", b"count\": NaN,"), 202),
    "half a surrogate pair": (make(1, a="x").replace(b'"x"', b'"\\ud800"'), 202),
    "a NUL that is escaped": (make(1, a="x").replace(b'"x"', b'"\\u0000"'), 202),
    "two policies of one name": (make(1)[:-1] + b',"policies":[]}', 202),
    "numbers for strings": (make(0, **{"organization-name": 1, "report-id": [], "date-range": 7}),
                            201),
    "bytes behind it": (make(3) + b"\n<!-- gateway -->", 201),
}


@pytest.mark.parametrize("kind", ODD)
def test_unusual_json_is_stored_or_quarantined_and_never_an_error(start_once, kind):
    body, status = ODD[kind]
    for sent in (body, packed(body)):
        assert post(start_once, sent, JSON).status in (status, 200)
    area = "reports" if status == 201 else "quarantine"
    assert report.digest(body) in Spool(start_once).files(area)


@pytest.fixture(scope="module")
def start_once(start_shared):
    return start_shared(report.conf("MTASTSReportLimit 100000\n"))


def test_reports_with_one_id_and_different_bytes_are_both_stored(start_once):
    one = make(17, information="one", **{"report-id": "the same"})
    two = make(18, information="two", **{"report-id": "the same"})
    assert [post(start_once, packed(body)).status for body in (one, two)] == [201, 201]
    assert all(Spool(start_once).has(body, packed(body)) for body in (one, two))


def test_filters_that_slow_down_copy_or_gather_bytes_do_not_matter(start):
    server = start("DumpIOInput on\nDumpIOOutput on\nLogLevel dumpio:trace7\n"
                   "SetInputFilter BUFFER\nSetOutputFilter RATE_LIMIT\n"
                   "SetEnvIf Request_URI ^ rate-limit=1\n" + report.conf(),
                   modules=["dumpio", "buffer", "ratelimit", "setenvif"],
                   expected=["mod_dumpio"])
    for number in range(3):
        body = make(number, text=["x" * 5000] * 10)
        sent = body if number else packed(body)
        assert post(server, sent).status == 201
        assert post(server, report.chunked(sent, 999),
                    headers=["Transfer-Encoding: chunked"]).status == 200
        assert Spool(server).has(body, sent)


def test_many_bombs_at_once_take_little_more_memory_than_one(make_with):
    server = make_with([r"report rejected: .*\[report-too-large\]$"]).configure(
        ONE_CHILD + report.conf()).start()
    child, = [pid for pid in server.children() if not process.is_zombie(pid)]
    bombs = [zeros(GIB // 2), holding(b"[" + b"{}," * 1000000 + b"{}]")]
    bombs += [holding(b"[" + TEXT * 1250 + b'""]')] * 16  # 120 MiB, were all open at once
    assert post(server, packed(make())).status == 201
    pathlib.Path(f"/proc/{child}/clear_refs").write_text("5")
    before = process.resident_kib(child)
    statuses = []
    workers = [threading.Thread(target=lambda bomb=bomb, number=number: statuses.append(
        post(server, bomb, client_ip=f"192.{number}.0.1").status))
        for number, bomb in enumerate(bombs)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(statuses) == len(bombs) and set(statuses) <= {200, 201, 202, 413}
    assert most_resident_kib(child) - before <= 64 * 1024
    policy.check(server.fetch(HOST))


def values(number):
    """A report whose JSON takes 240 bytes of memory for each of this many values."""
    return holding(b"[" + b"{}," * number + b"{}]")


def test_memory_of_large_reports_is_returned_in_all_threads(make_with):
    server = make_with().configure(ONE_CHILD + report.conf()).start()
    child, = [pid for pid in server.children() if not process.is_zombie(pid)]
    assert post(server, packed(make())).status == 201
    pathlib.Path(f"/proc/{child}/clear_refs").write_text("5")
    before = process.resident_kib(child)
    for _ in range(3):
        statuses = []
        workers = [threading.Thread(target=lambda number=number: statuses.append(
            post(server, values(60000 + number), client_ip=f"192.{number}.0.1").status))
            for number in range(25)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert set(statuses) <= {200, 201} and len(statuses) == 25
    assert most_resident_kib(child) - before <= 80 * 1024  # 14 MiB each
    process.wait_for(lambda: process.resident_kib(child) - before <= 32 * 1024,
                     "the memory of large reports to be given back")


def test_a_larger_size_allows_more_values(start):
    """As many as take one and a half times the size inflated."""
    server = start("MTASTSReportMaxSize 1M 20M\n" + report.conf())
    assert post(server, values(100000)).status == 201  # 23 MiB
    assert post(server, values(150000)).status == 202
