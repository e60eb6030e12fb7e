# SPDX-License-Identifier: Apache-2.0
"""What was acknowledged is there, whole and once, whatever happens; and what fails works again."""

import contextlib
import gzip
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import threading

import pytest

import client
import policy
import process
import report
from httpd import CHILD, LONE_CHILD, MPMS
from report import Spool, make, packed, post

pytestmark = pytest.mark.slow

IS_LONG = bool(os.environ.get("MTA_STS_LONG"))
UPLOADS = 1000 if IS_LONG else 100
KILLS = 30 if IS_LONG else 3
BUSY = "MTASTSReportLimit 1000000\n"
NOT_KEPT = r"report rejected: .*\[report-not-stored\]$"


def try_post(server, body):
    """The status, or None where no whole answer came."""
    try:
        return client.read(client.talk(server.ports["http"], report.request(body)))[0].status
    except (OSError, AssertionError, ValueError, ssl.SSLError):
        return None


def upload(server, numbers, acknowledged, tries=1):
    for number in numbers:
        for _ in range(tries):
            if try_post(server, packed(make(number))) in (200, 201):
                acknowledged.add(number)
                break


@contextlib.contextmanager
def uploading(server, count, threads=4, tries=1):
    """Uploads in the background; gives the set of the numbers that were acknowledged."""
    acknowledged = set()
    workers = [threading.Thread(target=upload, args=(server, range(i, count, threads),
                                                     acknowledged, tries))
               for i in range(threads)]
    for worker in workers:
        worker.start()
    yield acknowledged, lambda: any(worker.is_alive() for worker in workers)
    for worker in workers:
        worker.join()


def check_acknowledged(server, acknowledged):
    spool = Spool(server)
    for number in acknowledged:
        assert spool.has(make(number), packed(make(number))), number
    for name in spool.files():
        assert report.digest(gzip.decompress(spool.data(name))) == name
    return spool


@pytest.mark.parametrize("mpm", MPMS)
def test_a_child_that_is_killed_loses_nothing_acknowledged(make_with, mpm):
    server = make_with(mpm=mpm).configure(BUSY + report.conf()).start()
    chance = random.Random(mpm)
    with uploading(server, UPLOADS) as (acknowledged, going_on):
        while going_on():
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(chance.choice(sorted(server.children())), signal.SIGKILL)
            threading.Event().wait(chance.random() / 4)
    assert acknowledged
    check_acknowledged(server, acknowledged)
    # The lock of the killed process was released.
    process.wait_for(lambda: try_post(server, packed(make(UPLOADS + 1))) in (200, 201),
                     "a report to be accepted again")


def test_a_server_that_is_killed_loses_nothing_acknowledged(make_with):
    server = make_with(["AH00098: pid file .* overwritten"]).configure(
        BUSY + report.conf()).start()
    everything = set()
    for _ in range(KILLS):
        with uploading(server, UPLOADS) as (acknowledged, _):
            process.wait_for(lambda: len(acknowledged) > random.randrange(30), "some uploads")
            os.killpg(server.pid, signal.SIGKILL)
        server.process.wait()
        everything |= acknowledged
        check_acknowledged(server, everything)
        server.start()
    assert everything
    assert post(server, packed(make(UPLOADS))).status == 201


def leave_stale(server):
    """What a crash left a day ago, and only the watchdog takes away."""
    path = server.root / "state/tmp/left"
    path.write_text("{")
    os.chown(path, CHILD.pw_uid, CHILD.pw_gid)
    os.utime(path, (0, 0))
    return path


def test_the_process_of_the_watchdog_that_is_killed_has_a_successor_and_loses_nothing(make_with):
    server = make_with().configure(
        BUSY + "StartServers 1\nServerLimit 1\nThreadsPerChild 32\nMinSpareThreads 1\n"
        "MaxRequestWorkers 32\n" + report.conf()).start()
    everything = set()
    for _ in range(KILLS):
        with uploading(server, 100) as (acknowledged, _):
            process.wait_for(lambda: len(acknowledged) > random.randrange(30), "some uploads")
            stale = leave_stale(server)
            child, = [pid for pid in server.children() if not process.is_zombie(pid)]
            os.kill(child, signal.SIGKILL)
            process.wait_for(lambda: not stale.exists(), "the next watchdog to tidy up")
        everything |= acknowledged
    assert everything
    check_acknowledged(server, everything)


@pytest.mark.parametrize("mpm", MPMS)
def test_gracefuls_in_the_middle_of_uploads_lose_none(make_with, mpm):
    server = make_with(mpm=mpm).configure(BUSY + report.conf()).start()
    with uploading(server, 60, tries=3) as (acknowledged, _):
        for _ in range(3):
            server.graceful()
    assert len(acknowledged) == 60
    check_acknowledged(server, acknowledged).check()


def slow(server, first):
    """A connection over which a part of a request was sent."""
    stream = socket.create_connection(("127.0.0.1", server.ports["http"]), 30)
    stream.sendall(first)
    return stream


def test_a_child_that_is_stopped_while_a_report_is_open_ends_in_order(make_with):
    """prefork takes its pools apart wherever the signal finds it."""
    server = make_with(mpm="prefork").configure(
        LONE_CHILD + "MTASTSReportMaxSize 1M 512M\n" + report.conf())
    server.wrapper = ["env", "MALLOC_PERTURB_=165"]  # nobody can use what is freed
    child, = server.start().children()
    process.wait_for(lambda: any("reports.db" in path for path in process.opened(child)),
                     "all of the child to have begun")
    began = process.cpu_seconds(child, thread=child)
    long = packed(b'{"a":"') + packed(b" " * (16 << 20)) * 31
    with slow(server, report.request(long)) as stream:
        process.wait_for(lambda: process.cpu_seconds(child, thread=child) >= began + 0.1,
                         "the report to be open")
        os.kill(child, signal.SIGTERM)
        assert stream.recv(1) == b"", "the report was open no longer"
    process.wait_for(lambda: server.children() - {child}, "its successor")
    assert post(server, packed(make())).status == 201


def test_an_upload_that_a_graceful_finds_half_received_is_finished(start):
    server = start("KeepAlive off\n" + report.conf())
    sent = report.request(packed(make()))
    with slow(server, sent[:-40]) as stream:
        process.wait_for(lambda: len(server.children()) > 0, "children")
        server.graceful()
        stream.sendall(sent[-40:])
        received = b"".join(iter(lambda: stream.recv(65536), b""))
    assert client.only(received).status == 201
    assert Spool(server).has(make(), packed(make()))


def test_a_client_that_disconnects_in_its_body_leaves_nothing(start):
    server = start(report.conf(), expected=[r"report rejected: .*\[report-cut\]$"])
    body = packed(make(1, text="x" * 5000))
    for framed in (report.request(body),
                   report.request(report.chunked(body), headers=["Transfer-Encoding: chunked"])):
        start_of_body = framed.index(b"\r\n\r\n") + 4
        for tenth in range(10):
            cut = start_of_body + (len(framed) - start_of_body) * tenth // 10
            with slow(server, framed[:cut]) as stream:
                stream.shutdown(socket.SHUT_WR)
                received = b"".join(iter(lambda: stream.recv(65536), b""))
            assert not received or client.only(received).status == 400
    server.wait_until_idle()
    spool = Spool(server)
    assert (spool.files(), spool.files("quarantine"), spool.leftovers()) == ({}, {}, [])
    assert post(server, body).status == 201


def drip(stream, data, enough):
    """One byte after another."""
    for byte in data:
        if enough.wait(0.05):
            return
        with contextlib.suppress(OSError):
            stream.sendall(bytes([byte]))


@pytest.mark.parametrize("part", ["header", "body"])
def test_a_slow_client_is_disconnected(start, part):
    """One that sends no more, and one that goes on, but at a tenth of what Debian asks for."""
    server = start("RequestReadTimeout header=1-2,MinRate=500 body=1,MinRate=500\n" + report.conf(),
                   modules=["reqtimeout"],
                   expected=[r"report rejected: .*\[report-cut\]$"] if part == "body" else [])
    sent = report.request(packed(make(1, text=["x" * 50] * 50)))
    cut = 20 if part == "header" else sent.index(b"\r\n\r\n") + 14
    for rest in (b"", sent[cut:-1]):
        with slow(server, sent[:cut]) as stream:
            enough = threading.Event()
            dripping = threading.Thread(target=drip, args=(stream, rest, enough))
            dripping.start()
            with contextlib.suppress(ConnectionResetError):
                list(iter(lambda: stream.recv(65536), b""))
            enough.set()
            dripping.join()
    server.wait_until_idle()
    assert [line.split('" ')[1][:3] for line in server.accesses()] == ["408", "408"]
    assert (Spool(server).files(), Spool(server).leftovers()) == ({}, [])
    assert post(server, packed(make())).status == 201


@pytest.mark.parametrize("mpm", MPMS)
def test_one_of_eight_identical_concurrent_uploads_is_new(make_with, mpm):
    server = make_with(mpm=mpm).configure(BUSY + report.conf()).start()
    for number in range(4):
        statuses = []
        barrier = threading.Barrier(8)

        def send():
            barrier.wait()
            statuses.append(post(server, packed(make(number))).status)

        workers = [threading.Thread(target=send) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert sorted(statuses) == [200] * 7 + [201]
    assert len(Spool(server).files()) == 4
    Spool(server).check()


# --- the state directory ---


def test_a_deleted_state_directory_is_created_again(start):
    server = start(report.conf(), expected=[NOT_KEPT])
    shutil.rmtree(server.root / "state")
    assert post(server, packed(make())).status == 503  # its parent is root's
    os.chown(server.root, CHILD.pw_uid, CHILD.pw_gid)
    for number in range(3):
        assert post(server, packed(make(number))).status == 201
        assert Spool(server).has(make(number), packed(make(number)))
        shutil.rmtree(server.root / "state")
    policy.check(server.fetch())


@pytest.mark.parametrize("name", ["state", "state/reports", "state/tmp"])
@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_replacement_of_a_directory_is_not_written_to(start, name, kind):
    server = start(report.conf(), expected=[NOT_KEPT])
    directory, aside = server.root / name, server.root / "aside"
    directory.rename(aside)
    if kind == "file":
        directory.write_text("")
    else:
        directory.symlink_to(aside)
    before = sorted(aside.rglob("*"))
    answer = post(server, packed(make()))
    assert (answer.status, answer.header("Retry-After")) == (503, "600")
    assert sorted(aside.rglob("*")) == before
    directory.unlink()
    aside.rename(directory)
    assert post(server, packed(make())).status == 201
    Spool(server).check()


def limit_descriptors(pid, limit):
    subprocess.run(["setpriv", "--reuid", "www-data", "--regid", "www-data", "--clear-groups",
                    "prlimit", f"--nofile={limit}:", "--pid", str(pid)], check=True)


def test_without_free_descriptors_it_says_so_and_works_again(make_with):
    server = make_with([NOT_KEPT], "prefork").configure(LONE_CHILD + report.conf()).start()
    # The watchdog of this child may open the database while no descriptor is left.
    server.log.possible += [r"\[database-failed\]$", r"\[database-works\]$"]
    child, = [pid for pid in server.children() if not process.is_zombie(pid)]
    assert post(server, packed(make(1))).status == 201
    server.wait_until_idle()
    taken = {int(number) for number in os.listdir(f"/proc/{child}/fd")}
    first, second = sorted(set(range(len(taken) + 2)) - taken)[:2]
    number = 1
    for last in (first, second):  # one for the connection, and one more
        limit_descriptors(child, last + 1)
        statuses = set()
        # The watchdog of this child opens and closes files, too, and may leave one free.
        while 503 not in statuses and number < 50:
            number += 1
            statuses.add(post(server, packed(make(number))).status)
        assert 503 in statuses and statuses <= {201, 503}
    limit_descriptors(child, 1024)
    assert post(server, packed(make(99))).status == 201
    assert server.children() == {child}
    Spool(server).check()


# --- the order on disk ---
