# SPDX-License-Identifier: Apache-2.0
"""Fetching the policy as a sender does: RFC 8461 section 3.3."""

import errno
import http.client
import socket
import ssl
import time

from . import machine
from .problem import Problem

PATH = "/.well-known/mta-sts.txt"
LONGEST = 65536
SECONDS = 10
UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL)


class _Connection(http.client.HTTPSConnection):
    """A connection to one address that checks the certificate for the host's name."""

    def __init__(self, host, address, context):
        super().__init__(host, timeout=10, context=context)
        self.address = str(address)

    def connect(self):
        plain = socket.create_connection((self.address, 443), self.timeout)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)


def _context(trust):
    """Verifies as senders do, with OpenSSL's defaults. By default, Python 3.13 would also reject
    certificates without the key identifiers of RFC 5280."""
    context = ssl.create_default_context()
    context.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST
    if not trust:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def get(host, address, trust=True):
    """The policy text at one address; a Problem says why a sender would not accept it."""
    connection = _Connection(host, address, _context(trust))
    try:
        connection.request("GET", PATH, headers={"Connection": "close"})
        response = connection.getresponse()
        body = response.read(LONGEST + 1)
    except ssl.SSLCertVerificationError as error:
        raise Problem("its certificate is not accepted: " + error.verify_message)
    except (OSError, http.client.HTTPException) as error:
        problem = Problem("it cannot be reached over https: {}".format(error))
        problem.unreachable = getattr(error, "errno", None) in UNREACHABLE
        raise problem
    finally:
        connection.close()
    if response.status != 200:
        raise Problem("it answers with status {}, and senders accept only 200".format(
            response.status))
    if response.headers.get_content_type() != "text/plain":
        raise Problem("its answer is {}, not text/plain".format(
            response.headers.get_content_type()))
    if len(body) > LONGEST:
        raise Problem("its answer is larger than 64 KiB")
    return body


def _compare(host, address, expected, trust):
    body = get(host, address, trust)
    if body != expected:
        raise Problem("it serves a different policy from the one configured here:\n"
                      + body.decode("utf-8", "replace"))


def _compare_all(host, addresses, expected, trust):
    """Every address must serve it; those in networks that this machine cannot reach are skipped."""
    checked = []
    for address in addresses:
        try:
            _compare(host, address, expected, trust)
            checked.append(str(address))
        except Problem as error:
            if getattr(error, "unreachable", False) and len(addresses) > 1:
                print("  {} is not reachable from this machine: check it from elsewhere".format(
                    address))
                continue
            raise Problem("https://{}{} at {}: {}".format(host, PATH, address, error))
    if not checked:
        raise Problem("https://{}{} is not reachable from this machine".format(host, PATH))
    return checked


def wait_for(host, expected, trust=True, seconds=SECONDS):
    """Fetches until every address serves the policy; returns the addresses. A reload needs a
    moment, so the first answers may be the old ones."""
    end = time.monotonic() + seconds
    while True:
        addresses = machine.addresses_of(host)
        try:
            if not addresses:
                raise Problem("{} does not resolve to any address".format(host))
            return _compare_all(host, addresses, expected, trust)
        except Problem:
            if time.monotonic() > end:
                raise
        time.sleep(0.2)
