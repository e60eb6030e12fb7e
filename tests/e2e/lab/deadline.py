# SPDX-License-Identifier: Apache-2.0
"""Waiting for conditions, never for a fixed time."""

import time


def wait_until(condition, what, seconds=20, pause=0.05):
    """Polls until condition() is true and returns its value; fails with `what` after `seconds`.

    `what` is a text, or a function that makes it (to show the last state seen).
    """
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            text = what() if callable(what) else what
            raise AssertionError(f"waited {seconds} s in vain for: {text}")
        time.sleep(pause)
