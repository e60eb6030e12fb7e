# SPDX-License-Identifier: Apache-2.0
"""A proxy between httpd and PostgreSQL that passes everything on, but can be made slow or silent."""

import contextlib
import pathlib
import shutil
import socket
import tempfile
import threading

SOCKET = ".s.PGSQL.5432"
QUERIES = b"QPB"  # the first bytes of messages that come after the login


class SlowPostgres:
    """On a socket in a directory of its own, like the PostgreSQL behind it."""

    def __init__(self, postgres):
        self.target = str(postgres.directory / SOCKET)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mta-sts-slow-"))
        self.directory.chmod(0o755)
        self.delay = 0  # seconds before each answer
        self.is_silent = False  # whether statements are not passed on: the login is
        self.changed = threading.Event()  # set by close()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.directory / SOCKET))
        (self.directory / SOCKET).chmod(0o777)
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def conninfo(self):
        return f"host={self.directory} dbname=postgres user=tester"

    def _accept(self):
        with contextlib.suppress(OSError):  # after close()
            while True:
                client, _ = self.listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.target)
                for pass_on, *ends in ((self._ask, client, server), (self._answer, server, client)):
                    threading.Thread(target=pass_on, args=ends, daemon=True).start()

    def _ask(self, client, server):
        with contextlib.suppress(OSError), server:
            while data := client.recv(65536):
                if self.is_silent and data[:1] in QUERIES:
                    self.changed.wait()
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _answer(self, server, client):
        with contextlib.suppress(OSError), client:
            while data := server.recv(65536):
                if self.delay:
                    self.changed.wait(self.delay)
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)

    def close(self):
        self.changed.set()
        self.listener.close()
        shutil.rmtree(self.directory)
