# SPDX-License-Identifier: Apache-2.0
"""TLS handshakes for policy hosts that fail are in the fetch log, by server name and cause."""

import contextlib
import json
import socket
import ssl
import time

import client
import process
import pytest

import policy
from database import Database
from hosting import ON, SITE, begin_hosting, served
from httpd import MPMS, site
from pairs import LINES, Pairs
from policy import HOST, MX
from test_one_report_all_views import run

pytestmark = pytest.mark.slow

NETWORK = "127.0.0.0/24"
NAME, CERTIFICATE, VERSION, GAVE_UP, FAILED = range(6, 11)
TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
every_version = pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
UNKNOWN = "mta-sts.unknown.example"  # of no certificate
CONF = "MTASTSReportDomain unknown.example\n" + site(HOST, MX)


def rows(server):
    return {(row["domain"], row["outcome"]): row["requests"] for row in Database(server).run(
        "SELECT domain, outcome, sum(requests) AS requests FROM mta_sts_fetch WHERE network = "
        f"'{NETWORK}' AND address = '' AND id = '' AND agent = '' GROUP BY domain, outcome")}


def recorded(server, expected):
    process.wait_for(lambda: rows(server) == expected, f"{expected}", 30)


def trusting(server, version):
    made = client.trusting(server.ca.root)
    made.minimum_version = made.maximum_version = version
    return made


def shake(server, tls, name):
    """Returns whether the handshake succeeded; the client notices its failure first, or at the end."""
    with socket.create_connection(("127.0.0.1", server.ports["https"]), client.TIMEOUT) as stream:
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            with tls.wrap_socket(stream, server_hostname=name):
                return True
    return False


def distrust(server, version, name=HOST):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # knows no CA
    tls.minimum_version = tls.maximum_version = version
    assert not shake(server, tls, name)


def old_client(server):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    tls.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        tls.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning):
        tls.maximum_version = ssl.TLSVersion.TLSv1_1
    return tls


def give_up(server, name=HOST, version=TLS13, read=True):
    """Sends a ClientHello, and closes the connection."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    shaken = trusting(server, version).wrap_bio(incoming, outgoing, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        shaken.do_handshake()
    with socket.create_connection(("127.0.0.1", server.ports["https"]), client.TIMEOUT) as stream:
        stream.sendall(outgoing.read())
        if read:
            assert stream.recv(1)


@pytest.mark.parametrize("mpm", MPMS)
@every_version
def test_each_cause_has_an_outcome_and_success_is_not_recorded(make_with, mpm, version):
    server = make_with((), mpm).configure(CONF).start()
    assert shake(server, trusting(server, version), HOST)
    distrust(server, version)
    distrust(server, version, HOST.upper())
    assert not shake(server, trusting(server, version), UNKNOWN)
    give_up(server, version=version)
    recorded(server, {("example.com", CERTIFICATE): 2, ("unknown.example", NAME): 1,
                      ("example.com", GAVE_UP): 1})


@pytest.mark.parametrize("protocols", ["", "SSLProtocol -all +TLSv1.2 +TLSv1.3\n"],
                         ids=["refused by the security level", "not enabled"])
def test_an_old_version_is_recorded_with_the_name_though_that_was_not_read_yet(make, protocols):
    server = make().configure(CONF.replace("SSLEngine on\n", "SSLEngine on\n" + protocols)).start()
    assert not shake(server, old_client(server), HOST)
    recorded(server, {("example.com", VERSION): 1})


def test_another_cause_is_one_of_its_own(make):
    server = make().configure(CONF).start()
    tls = trusting(server, TLS12)
    tls.set_ciphers("NULL-SHA256:@SECLEVEL=0")
    assert not shake(server, tls, HOST)
    recorded(server, {("example.com", FAILED): 1})


def test_policy_hosts_of_strangers_are_one_sum_and_other_hosts_are_not_recorded(make):
    server = make().configure(CONF).start()
    for name in ("mta-sts.a.example", "mta-sts.b.example", "www.example.com", None):
        tls = trusting(server, TLS13)
        tls.check_hostname = name is not None
        if name is None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            tls.check_hostname = False
        assert not shake(server, tls, name)
    with socket.create_connection(("127.0.0.1", server.ports["https"]), client.TIMEOUT):
        pass  # nothing is sent
    give_up(server, "x" * 60 + ".example")
    distrust(server, TLS13)
    recorded(server, {("", NAME): 2, ("example.com", CERTIFICATE): 1})


@every_version
@pytest.mark.parametrize("fallback", [False, True], ids=["refuse", "fallback"])
def test_with_pairs_a_host_without_one_is_recorded(make, version, fallback):
    body = LINES + MX + ("MTASTSUnknownName fallback\n" if fallback else "")
    server = make()
    Pairs(server).issue("a.example")
    server.configure("MTASTSReportDomain unknown.example\n"
                     + site("hosting.example", body, "mta-sts.*")).start()
    assert shake(server, trusting(server, version), "mta-sts.a.example")
    assert not shake(server, trusting(server, version), UNKNOWN)
    distrust(server, version, "mta-sts.a.example")
    # a wildcard alias serves a.example: strangers choose such names
    recorded(server, {("unknown.example", NAME): 1, ("", CERTIFICATE): 1})


def test_hosted_domains_are_recorded_by_name(make):
    server, hosting = begin_hosting(make, ON + SITE + site("other.example", "", "mta-sts.*"))
    hosting.insert("a.example")
    served(server, "a.example")
    assert not shake(server, trusting(server, TLS13), "mta-sts.a.example")  # no certificate for it
    assert not shake(server, trusting(server, TLS13), "mta-sts.b.example")
    process.wait_for(lambda: rows_of_handshakes(server) == {("a.example", NAME): 1, ("", NAME): 1},
                     "both", 30)


def rows_of_handshakes(server):
    return {key: number for key, number in rows(server).items() if key[1] >= NAME}


def test_behind_the_proxy_protocol_the_client_is_not_known(make):
    """mod_remoteip gives its address to requests only."""
    conf = CONF.replace("SSLEngine on\n", "SSLEngine on\nRemoteIPProxyProtocol On\n")
    server = make().configure(conf, modules=("remoteip",)).start()
    with socket.create_connection(("127.0.0.1", server.ports["https"]), client.TIMEOUT) as stream:
        stream.sendall(b"PROXY TCP4 192.0.2.9 127.0.0.1 4321 443\r\n")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with pytest.raises(ssl.SSLError):
            tls.wrap_socket(stream, server_hostname=HOST)
    process.wait_for(lambda: Database(server).run("SELECT network, outcome FROM mta_sts_fetch")
                     == [{"network": "", "outcome": CERTIFICATE}], "the client", 30)


def test_nothing_is_recorded_when_the_log_is_off(make):
    server = make().configure("MTASTSFetchLog off\n" + CONF).start()
    distrust(server, TLS13)
    policy.check(server.fetch(HOST))


def test_handshakes_of_several_generations_are_recorded(make):
    server = make().configure(CONF).start()
    for _ in range(3):
        distrust(server, TLS13)
        server.graceful()
    distrust(server, TLS12)
    server.restart()
    distrust(server, TLS13)
    recorded(server, {("example.com", CERTIFICATE): 5})


def fail_late(server, stream, between):
    """A handshake whose client notices the failure, and says so after something else has happened."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(incoming, outgoing, server_hostname=HOST)
    with pytest.raises(ssl.SSLCertVerificationError):
        while True:
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake()
            stream.sendall(outgoing.read())
            incoming.write(stream.recv(65536))
    between()
    stream.sendall(outgoing.read())


def test_a_handshake_that_fails_while_its_child_is_ending_is_recorded(make):
    server = make().configure(CONF).start()

    def reload():
        server.graceful()
        process.wait_for(lambda: len(server.log.matching("resuming normal operations")) == 2, "the reload")
        time.sleep(1)  # until the child has noticed, too

    with socket.create_connection(("127.0.0.1", server.ports["https"]), client.TIMEOUT) as stream:
        fail_late(server, stream, reload)
    recorded(server, {("example.com", CERTIFICATE): 1})


def test_the_command_shows_them(make):
    server = make().configure(CONF).start()
    distrust(server, TLS13)
    recorded(server, {("example.com", CERTIFICATE): 1})
    found, = json.loads(run(server, "fetches", "--offline", "--format", "json", "example.com"))["fetches"]
    assert (found["outcome"], found["network"], found["policy_id"]) == ("tls-certificate", NETWORK, None)
    assert f"  {NETWORK}  tls-certificate  1 request, " in run(server, "fetches", "--offline", "example.com")
