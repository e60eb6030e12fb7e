# SPDX-License-Identifier: Apache-2.0
"""Ports of the loopback interface for servers of the tests."""

import itertools
import os
import random
import socket

# Below the ports that the kernel gives to clients, so that none of those takes one. Each worker of
# the test runner has a part of its own and gives each port once, or two servers would get the same.
FIRST, END, PARTS = 10000, 32000, 16
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
SIZE = (END - FIRST) // PARTS
START = random.SystemRandom().randrange(SIZE)  # other calls of the runner may use the same part
CANDIDATES = (FIRST + WORKER % PARTS * SIZE + (START + number) % SIZE
              for number in itertools.count())


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port():
    return next(port for port in CANDIDATES if is_free(port))
