# SPDX-License-Identifier: Apache-2.0
"""Key pairs in files, as ACME clients write them, and clients that inspect the presented
certificates."""

import os
import shutil
import socket
import ssl

import client
from httpd import site

LINES = 'MTASTSCertificates "@ROOT@/live/*" "@ROOT@/lego/*.crt"\n'
MX = "MTASTSMx mx1.example.com\n"
UNKNOWN_NAME = "TLSV1_UNRECOGNIZED_NAME"


def vhost(body="", name="hosting.example"):
    """The virtual host of all policy hosts."""
    return site(name, LINES + body, "mta-sts.*")


class Pairs:
    """The pairs of a server, by the names of their directories."""

    def __init__(self, server):
        self.server = server
        self.live = server.root / "live"
        self.live.mkdir(exist_ok=True)

    def write(self, name, certificate, key):
        """Replaces each file atomically, as certbot does: the key first, so that a new certificate
        never has an old key."""
        directory = self.live / name
        directory.mkdir(exist_ok=True)
        for file, text in (("privkey.pem", key), ("fullchain.pem", certificate)):
            if text is not None:
                new = directory / (file + ".new")
                new.write_bytes(text)
                new.chmod(0o600)
                os.rename(new, directory / file)

    def issue(self, *domains, directory=None, **more):
        """A pair for the policy hosts of these domains."""
        hosts = ["mta-sts." + domain for domain in domains]
        self.write(directory or domains[0], *self.server.ca.pair(hosts, **more))

    def remove(self, name):
        shutil.rmtree(self.live / name)


def context(server, version=None, ciphers=None, protocols=()):
    made = client.trusting(server.ca.root)
    if version:
        made.minimum_version = made.maximum_version = version
    if ciphers:
        made.set_ciphers(ciphers)
    if protocols:
        made.set_alpn_protocols(protocols)
    return made


def connect(server, name, tls=None, session=None):
    stream = socket.create_connection(("127.0.0.1", server.ports["https"]), client.TIMEOUT)
    try:
        return (tls or context(server)).wrap_socket(stream, server_hostname=name, session=session)
    except BaseException:
        stream.close()
        raise


def presented(server, name, tls=None):
    """The names and the serial number of the certificate that is presented to a client that trusts
    the CA. Raises SSLError if the certificate does not cover the name."""
    with connect(server, name, tls) as stream:
        certificate = stream.getpeercert()
    return [value for _, value in certificate["subjectAltName"]], certificate["serialNumber"]


def serial(server, domain, tls=None):
    return presented(server, "mta-sts." + domain, tls)[1]


def refusal(server, name, tls=None):
    """OpenSSL's reason why the handshake fails."""
    try:
        presented(server, name, tls)
    except ssl.SSLError as error:
        return error.reason
    return None
