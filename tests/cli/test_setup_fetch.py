# SPDX-License-Identifier: Apache-2.0
"""How mta-sts-setup verifies the certificate of the policy host."""
import pathlib
import socket
import ssl
import subprocess
import sys
import threading

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "scripts"))
from mta_sts_setup import fetch  # noqa: E402

HOST = "mta-sts.example.com"
# A CA as many are: without keyUsage, its basicConstraints not critical, no key identifiers.
CONFIG = f"""\
[req]
distinguished_name = subject
[subject]
[ca]
basicConstraints = CA:TRUE
subjectKeyIdentifier = none
[host]
authorityKeyIdentifier = none
subjectKeyIdentifier = none
subjectAltName = DNS:{HOST}
"""


@pytest.fixture(scope="module")
def lax_ca(tmp_path_factory):
    """A directory with ca.pem, and with the certificate and key of HOST in host.pem."""
    directory = tmp_path_factory.mktemp("ca")
    (directory / "conf").write_text(CONFIG)
    key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config conf -subj /CN="
    for command in (f"req -x509 {key}ca -extensions ca -keyout ca.key -out ca.pem",
                    f"req {key}host -keyout host.key -out host.csr",
                    "x509 -req -in host.csr -CA ca.pem -CAkey ca.key -CAcreateserial "
                    "-extfile conf -extensions host -out host.crt"):
        subprocess.run(["openssl", *command.split()], check=True, cwd=directory, timeout=60,
                       capture_output=True)
    (directory / "host.pem").write_bytes((directory / "host.crt").read_bytes()
                                         + (directory / "host.key").read_bytes())
    return directory


def handshake(directory, host, trusted):
    """Between the context that fetches policies and a server that has the certificate."""
    context = fetch._context(True)
    if trusted:
        context.load_verify_locations(directory / "ca.pem")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(directory / "host.pem")
    here, there = socket.socketpair()

    def serve():
        try:
            server.wrap_socket(there, server_side=True).close()
        except OSError:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with here, context.wrap_socket(here, server_hostname=host):
            pass
    finally:
        thread.join(10)


def test_a_certificate_without_the_extensions_of_rfc_5280_is_accepted_as_by_senders(lax_ca):
    handshake(lax_ca, HOST, trusted=True)


@pytest.mark.parametrize("host, trusted, said", [
    ("other.example.com", True, "Hostname mismatch"), (HOST, False, "unable to get local issuer")])
def test_another_name_or_an_unknown_ca_is_refused(lax_ca, host, trusted, said):
    with pytest.raises(ssl.SSLCertVerificationError, match=said):
        handshake(lax_ca, host, trusted)
