# SPDX-License-Identifier: Apache-2.0
"""The error log of an httpd, as a gate: what is in it must have been expected."""

import re

SERIOUS = re.compile(r"^\[[^\]]*\] \[\w*:(warn|error|crit|alert|emerg)\]"
                     r"|AH00052|exit signal|segfault|[Aa]ssert|core dump|AddressSanitizer"
                     r"|runtime error:|free\(\)|malloc")

# Many a test sends reports of one name; it cannot know when the index logs that. A child of the
# event MPM that ends while a connection lingers may log AH03092: a race of httpd's own.
USUAL = re.compile(r"\[report-conflict\]$|\[mpm_event:error\].*\(9\)Bad file descriptor: AH03092: ")


class ErrorLog:
    def __init__(self, path, expected=()):
        self.path = path
        self.expected = list(expected)  # of regular expressions
        self.possible = []  # the same, of lines that come or not as time goes
        self.checked = 0  # lines that check() looked at

    def lines(self):
        return self.path.read_text(errors="replace").splitlines() if self.path.exists() else []

    def matching(self, pattern):
        return [line for line in self.lines() if re.search(pattern, line)]

    def check(self):
        """No new line is there that was not expected."""
        new = self.lines()[self.checked:]
        self.checked += len(new)
        unexpected = [line for line in new if SERIOUS.search(line) and not USUAL.search(line)
                      and not any(re.search(pattern, line)
                                  for pattern in self.expected + self.possible)]
        assert not unexpected, "unexpected in the error log:\n" + "\n".join(unexpected)

    def check_expected(self):
        """Each line that was expected is there."""
        missing = [pattern for pattern in self.expected if not self.matching(pattern)]
        assert not missing, f"expected in the error log, but not there: {missing}"
