# SPDX-License-Identifier: Apache-2.0
"""Key pairs that are renewed, added and removed, with and without a reload."""

import contextlib
import os
import pathlib
import signal
import ssl
import threading
import time

import pytest

import policy
import process
from httpd import MPMS, proxied, site
from pairs import LINES, MX, UNKNOWN_NAME, Pairs, presented, refusal, serial, vhost
from policy import POLICY

every_mpm = pytest.mark.parametrize("mpm", MPMS)
pytestmark = pytest.mark.slow
AREA = 8 * 1024 * 1024  # AREA_SIZE in httpd/hosting/renewal.c
ROUND = 13  # seconds: the parent has looked once
SOON = 30  # seconds; httpd's parent looks about every 10
HALF = r"[^ ]*/live/a.example/fullchain.pem: the key does not belong to the certificate; the " \
       r"previous pair is presented until it expires; .*\[pair-broken\]$"
ONE = ("a.example",)


@contextlib.contextmanager
def load(server, domain):
    """Fetches the policy over new connections all the time; none may fail."""
    failures, count, is_over = [], [0], threading.Event()

    def run():
        while not is_over.is_set():
            try:
                answer = server.fetch("mta-sts." + domain)
                assert answer.body == POLICY
                count[0] += 1
            except (OSError, AssertionError) as error:
                failures.append(error)
            time.sleep(0.01)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert not failures, failures[:3]
    assert count[0] > 20


def all_present(server, domain, expected):
    """Whether the certificate is that one in many handshakes, so in all children."""
    return all(serial(server, domain) == expected for _ in range(12))


def becomes(server, domain, other_than):
    return process.wait_for(lambda: serial(server, domain) != other_than and serial(server, domain),
                            f"the renewed pair of {domain}", SOON)


@every_mpm
def test_a_renewed_pair_is_presented_by_all_children_without_a_reload(begin, mpm):
    server, pairs = begin()
    before, other = serial(server, "a.example"), serial(server, "b.example")
    children = server.children()
    with load(server, "a.example"), load(server, "b.example"):
        pairs.issue("a.example")
        renewed = becomes(server, "a.example", before)
        process.wait_for(lambda: all_present(server, "a.example", renewed), "all children", SOON)
    assert serial(server, "b.example") == other
    assert children <= server.children()
    assert server.log.matching(r"\d new or renewed key pairs? (is|are) presented from now on \[pairs-renewed\]$")


def test_a_new_pair_is_presented_without_a_reload(begin):
    server, pairs = begin(domains=ONE)
    assert refusal(server, "mta-sts.new.example") == UNKNOWN_NAME
    pairs.issue("new.example")
    process.wait_for(lambda: refusal(server, "mta-sts.new.example") is None, "the new pair", SOON)
    policy.check(server.fetch("mta-sts.new.example"), POLICY)


def test_children_that_are_created_later_have_it_too(begin):
    server, pairs = begin(domains=ONE)
    before = serial(server, "a.example")
    pairs.issue("a.example")
    renewed = becomes(server, "a.example", before)
    for child in server.children():
        os.kill(child, signal.SIGKILL)
    process.wait_for(server.has_unprivileged_children, "new children")
    assert all_present(server, "a.example", renewed)


def test_rsa_and_ecdsa_are_renewed_apart(begin):
    server, pairs = begin(domains=ONE)
    pairs.issue("a.example", directory="rsa", rsa_bits=2048)
    server.graceful()
    tls_1_2 = ssl.create_default_context(cafile=str(server.ca.root))
    tls_1_2.maximum_version = ssl.TLSVersion.TLSv1_2
    tls_1_2.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    ecdsa, rsa = serial(server, "a.example"), serial(server, "a.example", tls_1_2)
    assert ecdsa != rsa
    pairs.issue("a.example", directory="rsa", rsa_bits=2048)
    process.wait_for(lambda: serial(server, "a.example", tls_1_2) != rsa, "the RSA pair", SOON)
    assert serial(server, "a.example") == ecdsa


def test_a_broken_renewal_keeps_the_old_pair_and_is_logged_until_it_is_complete(begin):
    server, pairs = begin(domains=ONE, expected=[HALF])
    before = serial(server, "a.example")
    certificate, key = server.ca.pair(["mta-sts.a.example"])
    pairs.write("a.example", certificate, None)
    process.wait_for(lambda: server.log.matching(HALF), "the broken pair to be logged", SOON)
    assert serial(server, "a.example") == before
    server.graceful()
    assert serial(server, "a.example") == before
    pairs.write("a.example", certificate, key)
    becomes(server, "a.example", before)


def test_a_reload_is_enough_where_nothing_else_helps_and_keeps_what_is_broken(begin):
    server, pairs = begin(expected=[HALF])
    before, other = serial(server, "a.example"), serial(server, "b.example")
    pairs.write("a.example", server.ca.pair(["mta-sts.a.example"])[0], None)
    pairs.issue("b.example")
    pairs.issue("c.example")
    server.graceful()
    assert serial(server, "a.example") == before
    assert serial(server, "b.example") != other
    assert serial(server, "c.example")
    process.wait_for(lambda: server.log.matching(HALF), "the broken pair to be logged", SOON)


def test_a_removed_pair_is_refused_after_the_next_reload(begin):
    server, pairs = begin()
    pairs.remove("b.example")
    server.graceful()
    assert refusal(server, "mta-sts.b.example") == UNKNOWN_NAME
    policy.check(server.fetch("mta-sts.a.example"), POLICY)


def test_without_the_directive_nothing_is_left_after_a_reload(begin):
    server, _ = begin(domains=ONE)
    server.configure(site("hosting.example", MX, "mta-sts.*"))
    server.graceful()
    assert refusal(server, "mta-sts.a.example") == "CERTIFICATE_VERIFY_FAILED"
    server.configure(vhost(MX))
    server.graceful()
    assert presented(server, "mta-sts.a.example")[0] == ["mta-sts.a.example"]


def test_a_full_restart_reads_everything_again(begin):
    server, pairs = begin(domains=ONE)
    before = serial(server, "a.example")
    pairs.issue("a.example")
    server.restart()
    assert serial(server, "a.example") != before


def test_a_virtual_host_without_tls_reads_no_pairs_and_does_no_harm(begin):
    server, _ = begin(domains=ONE, body=proxied("hosting.example", LINES + MX, "mta-sts.*"))
    time.sleep(ROUND)
    assert not process.is_zombie(server.pid)
    policy.check(server.fetch_plainly("mta-sts.a.example"), POLICY)


def damage_shared_memory(server):
    """Overwrites the beginning of the memory with renewed pairs, as a child could that was taken over."""
    child = min(server.children())
    for line in pathlib.Path(f"/proc/{child}/maps").read_text().splitlines():
        begin, end = (int(one, 16) for one in line.split()[0].split("-"))
        if "rw-s" in line and AREA <= end - begin < AREA + 2 ** 16:
            with open(f"/proc/{child}/mem", "r+b", buffering=0) as memory:
                memory.seek(begin)
                memory.write(b"\x7f" * 256)
            return
    raise AssertionError("it has no such memory")


def test_the_parent_trusts_nothing_in_memory_that_children_can_write_to(begin):
    server, pairs = begin(domains=ONE)
    before = serial(server, "a.example")
    damage_shared_memory(server)
    pairs.issue("a.example")
    process.wait_for(lambda: server.log.matching(r"\[pairs-renewed\]$"), "the renewed pair", SOON)
    assert not process.is_zombie(server.pid)
    assert serial(server, "a.example") != before


def test_children_read_nothing_from_damaged_memory_until_the_next_reload(begin):
    damaged = r"the shared memory with renewed key pairs is damaged.*\[pair-waits-for-reload\]$"
    server, pairs = begin(domains=ONE, expected=[damaged])
    before = serial(server, "a.example")
    damage_shared_memory(server)
    assert serial(server, "a.example") == before
    assert server.log.matching(damaged)
    pairs.issue("a.example")
    server.graceful()
    assert serial(server, "a.example") != before


def write_many(server, pairs, count):
    """Pairs of few texts: making 300 certificates would take long."""
    text = server.ca.pair([f"mta-sts.d{i}.example" for i in range(50)])
    for i in range(count):
        pairs.write(f"many-{i}", *text)


def test_unchanged_pairs_are_not_read_again_and_memory_stays_flat_over_gracefuls(begin):
    server, pairs = begin(domains=ONE)
    write_many(server, pairs, 300)
    time.sleep(2.1)  # until they count as settled
    for _ in range(5):
        server.graceful()
    before = process.resident_kib(server.pid)
    read = process.bytes_read(server.pid)
    rounds = 50 if os.environ.get("MTA_STS_LONG") else 20
    for i in range(rounds):
        pairs.issue("a.example")
        server.graceful()
    assert process.resident_kib(server.pid) < before + 1500
    assert (process.bytes_read(server.pid) - read) / rounds < 2_000_000
