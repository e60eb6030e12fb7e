# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 frames over a cleartext connection (RFC 9113), which a client library would hide."""

import select
import socket
import struct
import time

import process

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING = 0, 1, 3, 4, 6
NAMES = {DATA: "data", HEADERS: "headers", RESET: "reset"}
END_STREAM, ACK, END_HEADERS = 1, 1, 4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(name, value):
    """A literal header field without indexing (RFC 7541 6.2.2)."""
    name, value = name.encode(), value.encode()
    assert max(len(name), len(value)) < 127
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


class Connection:
    """One connection; `seen` contains the names of the frames of each stream, in order."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), process.DEADLINE)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0))
        self.received = b""
        self.seen = {}
        self.resets = {}
        self.last = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *fields):
        self.socket.sendall(frame(*fields))

    def post(self, host, path, more=()):
        """Begins a stream with a body and returns its id."""
        return self.begin("POST", END_HEADERS, host, path, more)

    def get(self, host, path):
        """Begins a stream without a body and returns its id."""
        return self.begin("GET", END_HEADERS | END_STREAM, host, path)

    def begin(self, method, flags, host, path, more=()):
        stream, self.last = self.last + 1, self.last + 2
        fields = [(":method", method), (":scheme", "http"), (":authority", host), (":path", path), *more]
        self.seen[stream] = []
        self.send(HEADERS, flags, stream, b"".join(literal(*field) for field in fields))
        return stream

    def take(self, kind, flags, stream, payload):
        if kind in (SETTINGS, PING) and not flags & ACK:
            self.send(kind, ACK, 0, payload if kind == PING else b"")
        if kind in NAMES and stream in self.seen:
            self.seen[stream].append(NAMES[kind])
        if kind == RESET:
            self.resets[stream] = int.from_bytes(payload, "big")

    def listen(self, seconds, until=None):
        """Receives frames for the given time, or until a stream has ended."""
        end = time.monotonic() + seconds
        while not (until and self.is_over(until)):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return
            self.received += self.socket.recv(65536)
            while len(self.received) >= 9:
                length = 9 + int.from_bytes(self.received[:3], "big")
                if len(self.received) < length:
                    break
                kind, flags, stream = struct.unpack(">BBI", self.received[3:9])
                payload, self.received = self.received[9:length], self.received[length:]
                self.take(kind, flags, stream, payload)
                if kind == DATA and flags & END_STREAM:
                    self.seen.setdefault(stream, []).append("end")

    def is_over(self, stream):
        return bool({"end", "reset"} & set(self.seen[stream]))
