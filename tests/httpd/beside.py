# SPDX-License-Identifier: Apache-2.0
"""Clients with different addresses, and other daemons next to an httpd."""

import contextlib
import socket
import subprocess

import client
import policy
import process
import report


def talk_from(source, port, sent, tls=None):
    """The complete response to a client with this loopback address."""
    with socket.create_connection(("127.0.0.1", port), client.TIMEOUT, (source, 0)) as stream:
        if tls:
            context, host = tls
            stream = context.wrap_socket(stream, server_hostname=host)
        with stream:
            stream.sendall(sent)
            return b"".join(iter(lambda: stream.recv(65536), b""))


def post_from(source, port, body, content_type=report.GZIP, tls=None):
    return client.only(talk_from(source, port, report.request(body, content_type), tls))


def fetch_from(source, port, tls=None):
    return client.only(talk_from(source, port, client.request(policy.HOST, policy.PATH), tls))


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def daemon(command, is_ready, log):
    """A daemon in the foreground, which is stopped at the end of the test."""
    with open(log, "wb") as output:
        running = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *map(str, command)],
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        def ready():
            assert running.poll() is None, f"{command[0]} ended: {open(log).read()}"
            return is_ready()
        process.wait_for(ready, f"{command[0]} to be ready")
        yield running
    finally:
        running.terminate()
        running.wait(process.DEADLINE)
