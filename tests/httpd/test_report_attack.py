# SPDX-License-Identifier: Apache-2.0
"""What strangers do to the endpoint, and that policies and honest senders come through."""

import contextlib
import os
import pathlib
import select
import signal
import socket
import statistics
import struct
import threading
import time
import zlib

import pytest

import policy
import process
import report
from httpd import LONE_CHILD
from report import Spool, make, packed, post

pytestmark = [pytest.mark.slow, pytest.mark.long]

ONE_CHILD = ("StartServers 1\nServerLimit 1\nThreadsPerChild 32\nMinSpareThreads 1\n"
             "MaxRequestWorkers 32\nMTASTSReportLimit 100000\n")
BUSY = r"report rejected: too many reports are being received.*\[report-busy\]$"


# --- killed children ---

MECHANISMS = ["", *(f"Mutex {mechanism} mta-sts-report\n" for mechanism in (
    "default", "sysvsem", "posixsem", "flock:@ROOT@/run", "fcntl:@ROOT@/run", "pthread"))]


@pytest.mark.parametrize("mutex", MECHANISMS, ids=lambda mutex: mutex.split(":")[0].strip() or "none")
def test_a_child_that_is_killed_at_work_holds_up_nobody(make_with, mutex):
    """Whatever a Mutex directive says: no lock is waited for."""
    server = make_with().configure(
        mutex + "MTASTSReportLimit 100000\n" + report.conf()).start()
    server.log.possible.append("AH00052: child pid .* exit signal Killed|AH10392")
    sent, acknowledged, lock = [], [], threading.Lock()

    def send(number):
        body = make(number, text=["x" * 5000] * 200)
        with contextlib.suppress(OSError, AssertionError):
            if post(server, packed(body), client_ip=f"10.{number}.0.1").status in (200, 201):
                with lock:
                    acknowledged.append(report.digest(body))

    for round_ in range(4):
        workers = [threading.Thread(target=send, args=(10 * round_ + number,))
                   for number in range(10)]
        sent += workers
        for worker in workers:
            worker.start()
        time.sleep(0.05)
        for child in server.children():
            os.kill(child, signal.SIGKILL)
    for worker in sent:
        worker.join(process.DEADLINE)
        assert not worker.is_alive()
    process.wait_for(server.has_unprivileged_children, "new children")
    began = time.monotonic()
    assert post(server, packed(make(4711)), client_ip="10.99.0.1").status == 201
    assert time.monotonic() - began < 30
    assert set(acknowledged) <= set(Spool(server).files())
    server.graceful()
    assert post(server, packed(make(4712)), client_ip="10.99.0.2").status == 201


# --- slow bodies ---


@contextlib.contextmanager
def slow_uploads(server, number, address="127.0.0.1"):
    """So many connections, each with a body that never ends."""
    head = report.request(b"", headers=["Content-Length: 100000", f"X-Client: {address}"])
    with contextlib.ExitStack() as stack:
        streams = []
        for _ in range(number):
            stream = socket.create_connection(("127.0.0.1", server.ports["http"]), 30)
            streams.append(stack.enter_context(stream))
            stream.sendall(head)
        stop = threading.Event()

        def trickle():
            while not stop.wait(0.2):
                for stream in streams:
                    with contextlib.suppress(OSError):
                        stream.sendall(b"{")

        worker = threading.Thread(target=trickle)
        worker.start()
        yield streams
        stop.set()
        worker.join()


def test_slow_bodies_of_one_address_leave_workers_for_policies_and_other_senders(make_with):
    server = make_with([BUSY]).configure(ONE_CHILD + report.conf()).start()
    server.log.possible.append(r"its body is incomplete \[report-cut\]$")
    with slow_uploads(server, 30, "192.0.2.1") as streams:
        refused = 0
        for stream in streams:
            stream.settimeout(1)
            with contextlib.suppress(TimeoutError):
                refused += b" 503 " in stream.recv(100)
        assert refused >= 20  # of 26 tokens a network has a quarter
        for number in range(5):
            policy.check(server.fetch())
            assert post(server, packed(make(number)), client_ip=f"198.51.{number}.1").status == 201
        answer = post(server, packed(make(99)), client_ip="192.0.2.77")
        assert (answer.status, answer.header("Retry-After")) == (503, "60")


@pytest.mark.parametrize("address", ["2001:db8:{:x}::1", "192.0.{}.1"])
def test_slow_bodies_of_many_neighbouring_networks_leave_slots_to_others(make_with, address):
    """Of a /32 or a /16: each network alone has less than its quarter."""
    server = make_with([BUSY]).configure(ONE_CHILD + report.conf()).start()
    server.log.possible.append(r"its body is incomplete \[report-cut\]$")
    with contextlib.ExitStack() as stack:
        for number in range(26):
            stack.enter_context(slow_uploads(server, 1, address.format(number)))
        process.wait_for(lambda: server.log.matching(BUSY), "a refusal")
        for number in range(5):
            assert post(server, packed(make(number)), client_ip=f"198.{number}.1.1").status == 201


def test_a_body_has_a_deadline_however_steadily_it_trickles(make_with):
    server = make_with([r"\[report-cut\]$"]).configure("Timeout 300\n" + report.conf()).start()
    with slow_uploads(server, 1) as (stream,):
        began = time.monotonic()
        stream.settimeout(120)  # on a busy machine; Timeout is later
        assert b" 408 " in stream.recv(100)
        assert 25 <= time.monotonic() - began


# --- expensive reports ---


def expensive():
    """10 MiB of JSON in few bytes."""
    return packed(b'{"policies":[{"policy":{"policy-domain":"example.com"}}],"a":[' +
                  b"{}," * 60000 + b"{}]}")


def test_small_reports_and_policies_pass_large_ones(make_with):
    server = make_with().configure(ONE_CHILD + report.conf()).start()
    server.log.possible.append(BUSY)
    bodies = [expensive()[:-8] + bytes([number]) * 8 for number in range(20)]
    workers = [threading.Thread(target=post, args=(server, body),
                                kwargs={"client_ip": f"10.{number}.0.1"})
               for number, body in enumerate(bodies)]
    all_began = time.monotonic()
    for worker in workers:
        worker.start()
    waits = []
    for number in range(10):
        began = time.monotonic()
        assert post(server, packed(make(number)), client_ip=f"11.{number}.0.1").status == 201
        waits.append(time.monotonic() - began)
        policy.check(server.fetch())
    for worker in workers:
        worker.join()
    # They wait for none of the large ones, however long these take on a busy machine.
    assert statistics.median(waits) < max(2, (time.monotonic() - all_began) / 2)


def test_known_bytes_are_neither_inflated_nor_parsed_again(make_with):
    server = make_with(mpm="prefork").configure(
        LONE_CHILD + "MTASTSReportLimit 100000\n" + report.conf()).start()
    child, = [pid for pid in server.children() if not process.is_zombie(pid)]
    body = expensive()

    def cost(sent):
        began = process.cpu_seconds(child)
        statuses = {post(server, sent).status for _ in range(20)}
        server.wait_until_idle()
        return process.cpu_seconds(child) - began, statuses

    began = process.cpu_seconds(child)
    assert post(server, body).status == 201
    server.wait_until_idle()
    first = process.cpu_seconds(child) - began
    known, statuses = cost(body)
    assert statuses == {200}
    assert known <= max(0.2, first), "each would take as long as the first"
    assert server.children() == {child}


def wrapped_at_length(blocks=30000):
    """Gzip that contains two bytes, the beginning of another one, and then blocks that define codes
    and use none of them: most of a MiB, which takes longer to inflate than the largest report."""
    bits, count = 0, 0

    def put(value, width):
        nonlocal bits, count
        bits |= value << count
        count += width

    def code(value, width):
        put(int(f"{value:0{width}b}"[::-1], 2), width)

    def run(symbol, number):
        """A length of the code, and how often it is repeated."""
        code(lengths[symbol], 3)
        for repeat in (6 for _ in range((number - 1) // 6)):
            code(0, 1)
            put(repeat - 3, 2)
        for _ in range((number - 1) % 6):
            code(lengths[symbol], 3)

    # 226 literals of 8 bits and 60 of 9, 2 distances of 4 bits and 28 of 5: complete codes.
    lengths = {4: 4, 5: 5, 8: 6, 9: 7}
    put(0, 1), put(2, 2), put(29, 5), put(29, 5), put(14, 4)
    for symbol in (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1):
        put(1 if symbol == 16 else 3 if symbol in lengths else 0, 3)
    run(8, 226), run(9, 60), run(4, 2), run(5, 28)
    code((226 << 1) + 256 - 226, 9)  # the end of the block
    eight = bits | bits << count | bits << 2 * count | bits << 3 * count
    eight |= eight << 4 * count
    data = b"\0\2\0\xfd\xff\x1f\x8b" + eight.to_bytes(count, "little") * (blocks // 8) + \
        b"\3\0"
    return b"\x1f\x8b\x08" + bytes(7) + data + struct.pack("<II", zlib.crc32(b"\x1f\x8b"), 2)


def times_of_threads(pid):
    """How long each thread has had a processor, in nanoseconds."""
    times = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            times[task.name] = int((task / "schedstat").read_text().split()[0])
    return times


def is_quiet(pid):
    before = sum(times_of_threads(pid).values())
    time.sleep(0.5)
    return sum(times_of_threads(pid).values()) - before < 5e6


def test_a_content_encoding_is_decoded_by_as_few_threads_as_a_report_is(make_with):
    server = make_with().configure(ONE_CHILD + report.conf()).start()
    server.log.possible += [BUSY, r"\[report-quarantined\]"]
    child, = [pid for pid in server.children() if not process.is_zombie(pid)]
    body = wrapped_at_length()
    assert zlib.decompress(body, 31) == b"\x1f\x8b" and len(body) < 1 << 20
    with contextlib.ExitStack() as stack:
        streams = []
        for number in range(20):
            stream = socket.create_connection(("127.0.0.1", server.ports["http"]), 60)
            streams.append(stack.enter_context(stream))
            stream.sendall(report.request(body, headers=["Content-Encoding: gzip",
                                                         f"X-Client: 10.{number}.0.1"])[:-1])
        process.wait_for(lambda: is_quiet(child), "all but the last bytes to be read")
        before = times_of_threads(child)
        for stream in streams:
            stream.sendall(body[-1:])
        assert select.select(streams, [], [], process.DEADLINE)[0]
        after = times_of_threads(child)
        statuses = {stream.recv(12) for stream in streams}
        assert statuses <= {b"HTTP/1.1 202", b"HTTP/1.1 200", b"HTTP/1.1 503"}
    # At the first answer, only those that could inflate have worked: half of the processors, at
    # least one, and 8 at most; and some that came next.
    times = [after[thread] - before.get(thread, 0) for thread in after]
    assert sum(one > max(times) / 4 for one in times) <= max(1, min(8, os.cpu_count() // 2)) + 4


def test_names_that_must_be_converted_cost_little_more_than_others(make_with):
    server = make_with(mpm="prefork").configure(
        LONE_CHILD + "MTASTSReportLimit 100000\n" + report.conf()).start()
    child, = [pid for pid in server.children() if not process.is_zombie(pid)]
    assert post(server, packed(make())).status == 201

    def cost(label):
        """Of 4,500 names of 240 bytes as they stand in the JSON."""
        names = [f"{number}." + ".".join([label * 5] * 8) for number in range(4500)]
        body = make(0, policies=[{"policy": {"policy-domain": name}} for name in names])
        began = process.cpu_seconds(child)
        assert post(server, packed(body)).status == 202
        server.wait_until_idle()
        return process.cpu_seconds(child) - began

    cost("warm-up")
    assert cost("\u4e2d") <= 2 * cost("abcdef") + 0.05
