# SPDX-License-Identifier: Apache-2.0
"""Start-up findings: each appears in the log of the httpd that has the fault, once per start, and
none in the log of a healthy one.

Not here: certificate-unreadable. mod_ssl refuses to start with a file that holds no certificate;
tests/e2e/test_startup.py has the one that it takes and nobody can read.
"""

import datetime
import functools
import json
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

import status_page
from httpd import proxied
from policy import HOST, MX

pytestmark = pytest.mark.slow

ENFORCE = "MTASTSMode enforce\n" + MX
BLOCK = "<MTASTSPolicy example.com>\n{}</MTASTSPolicy>\n"
# Every line of ours but those that list what is served.
FINDING = r"\[mta_sts:\w+\] (?!.*\[policy-served\]$)"


def issue(ca, *names, starts=-1, ends=90, key=None, common_name="host"):
    """A file with a certificate of the CA, for these names and days from now, and its key."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (x509.CertificateBuilder()
               .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
               .issuer_name(ca.name).public_key(key.public_key())
               .serial_number(x509.random_serial_number())
               .not_valid_before(now + datetime.timedelta(days=starts))
               .not_valid_after(now + datetime.timedelta(days=ends, hours=1)))
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    certificate = builder.sign(ca.key, hashes.SHA256())
    path = ca.directory / f"{certificate.serial_number:x}.pem"
    path.touch(mode=0o600)
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    return path


def http(body="", name=HOST):
    return f"<VirtualHost 127.0.0.1:@HTTP@>\nServerName {name}\n{body}\n</VirtualHost>\n"


def https(*certificates, body="", name=HOST):
    """A virtual host with these certificate files; "@CERT@" stands for a good one."""
    files = "".join(f"SSLCertificateFile {path}\n" for path in certificates or ["@CERT@"])
    return ("<VirtualHost 127.0.0.1:@HTTPS@>\n"
            f"ServerName {name}\nSSLEngine on\n# over TLS: @CERT@\n{files}{body}\n</VirtualHost>\n")


def findings(server):
    return server.log.matching(FINDING)


def assert_logged(server, severity, identity, *parts):
    """The finding is there once a start: not for the dry run, not for each child; and no other."""
    for times, again in ((1, server.graceful), (2, server.restart), (3, None)):
        logged = server.log.matching(rf"\[mta_sts:{severity}\] .*\[{identity}\]$")
        assert len(logged) == times, server.log.lines()
        assert findings(server) == logged
        for part in parts:
            assert server.fill(part) in logged[-1]
        if again:
            again()


@pytest.fixture
def at(start):
    """at(body, *expected) -> a running httpd that logs warnings or errors of these ids only."""
    def make(body, *expected, **more):
        return start(body, expected=[rf"\[{identity}\]$" for identity in expected], **more)
    return make


# --- nothing to say ---


def test_a_healthy_server_logs_no_finding(start):
    server = start(http(ENFORCE) + https(body=ENFORCE))
    server.graceful()
    assert findings(server) == []
    assert len(server.log.matching(r"\[policy-served\]$")) == 2


HEALTHY_CERTIFICATES = {
    "a wildcard": [{"names": ["*.example.com"]}],
    "a wildcard among other names": [{"names": ["www.example.com", "*.example.com"]}],
    "an elliptic and an RSA key": [{"names": [HOST]}, {"names": [HOST], "rsa": True}],
    "fifteen days left": [{"names": [HOST], "starts": -75, "ends": 15}],
    "more than a third of a short lifetime left": [{"names": [HOST], "starts": -3, "ends": 2}],
}


def made(ca, description):
    """The files of the certificates that a description asks for."""
    files = []
    for fields in description:
        fields = dict(fields)
        key = rsa.generate_private_key(65537, 2048) if fields.pop("rsa", False) else None
        files.append(issue(ca, *fields.pop("names"), key=key, **fields))
    return files


@pytest.mark.parametrize("certificates", HEALTHY_CERTIFICATES)
def test_a_good_certificate_gives_no_finding(start, ca, certificates):
    server = start(https(*made(ca, HEALTHY_CERTIFICATES[certificates]), body=ENFORCE))
    assert findings(server) == []


def test_a_block_at_server_level_counts_for_http_and_https_alike(start):
    server = start(BLOCK.format(ENFORCE) + http() + https())
    assert findings(server) == []


def test_https_by_a_proxy_needs_no_certificate_here(start):
    assert findings(start("MTASTSFetchLog off\n" + http(ENFORCE, "https://" + HOST))) == []


def test_a_proxy_that_hides_clients_from_the_fetch_log_is_an_info(start):
    assert_logged(start(http(ENFORCE, "https://" + HOST)), "info", "fetches-proxy", "httpd.conf:",
                  "fetch log", "mod_remoteip")


# --- https and its certificates ---


def test_https_missing_is_an_info_with_the_command_to_run(start):
    server = start(http(MX))
    assert_logged(server, "info", "https-missing", f"{HOST}: ", "certbot --apache -d " + HOST,
                f"{server.conf_file}:{server.line + 3}: ")


def test_https_missing_is_said_for_a_block_that_an_http_name_carries(start):
    assert_logged(start(BLOCK.format(MX) + http()), "info", "https-missing", HOST)


@pytest.mark.parametrize("names", [
    ["www.example.com"], ["example.com"], ["*.mta-sts.example.com"], ["*.com"],
    ["mta-sts.example.org", "*.example.net"], []])
def test_a_certificate_without_the_name_is_an_error(start, ca, names):
    path = issue(ca, *names)
    server = start(https(path, body=MX),
                   expected=[r"\[certificate-name-missing\]$", r"\[ssl:warn\] .* AH01909: "])
    assert_logged(server, "error", "certificate-name-missing", f"{HOST}: ", str(path),
                "certbot --apache -d " + HOST, *names)


def test_the_common_name_does_not_count(start, ca):
    path = issue(ca, common_name=HOST)
    server = start(https(path, body=MX), expected=[r"\[certificate-name-missing\]$"])
    assert_logged(server, "error", "certificate-name-missing", "it covers no DNS name")


def test_an_expired_certificate_is_an_error(at, ca):
    path = issue(ca, HOST, starts=-90, ends=-2)
    server = at(https(path, body=MX), "certificate-expired")
    assert_logged(server, "error", "certificate-expired", str(path), "certbot renew")


def test_a_certificate_of_the_future_is_an_error(at, ca):
    server = at(https(issue(ca, HOST, starts=2), body=MX), "certificate-not-yet-valid")
    assert_logged(server, "error", "certificate-not-yet-valid", "clock")


@pytest.mark.parametrize("lifetime, days, left", [
    (90, 0, "in 0 hours"), (90, 1, "in 1 day;"), (90, 13, "in 13 days;"), (5, 1, "in 1 day;")])
def test_a_certificate_that_ends_soon_is_a_warning(at, ca, lifetime, days, left):
    path = issue(ca, HOST, starts=days - lifetime, ends=days)
    server = at(https(path, body=MX), "certificate-expires-soon")
    assert_logged(server, "warn", "certificate-expires-soon", left)


@pytest.mark.parametrize("bad", [0, 1])
def test_each_of_several_certificates_is_judged(at, ca, bad):
    files = made(ca, [{"names": [HOST]}, {"names": [HOST], "rsa": True}])
    key = rsa.generate_private_key(65537, 2048) if bad else None
    files[bad] = issue(ca, HOST, starts=-9, ends=-2, key=key)
    server = at(https(*files, body=MX), "certificate-expired")
    assert_logged(server, "error", "certificate-expired", str(files[bad]))


class Issuer:
    """A CA below another one, or on its own."""

    def __init__(self, name, parent=None, ends=90):
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.timezone.utc)
        self.certificate = (
            x509.CertificateBuilder().subject_name(self.name)
            .issuer_name(parent.name if parent else self.name).public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=200))
            .not_valid_after(now + datetime.timedelta(days=ends))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign((parent or self).key, hashes.SHA256()))
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)


def chain_file(directory, issuer, *above, is_public=False):
    """A file with a certificate for the policy host (self-signed without issuer), those of the CAs
    above it, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (x509.CertificateBuilder().subject_name(name)
               .issuer_name(issuer.name if issuer else name).public_key(key.public_key())
               .serial_number(x509.random_serial_number())
               .not_valid_before(now - datetime.timedelta(days=1))
               .not_valid_after(now + datetime.timedelta(days=80))
               .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False))
    if is_public:
        builder = builder.add_extension(x509.AuthorityInformationAccess([x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS,
            x509.UniformResourceIdentifier("http://ca.example/ca.der"))]), critical=False)
    certificate = builder.sign((issuer.key if issuer else key), hashes.SHA256())
    path = directory / f"{certificate.serial_number:x}.pem"
    path.touch(mode=0o600)
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM)
                     + b"".join(other.pem for other in above) + key.private_bytes(
                         serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                         serialization.NoEncryption()))
    return path


def chains(ca):
    """{what is wrong: (the file, severity, id, parts of the message)}"""
    good, old = Issuer("intermediate CA", ca), Issuer("expired CA", ca, ends=-5)
    own = Issuer("a CA of our own")
    below = Issuer("below our own", own)
    make = functools.partial(chain_file, ca.directory)
    return {
        "self-signed": (make(None), "error", "certificate-self-signed", "is self-signed: senders do not"),
        "no intermediate": (make(good, is_public=True), "error", "certificate-chain-incomplete",
                            "lacks the certificate of the CA that issued it", "intermediate CA"),
        "a CA of one's own": (make(own), "warning", "certificate-ca-unknown",
                              "leads to a CA that this machine does not trust", "a CA of our own"),
        "a whole chain to it": (make(below, below, own), "warning", "certificate-ca-unknown",
                                "a CA of our own"),
        "an expired intermediate": (make(old, old), "error", "certificate-chain-broken",
                                    "has expired", "expired CA"),
    }


@pytest.mark.parametrize("what", ["self-signed", "no intermediate", "a CA of one's own",
                                  "a whole chain to it", "an expired intermediate"])
def test_a_certificate_that_senders_do_not_trust_is_found_at_start_and_on_the_page(at, ca, what):
    path, severity, identity, *parts = chains(ca)[what]
    server = at(status_page.LOCATION + https(path, body=ENFORCE), identity)
    assert_logged(server, severity.replace("warning", "warn"), identity, *parts, str(path))
    shown = server.fetch_plainly(path=status_page.PATH + "?domain=example.com&format=json").body
    found, = json.loads(shown)["domain"]["findings"]
    assert (found["id"], found["severity"]) == (identity, severity)
    assert b"No trouble is known" not in server.fetch_plainly(path=status_page.PATH).body


@pytest.mark.parametrize("directive", ["", "SSLCertificateChainFile {}", "SSLCACertificateFile {}"])
def test_a_chain_that_leads_to_a_trusted_ca_gives_no_finding(start, ca, directive):
    issuer = Issuer("intermediate CA", ca)
    chain = ca.directory / "chain.pem"
    chain.write_bytes(issuer.pem)
    above = [] if directive else [issuer]
    path = chain_file(ca.directory, issuer, *above, is_public=True)
    server = start(https(path, body=ENFORCE + directive.format(chain) + "\n"))
    assert findings(server) == []


def test_without_a_trust_store_no_chain_is_judged(start, ca, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    monkeypatch.setenv("SSL_CERT_DIR", "/nonexistent")
    assert findings(start(https(chain_file(ca.directory, Issuer("of our own")), body=ENFORCE))) == []


def test_a_certificate_of_another_site_is_not_judged(start, ca):
    other = issue(ca, "other.example", starts=-9, ends=-2)
    server = start(https(body=MX) + https(other, name="other.example"))
    assert findings(server) == []


def test_mod_md_without_a_certificate_yet_is_an_info(start):
    md = ("MDStoreDir @ROOT@/md\nMDomain " + HOST + "\nMDCertificateAgreement accepted\n"
          "MDContactEmail a@example.com\nMDCertificateAuthority https://127.0.0.1:9/\n")
    vhost = f"<VirtualHost 127.0.0.1:@HTTPS@>\nServerName {HOST}\nSSLEngine on\n{MX}</VirtualHost>\n"
    server = start("# @CERT@\n" + md + http() + vhost, modules=["md"],
                   expected=[r"\[md:(warn|error)\]", r"\[ssl:warn\]"])
    logged = server.log.matching(r"\[mta_sts:info\] .*\[certificate-missing\]$")
    assert len(logged) == 1 and "mod_md" in logged[0]
    assert findings(server) == logged


# --- http and https that differ ---


def test_different_policies_on_http_and_https_are_a_warning_with_both_locations(at):
    server = at(http(ENFORCE) + https(body=MX), "policy-differs")
    lines = server.conf_file.read_text().splitlines()
    first, second = [number for number, line in enumerate(lines, 1) if line == MX.strip()]
    assert_logged(server, "warn", "policy-differs", f"{server.conf_file}:{first}: ",
                f"{server.conf_file}:{second}", "which senders see")


def test_a_policy_on_http_alone_is_a_warning(at):
    server = at(http(MX) + https(), "policy-only-http")
    assert_logged(server, "warn", "policy-only-http", f"{server.conf_file}:{server.line + 3}",
                "<MTASTSPolicy example.com>")


def test_a_virtual_host_that_differs_from_the_block_at_server_level_is_seen(at):
    server = at(BLOCK.format(MX) + http(ENFORCE) + https(), "policy-differs")
    assert_logged(server, "warn", "policy-differs")


def test_a_block_that_a_virtual_host_hides_by_what_it_inherits_is_a_warning(at):
    server = at(MX + BLOCK.format("MTASTSMode enforce\n") + http() + https(), "block-hidden")
    lines = server.conf_file.read_text().splitlines()
    shown, hidden = lines.index(MX.strip()) + 1, lines.index("<MTASTSPolicy example.com>") + 1
    assert_logged(server, "warn", "block-hidden", f"{server.conf_file}:{hidden}: ",
                f"{server.conf_file}:{shown}", "move ")


@pytest.mark.parametrize("body", [
    MX + BLOCK.format("MTASTSMode testing\n") + https(),
    MX + BLOCK.format("MTASTSMode enforce\n") + https(body=MX),
    MX + BLOCK.format("MTASTSMode enforce\n") + https(body=BLOCK.format(MX)),
    "MTASTSMode none\n" + BLOCK.format(MX) + https(),
])
def test_a_block_that_is_served_or_overridden_on_purpose_gives_no_finding(start, body):
    assert findings(start(body)) == []


# --- the policy itself ---


@pytest.mark.parametrize(("body", "identity"), [
    ("MTASTSMode enforce\nMTASTSMaxAge 86399\n" + MX, "max-age-short"),
    ("MTASTSMode none\nMTASTSMaxAge 604801\n" + MX, "max-age-long"),
])
def test_an_unwise_max_age_is_a_warning_at_its_line(at, body, identity):
    server = at(https(body=body), identity)
    line = server.conf_file.read_text().splitlines().index(body.splitlines()[1]) + 1
    assert_logged(server, "warn", identity, f"{server.conf_file}:{line}: ")


@pytest.mark.parametrize("body", [
    "MTASTSMode enforce\nMTASTSMaxAge 86400\n" + MX,
    "MTASTSMode testing\nMTASTSMaxAge 60\n" + MX,
    "MTASTSMode none\nMTASTSMaxAge 604800\n" + MX,
])
def test_a_max_age_at_the_limit_gives_no_finding(start, body):
    assert findings(start(https(body=body))) == []


def test_a_virtual_host_without_a_policy_host_among_its_names_is_a_warning(at):
    server = at(https(body=MX, name="www.example.com"), "policy-host-missing")
    assert_logged(server, "warn", "policy-host-missing", "ServerAlias mta-sts.DOMAIN")


def test_a_report_path_without_any_domain_is_a_warning(at):
    server = at(https(body="MTASTSReportPath /tlsrpt"), "report-domain-missing")
    assert_logged(server, "warn", "report-domain-missing", "httpd.conf:", "MTASTSReportDomain",
                "/tlsrpt: reports are accepted here")


PROXIED = "MTASTSFetchLog off\n" + proxied("mta-sts.example.com", MX + "MTASTSReportPath /tlsrpt")


def test_a_proxy_that_hides_the_senders_is_a_warning_and_mod_remoteip_ends_it(make):
    server = make([r"\[report-proxy\]$"]).configure(PROXIED)
    text = server.conf_file.read_text()
    assert "RemoteIPHeader" in text
    server.conf_file.write_text(re.sub("(?m)^RemoteIPHeader.*\n", "", text))
    status, output = server.run("-t")
    assert status == 0 and "[report-proxy]" in output
    server.start()
    assert_logged(server, "warn", "report-proxy", "/tlsrpt: reports arrive here through a proxy",
                "mod_remoteip")
    server.conf_file.write_text(text)
    assert "report-proxy" not in server.run("-t")[1]


@pytest.mark.parametrize("body", (
    "MTASTSReportDomain example.com\n" + https(body="MTASTSReportPath /tlsrpt"),
    BLOCK.format(MX) + https(body="MTASTSReportPath /tlsrpt"),
    https(body="MTASTSReportPath off"),
), ids=("a domain is named", "there is a policy", "no server takes any in"))
def test_a_report_path_with_a_domain_and_no_report_path_give_no_finding(start, body):
    assert not start(body).log.matching(r"\[report-domain-missing\]$")


def test_policy_hosts_without_a_virtual_host_are_summed_up_in_one_info(start):
    blocks = BLOCK.format(MX) + "<MTASTSPolicy a.example b.example>\n" + MX + "</MTASTSPolicy>\n"
    server = start(blocks + https(name="www.example.com"))
    assert_logged(server, "info", "policy-host-no-vhost", "3 domains")


# --- many of them ---


def test_many_findings_of_one_kind_are_summed_up(start):
    hosts = "".join(http("MTASTSMx mx.example\n", f"mta-sts.d{i}.example") for i in range(30))
    lines = findings(start(hosts))
    assert len(lines) == 21
    assert re.search(r"\[mta_sts:info\] .*\b10 more\b.*\[https-missing\]$", lines[-1])


def test_configtest_shows_warnings_and_passes(make):
    server = make().configure(http(ENFORCE) + https(body=MX))
    status, output = server.run("-t")
    assert status == 0
    assert len(re.findall(r"\[policy-differs\]", output)) == 1
