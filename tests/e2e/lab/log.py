# SPDX-License-Identifier: Apache-2.0
"""Log files: reading the lines since a mark, and waiting for a line."""

import re
from pathlib import Path

from lab.deadline import wait_until


class Log:
    """A log file, which may not exist yet; reading starts at its current end."""

    def __init__(self, path):
        self.path = Path(path)
        self.mark()

    def mark(self):
        """Skips all lines up to now."""
        self.start = self.path.stat().st_size if self.path.exists() else 0

    def text(self):
        if not self.path.exists():
            return ""
        with self.path.open("rb") as log:
            log.seek(self.start)
            return log.read().decode(errors="replace")

    def lines(self, pattern):
        return [line for line in self.text().splitlines() if re.search(pattern, line)]

    def wait(self, pattern, seconds=20):
        """Waits for the first line that matches, and returns it."""
        wanted = f"{pattern} in {self.path}"
        return wait_until(lambda: self.lines(pattern), wanted, seconds)[0]
