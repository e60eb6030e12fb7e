# SPDX-License-Identifier: Apache-2.0
"""What the module logs at start: its lines in Apache's error log, start by start."""

import re

from lab.deadline import wait_until
from lab.log import Log


class Starts:
    """All lines of the module in the error log, except for those that list what is served, start by
    start."""

    LINE = r"\[mta_sts:(\w+)\] \[pid (\d+).*?\] (.* \[([a-z-]+)\])$"

    def __init__(self, apache):
        self.apache = apache
        self.log = Log(apache.error_log.path)
        self.logged = []

    def lines(self):
        """[(level, id, text, pid)]"""
        found = [re.search(self.LINE, line) for line in self.log.lines(r"\[mta_sts:")]
        return [line.group(1, 4, 3, 2) for line in found if line.group(4) != "policy-served"]

    def of_this_start(self, earlier, expected):
        """[(level, id, text)]. Lines of child processes with the pids `earlier` are included only
        if they are expected and no other process logged them: these processes may notice a change
        of the machine before the restart ends them."""
        lines = [line[:3] for line in self.lines() if line[3] not in earlier]
        said = [line[:2] for line in lines]
        return lines + [line[:3] for line in self.lines() if line[3] in earlier
                        and line[:2] in expected and line[:2] not in said]

    def skip(self):
        """Skips the lines up to now."""
        self.log.mark()
        self.logged = []

    def again(self, *expected, how=None):
        """Restarts; asserts that exactly these (level, id) are logged, and returns their texts."""
        late = self.lines()[len(self.logged):]
        self.skip()
        assert late == [], "logged later"
        earlier = self.apache.children()
        (how or self.apache.graceful)()

        def ids():
            return [line[:2] for line in self.of_this_start(earlier, expected)]

        wait_until(lambda: len(ids()) >= len(expected), lambda: f"{expected}; there is {ids()}", 60)
        assert sorted(ids()) == sorted(expected), self.lines()
        self.logged = self.lines()
        return [text for _, _, text in self.of_this_start(earlier, expected)]
