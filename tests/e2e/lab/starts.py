# SPDX-License-Identifier: Apache-2.0
"""What the module says at start: its lines in Apache's error log, start by start."""

import re

from lab.deadline import wait_until
from lab.log import Log


class Starts:
    """Every line of ours in the error log but those that list what is served, start by start."""

    LINE = r"\[mta_sts:(\w+)\] \[pid .*?\] (.* \[([a-z-]+)\])$"

    def __init__(self, apache):
        self.apache = apache
        self.log = Log(apache.error_log.path)
        self.logged = []

    def lines(self):
        """[(level, id, text)]"""
        found = [re.search(self.LINE, line) for line in self.log.lines(r"\[mta_sts:")]
        return [(line.group(1), line.group(3), line.group(2)) for line in found
                if line.group(3) != "policy-served"]

    def skip(self):
        """What came up to now is not looked at."""
        self.log.mark()
        self.logged = []

    def again(self, *expected, how=None):
        """Restarts; asserts that exactly these (level, id) are logged, and returns their texts."""
        late = self.lines()[len(self.logged):]
        self.skip()
        assert late == [], "logged later"
        (how or self.apache.graceful)()

        def ids():
            return [line[:2] for line in self.lines()]

        wait_until(lambda: len(ids()) >= len(expected), lambda: f"{expected}; there is {ids()}", 60)
        self.logged = self.lines()
        assert sorted(ids()) == sorted(expected), self.logged
        return [text for _, _, text in self.logged]
