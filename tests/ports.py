# SPDX-License-Identifier: Apache-2.0
"""Ports on the loopback interface for servers in tests."""

import itertools
import os
import random
import socket

# Below the kernel's ephemeral ports, so that no client takes one. Each worker of the test runner
# has its own range and returns each port only once, so that no two servers get the same one.
FIRST, END, PARTS = 10000, 32000, 16
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
SIZE = (END - FIRST) // PARTS
START = random.SystemRandom().randrange(SIZE)  # other runs may use the same range
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
