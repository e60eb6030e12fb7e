# SPDX-License-Identifier: Apache-2.0
"""A client that sends given bytes and returns the bytes of the response."""

import socket
import ssl
from dataclasses import dataclass

TIMEOUT = 20


@dataclass(frozen=True)
class Answer:
    version: str
    status: int
    headers: list  # of (name, value), as received
    body: bytes

    def header(self, name):
        """The only value of a header, or None."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2, f"{name} came {len(values)} times: {values}"
        return values[0] if values else None

    def names(self):
        return {name for name, _ in self.headers}


def talk(port, sent, tls=None, address="127.0.0.1"):
    """Sends some bytes, and returns everything that is received up to the end of the connection.
    tls is a pair: the context, and the host to verify."""
    with socket.create_connection((address, port), TIMEOUT) as stream:
        if tls:
            context, host = tls
            stream = context.wrap_socket(stream, server_hostname=host)
        with stream:
            stream.sendall(sent)
            return b"".join(iter(lambda: stream.recv(65536), b""))


def trusting(root):
    return ssl.create_default_context(cafile=str(root))


def request(host, path, method="GET", version="1.1", headers=(), body=b""):
    """The bytes of a request with "Connection: close". Without a Host header if it is None."""
    lines = [f"{method} {path} HTTP/{version}"]
    lines += [f"Host: {host}"] if host is not None else []
    lines += ["Connection: close", *headers]
    lines += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def _dechunk(left):
    """Decodes a chunked body; returns it and the bytes after it."""
    body = b""
    while True:
        size, gap, left = left.partition(b"\r\n")
        assert gap, f"a chunk without size: {size!r}"
        body += left[:int(size, 16)]
        assert left[int(size, 16):][:2] == b"\r\n", f"a chunk without end: {left!r}"
        left = left[int(size, 16) + 2:]
        if int(size, 16) == 0:
            return body, left


def read(received, length=None):
    """The first response in some bytes, and the bytes after it. Without an explicit length of the
    body (0 for HEAD), Content-Length determines it."""
    head, gap, rest = received.partition(b"\r\n\r\n")
    assert gap, f"no answer: {received!r}"
    status, *lines = head.decode("latin-1").split("\r\n")
    version, code = status.split(" ")[:2]
    headers = [tuple(line.split(": ", 1)) if ": " in line else (line.rstrip(":"), "")
               for line in lines]
    if length is None and ("Transfer-Encoding", "chunked") in headers:
        body, rest = _dechunk(rest)
        return Answer(version, int(code), headers, body), rest
    if length is None:
        lengths = [int(value) for name, value in headers if name.lower() == "content-length"]
        length = lengths[0] if lengths else len(rest)
    return Answer(version, int(code), headers, rest[:length]), rest[length:]


def only(received, method="GET"):
    """The response; nothing may follow it."""
    answer, rest = read(received, 0 if method == "HEAD" else None)
    assert rest == b"", f"{method}: bytes after the answer: {rest!r}"
    return answer
