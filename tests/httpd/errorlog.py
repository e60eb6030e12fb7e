# SPDX-License-Identifier: Apache-2.0
"""Checks the error log of an httpd: all of its lines must be expected."""

import re

SERIOUS = re.compile(r"^\[[^\]]*\] \[\w*:(warn|error|crit|alert|emerg)\]"
                     r"|AH00052|exit signal|segfault|[Aa]ssert|core dump|AddressSanitizer"
                     r"|runtime error:|free\(\)|malloc")

# Many tests send reports with the same identity, and cannot know when the index logs the conflict.
# A child process of the event MPM that ends during a lingering close may log AH03092, which is a
# race condition in httpd.
USUAL = re.compile(r"\[report-conflict\]$|\[mpm_event:error\].*\(9\)Bad file descriptor: AH03092: ")


class ErrorLog:
    def __init__(self, path, expected=()):
        self.path = path
        self.expected = list(expected)  # of regular expressions
        self.possible = []  # the same, for lines that may or may not be logged, depending on timing
        self.checked = 0  # number of lines that check() has checked

    def lines(self):
        return self.path.read_text(errors="replace").splitlines() if self.path.exists() else []

    def matching(self, pattern):
        return [line for line in self.lines() if re.search(pattern, line)]

    def check(self):
        """Checks that all new lines were expected."""
        new = self.lines()[self.checked:]
        self.checked += len(new)
        unexpected = [line for line in new if SERIOUS.search(line) and not USUAL.search(line)
                      and not any(re.search(pattern, line)
                                  for pattern in self.expected + self.possible)]
        assert not unexpected, "unexpected in the error log:\n" + "\n".join(unexpected)

    def check_expected(self):
        """Checks that each expected line was logged."""
        missing = [pattern for pattern in self.expected if not self.matching(pattern)]
        assert not missing, f"expected in the error log, but not there: {missing}"
