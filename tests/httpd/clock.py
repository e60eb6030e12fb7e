# SPDX-License-Identifier: Apache-2.0
"""A separate clock for an httpd."""

from pathlib import Path

LIBRARY, = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
HOUR = 3600


class Clock:
    """Sets the time for an httpd that starts from now on, and for its child processes."""

    def __init__(self, server, zone="UTC"):
        self.path = server.root / "clock"
        self.set(0)
        # The times of files are not changed.
        server.wrapper = ["env", f"LD_PRELOAD={LIBRARY}", f"FAKETIME_TIMESTAMP_FILE={self.path}",
                          "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
                          "NO_FAKE_STAT=1", f"TZ={zone}"]

    def set(self, seconds):
        """Sets the clock relative to the real time."""
        following = self.path.with_suffix(".new")
        following.write_text(f"{seconds:+d}\n")
        following.replace(self.path)
