# SPDX-License-Identifier: Apache-2.0
"""Runs `mta-sts check` for the tests."""

import subprocess

ANCHOR = "/run/lab/unbound/anchor"
CALL = ("mta-sts", "check", "--trust-anchor", ANCHOR)
TIMEOUT = ("--timeout", "4")


def check(*words, **options):
    return subprocess.run([*CALL, *words], capture_output=True, text=True, timeout=70, **options)


def findings(result):
    return [finding for section in result["sections"] for finding in section["findings"]]


def read_all(terminal):
    """Everything that was written to a terminal that has been closed."""
    data = b""
    with open(terminal, "rb", buffering=0) as reader:
        try:
            while portion := reader.read(4096):
                data += portion
        except OSError:  # how Linux reports the end
            pass
    return data.decode()
