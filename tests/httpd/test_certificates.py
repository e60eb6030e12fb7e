# SPDX-License-Identifier: Apache-2.0
"""MTASTSCertificates: a key pair for every policy host of one virtual host."""

import re
import ssl
import subprocess

import pytest

import client
import policy
from httpd import MPMS, site
from pairs import (LINES, MX, UNKNOWN_NAME, Pairs, connect, context, presented, refusal, serial,
                   vhost)
from policy import POLICY

pytestmark = pytest.mark.slow

every_mpm = pytest.mark.parametrize("mpm", MPMS)
every_version = pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
OWN = "CERTIFICATE_VERIFY_FAILED"  # the virtual host's own certificate, which has another name


@every_mpm
def test_each_policy_host_gets_its_own_certificate(begin, mpm):
    server, _ = begin()
    for domain in ("a.example", "b.example"):
        host = "mta-sts." + domain
        assert presented(server, host)[0] == [host]
        policy.check(server.fetch(host), POLICY)


@every_version
def test_every_version_of_tls_gets_it(begin, version):
    server, _ = begin()
    tls = context(server, version)
    assert presented(server, "mta-sts.a.example", tls)[0] == ["mta-sts.a.example"]
    assert presented(server, "MTA-STS.B.Example", tls)[0] == ["mta-sts.b.example"]
    assert refusal(server, "mta-sts.c.example", tls) == UNKNOWN_NAME
    assert presented(server, "hosting.example", tls)[0] == ["hosting.example"]


def test_http_2_gets_it_too(begin):
    server, _ = begin(vhost(MX + "Protocols h2 http/1.1\n"), modules=("http2",))
    if server.mpm == "prefork":
        pytest.skip("mod_http2 does not work with prefork")
    host, port = "mta-sts.a.example", server.ports["https"]
    done = subprocess.run(
        ["curl", "-s", "--http2", "--cacert", server.ca.root, "-w", "%{http_version} %{http_code}",
         "--resolve", f"{host}:{port}:127.0.0.1", f"https://{host}:{port}{policy.PATH}"],
        capture_output=True, timeout=60)
    assert done.stdout == POLICY + b"2 200"


def test_a_policy_host_without_a_pair_is_refused_with_an_alert(begin):
    server, _ = begin()
    for name in ("mta-sts.c.example", "mta-sts.x.a.example", "mta-sts."):
        assert refusal(server, name) == UNKNOWN_NAME
    for name in ("c.example", "x.mta-sts.c.example", "mta-stsc.example", "localhost"):
        assert refusal(server, name) == OWN


def test_with_fallback_it_gets_the_certificate_of_the_virtual_host(begin):
    server, _ = begin(vhost(MX + "MTASTSUnknownName fallback\n"))
    assert refusal(server, "mta-sts.c.example") == OWN
    assert presented(server, "mta-sts.a.example")[0] == ["mta-sts.a.example"]


def test_a_client_without_a_server_name_gets_the_certificate_of_the_virtual_host(begin):
    server, _ = begin()
    tls = context(server)
    tls.check_hostname = False
    assert presented(server, None, tls)[0] == ["hosting.example"]


def test_a_certificate_of_the_virtual_host_itself_still_counts(begin):
    server, _ = begin(site("mta-sts.c.example", LINES + MX, "mta-sts.*"))
    assert presented(server, "mta-sts.c.example")[0] == ["mta-sts.c.example"]
    policy.check(server.fetch("mta-sts.c.example"), POLICY)
    assert refusal(server, "mta-sts.d.example") == UNKNOWN_NAME


def test_other_virtual_hosts_are_not_affected(begin):
    server, _ = begin(vhost(MX) + site("www.example") + site("mta-sts.e.example", MX))
    assert presented(server, "www.example")[0] == ["hosting.example", "mta-sts.e.example",
                                                   "www.example"]
    assert "mta-sts.e.example" in presented(server, "mta-sts.e.example")[0]


def test_two_virtual_hosts_may_share_a_directory(begin):
    server, _ = begin(vhost(MX) + site("mta-sts.b.example", LINES + MX))
    for domain in ("a.example", "b.example"):
        assert presented(server, "mta-sts." + domain)[0] == ["mta-sts." + domain]


def openssl(server, name, *words):
    port = server.ports["https"]
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername",
                           name, "-CAfile", server.ca.root, "-verify_hostname", name,
                           "-verify_return_error", *words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("words, kind", [
    (("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"), "RSA"),
    (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"), "ECDSA"),
    (("-tls1_3", "-sigalgs", "rsa_pss_rsae_sha256:ecdsa_secp384r1_sha384"), "RSA"),
    (("-tls1_3", "-sigalgs", "ecdsa_secp256r1_sha256"), "ECDSA"),
    ((), "ECDSA"),
])
def test_a_client_that_supports_one_kind_of_keys_gets_the_pair_of_that_kind(begin, words, kind):
    server, pairs = begin(domains=("ec.example",))
    pairs.issue("ec.example", directory="rsa", rsa_bits=2048)
    server.graceful()
    status, output = openssl(server, "mta-sts.ec.example", *words)
    assert status == 0, output
    # OpenSSL 3.0 says RSA-PSS and ECDSA, 3.5 rsa_pss_rsae_sha256 and ecdsa_secp256r1_sha256.
    assert re.search(f"^Peer signature type: {'rsa.pss' if kind == 'RSA' else kind}", output, re.I | re.M)


def test_the_newest_of_several_pairs_is_presented(begin):
    server, pairs = begin(domains=("a.example",))
    pairs.issue("a.example", directory="a-newer", since=0.5)
    pairs.issue("a.example", directory="a-over", since=0.4, days=-0.1)
    server.graceful()
    newer = serial(server, "a.example")
    pairs.remove("a-newer")
    server.graceful()
    assert serial(server, "a.example") != newer


def resume(server, tls, domain, session=None):
    """Fetches the policy of a domain; returns the session for the next time."""
    host = "mta-sts." + domain
    with connect(server, host, tls, session) as stream:
        assert stream.session_reused == (session is not None)
        stream.sendall(client.request(host, policy.PATH))
        assert b"200 OK" in stream.recv(65536)
        return stream.session


@every_version
def test_a_session_resumes_under_another_name(begin, version):
    server, _ = begin()
    tls = context(server, version)
    session = resume(server, tls, "a.example")
    resume(server, tls, "a.example", session)
    resume(server, tls, "b.example", session)


def test_a_session_of_tls_1_3_does_not_resume_under_an_unknown_name(begin):
    server, _ = begin()  # with TLS 1.2, OpenSSL shows the server the name of the session only
    tls = context(server, ssl.TLSVersion.TLSv1_3)
    with pytest.raises(ssl.SSLError) as raised:
        resume(server, tls, "c.example", resume(server, tls, "a.example"))
    assert raised.value.reason == UNKNOWN_NAME


def test_challenges_of_mod_md_are_left_alone(make):
    server = make([r"\[md:warn\] .* A requested MD certificate will not match ServerName.$"])
    Pairs(server).issue("a.example")
    certificate, key = server.ca.pair(["challenge.example"])
    for name, text in (("pubcert.secp256r1.pem", certificate), ("privkey.secp256r1.pem", key)):
        server.write(f"md/challenges/mta-sts.a.example/acme-tls-alpn-01-{name}", text.decode())
    md = ('MDStoreDir "@ROOT@/md"\nMDCertificateProtocol ACME\nMDPrivateKeys secp256r1\n'
          "MDomain mta-sts.a.example manual\nMDRenewMode manual\n"
          "Protocols http/1.1 acme-tls/1\n")
    server.configure(md + vhost(MX), modules=("md",)).start()
    tls = context(server, protocols=["acme-tls/1"])
    tls.check_hostname = False
    assert presented(server, "mta-sts.a.example", tls)[0] == ["challenge.example"]
    assert presented(server, "mta-sts.a.example")[0] == ["mta-sts.a.example"]


BROKEN = r"; .*\[pair-broken\]$"


def bad_pairs(ca):
    """What may be in a directory, and what is said about it."""
    certificate, key = ca.pair(["mta-sts.bad.example"])
    other = ca.pair(["mta-sts.bad.example"])[1]
    weak = ca.pair(["mta-sts.bad.example"], rsa_bits=1024)
    legacy = subprocess.run(["openssl", "pkey", "-traditional", "-aes128", "-passout", "pass:x"],
                            input=key, capture_output=True, check=True).stdout
    return {
        "half-renewed": (certificate, other, "the key does not belong to the certificate"),
        "no key": (certificate, None, "privkey.pem cannot be read: No such file or directory"),
        "empty": (b"", b"", "it contains no certificate in PEM format"),
        "encrypted": (certificate, legacy, "the key is encrypted, and httpd never asks"),
        "weak": (*weak, "its key or a signature is too weak"),
        "large": (b"x" * 300000, key, "fullchain.pem is larger than 256 KiB"),
    }


@pytest.mark.parametrize("name", ["half-renewed", "no key", "empty", "encrypted", "weak", "large"])
def test_a_broken_pair_stops_nothing_and_concerns_its_names_alone(make, ca, name):
    certificate, key, message = bad_pairs(ca)[name]
    server = make([r"[^ ]*/live/bad/fullchain.pem: .*" + message + ".*" + BROKEN])
    pairs = Pairs(server)
    pairs.issue("a.example")
    pairs.write("bad", certificate, key)
    server.configure(vhost(MX)).start()
    policy.check(server.fetch("mta-sts.a.example"), POLICY)
    assert refusal(server, "mta-sts.bad.example") == UNKNOWN_NAME


def test_configtest_says_where_the_directives_have_no_effect_or_are_wrong(make):
    server = make()
    cases = [
        (LINES, "MTASTSCertificates: only allowed in a <VirtualHost>"),
        ("<VirtualHost *:1>\nMTASTSCertificates\n</VirtualHost>",
         "MTASTSCertificates: a path is required, for example"),
        ("<VirtualHost *:1>\nMTASTSUnknownName no\n</VirtualHost>",
         'MTASTSUnknownName: "no" is not allowed; allowed are refuse and fallback'),
        ("<VirtualHost *:1>\nMTASTSUnknownName refuse\nMTASTSUnknownName fallback\n</VirtualHost>",
         'MTASTSUnknownName fallback contradicts "MTASTSUnknownName refuse" at'),
        ("<VirtualHost *:1>\nServerName a.example\n" + LINES + "</VirtualHost>",
         "a.example: MTASTSCertificates has no effect, because the virtual host does not use TLS"),
        ("<VirtualHost *:1>\nServerName a.example\nMTASTSUnknownName refuse\n</VirtualHost>",
         "MTASTSUnknownName has no effect, because the virtual host has no MTASTSCertificates "
         "[pairs-unused]"),
    ]
    for body, message in cases:
        _, output = server.configure(body).run("-t")
        assert message in output, (body, output)


def test_configtest_refuses_more_different_directives_than_a_pair_can_note(make):
    most = 64
    sites = [site(f"v{number}.example", f"MTASTSCertificates @ROOT@/live{number}/*\n{MX}")
             for number in range(most + 1)]
    server = make()
    status, output = server.configure("".join(sites[:most] + sites[:3])).run("-t")
    assert status == 0, output
    status, output = server.configure("".join(sites)).run("-t")
    assert status != 0
    assert (f"MTASTSCertificates: more than {most} virtual hosts have different ones; use the same "
            "MTASTSCertificates in several virtual hosts [pairs-too-many]") in output
