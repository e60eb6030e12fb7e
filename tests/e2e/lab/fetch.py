# SPDX-License-Identifier: Apache-2.0
"""Fetching as a sender does: DNS, a verified certificate, no redirect followed, no keep-alive."""

import http.client
import ssl

TIMEOUT = 20


class Response:
    def __init__(self, status, headers, body, certificate):
        self.status = status
        self.headers = headers
        self.body = body
        self.certificate = certificate

    @property
    def names(self):
        """The DNS names in the certificate's subjectAltName."""
        return sorted(value for kind, value in self.certificate["subjectAltName"] if kind == "DNS")

    @property
    def serial(self):
        return self.certificate["serialNumber"]

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body!r}"


def fetch(host, path, method="GET", scheme="https", headers=None, context=None):
    """Sends one request; raises the exception of the ssl module if the certificate is not valid.
    Callers with many requests pass a context, because creating one takes longer than a request."""
    if scheme == "https":
        context = context or ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, timeout=TIMEOUT, context=context)
    else:
        connection = http.client.HTTPConnection(host, timeout=TIMEOUT)
    try:
        connection.connect()
        certificate = connection.sock.getpeercert() if scheme == "https" else None
        connection.request(method, path, headers={"Connection": "close", **(headers or {})})
        response = connection.getresponse()
        return Response(response.status, response.headers, response.read(), certificate)
    finally:
        connection.close()
