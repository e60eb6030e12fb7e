# SPDX-License-Identifier: Apache-2.0
"""What strangers do to the endpoint, and that policies and honest senders come through."""

import contextlib
import os
import signal
import socket
import statistics
import threading
import time

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
