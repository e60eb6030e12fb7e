# SPDX-License-Identifier: Apache-2.0
"""Load: clients that fetch a policy continuously while the server is being reloaded."""

import ssl
import threading

from lab.domain import PATH
from lab.fetch import fetch

CLIENTS = 4


class Load:
    """`with Load(domain, policy) as load: ...`, then load.requests and load.failures.

    Each request does everything that a sender does, over its own connection: with keep-alive, a
    client may always lose the race against a server that closes an idle connection (RFC 9112
    9.3.1).
    """

    def __init__(self, domain, policy):
        self.host = domain.host
        self.policy = policy
        self.context = ssl.create_default_context()
        self.requests = 0
        self.failures = []  # as texts
        self.is_over = threading.Event()
        self.lock = threading.Lock()
        self.clients = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]

    def __enter__(self):
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for client in self.clients:
            client.join()

    def _ask(self):
        while not self.is_over.is_set():
            failure = self._failure()
            with self.lock:
                self.requests += 1
                if failure:
                    self.failures.append(failure)

    def _failure(self):
        """What is wrong with the response to one request, or that there is none."""
        try:
            response = fetch(self.host, PATH, context=self.context)
        except Exception as error:  # any exception is a failure
            return repr(error)
        return None if (response.status, response.body) == (200, self.policy) else repr(response)
