# SPDX-License-Identifier: Apache-2.0
"""Servers with one fault each: small and real, each at a separate address."""

import socket
import ssl
import threading
import warnings

LONG = 60


def serve(address, port, talk, backlog=20):
    """Listens, and handles each connection in a thread; ends with the session."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(backlog)

    def meet(connection):
        connection.settimeout(LONG)
        try:
            talk(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=meet, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def take_no_connection(address, port):
    """Makes connections to an address hang: the backlog is full, and no connection is accepted."""
    listener = socket.socket()
    listener.bind((address, port))
    listener.listen(0)
    waiting = []
    for _ in range(3):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex((address, port))
        waiting.append(one)
    return listener, waiting


def hang(connection):
    """Sends nothing until the client gives up."""
    while connection.recv(4096):
        pass


def drip(data, pause):
    """Sends single bytes slowly."""

    def talk(connection):
        gone = threading.Event()
        for byte in data:
            connection.sendall(bytes([byte]))
            gone.wait(pause)

    return talk


def late(talk, seconds):
    """Does the same after a delay."""

    def wait_and_talk(connection):
        threading.Event().wait(seconds)
        talk(connection)

    return wait_and_talk


def say(data):
    """Sends some bytes and closes the connection."""

    def talk(connection):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        hang(connection)

    return talk


def answer_once(data):
    """Waits for data from the client, then sends some bytes and closes the connection."""

    def talk(connection):
        connection.recv(4096)
        say(data)(connection)

    return talk


def context(certificate, newest=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate.chain, certificate.key)
    if newest:
        made.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # deprecated on purpose
            made.minimum_version = ssl.TLSVersion.TLSv1
            made.maximum_version = newest
    return made


# --- web servers ---


def answer(body, status="200 OK", content_type="text/plain", headers="", length=None):
    """A complete HTTP response, or one with a wrong Content-Length."""
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    length = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\n{kind}{headers}Content-Length: {length}\r\n" \
           "Connection: close\r\n\r\n"
    return head.encode() + body


class Web:
    """An https server whose hosts each have their own certificate and response."""

    def __init__(self, address, default, newest=None):
        self.contexts = {}
        self.talks = {}
        self.context = context(default, newest)
        self.context.sni_callback = self._choose
        serve(address, 443, self._talk, backlog=100)

    def add(self, host, talk, certificate=None):
        self.talks[host] = talk
        if certificate:
            self.contexts[host] = context(certificate)

    def _choose(self, connection, name, _):
        if name in self.contexts:
            connection.context = self.contexts[name]

    def _talk(self, connection):
        with self.context.wrap_socket(connection, server_side=True) as secured:
            request = b""
            while b"\r\n\r\n" not in request:
                data = secured.recv(4096)
                if not data:
                    return
                request += data
            lines = request.decode("latin-1").split("\r\n")
            host = next(line[6:] for line in lines if line.lower().startswith("host: "))
            self.talks[host](secured)


def reply(data):
    """Sends the response of a host of Web, and ends the TLS connection properly."""

    def talk(connection):
        connection.sendall(data)
        try:
            connection.unwrap()
        except (OSError, ssl.SSLError):
            pass

    return talk


# --- mail servers ---


class Mail:
    """An MX host that performs the steps up to TLS, with a fault in one of them. Each step is a
    reply, or a function that gets the connection. The greeting may be delayed, like that of a
    server that makes spammers wait.
    """

    def __init__(self, tls=None, greeting=b"220 mx ESMTP\r\n",
                 ehlo=b"250-mx\r\n250-SIZE 1000\r\n250 STARTTLS\r\n",
                 starttls=b"220 go ahead\r\n", handshake=None, delay=0):
        self.tls = tls
        self.delay = delay
        self.steps = [(None, greeting), (b"EHLO", ehlo), (b"STARTTLS", starttls)]
        self.handshake = handshake

    def __call__(self, connection):
        threading.Event().wait(self.delay)
        for command, step in self.steps:
            if command and not self._read(connection).startswith(command):
                return
            if callable(step):
                step(connection)
                return
            connection.sendall(step)
        if self.handshake:
            self.handshake(connection)
            return
        with self.tls.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)

    def _read(self, connection):
        line = b""
        while not line.endswith(b"\r\n"):
            data = connection.recv(4096)
            if not data:
                return b""
            line += data
        return line
