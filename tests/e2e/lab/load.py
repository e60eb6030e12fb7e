# SPDX-License-Identifier: Apache-2.0
"""Load: clients that fetch a policy without pause while the server is being reloaded."""

import re
import signal
import subprocess

from lab.process import folder

CLIENTS = 4


class Load:
    """`with Load(url) as load: ...`, then load.requests and load.failed.

    ab without -k, a connection per request: a client with keep-alive cannot help losing the race
    against the server that closes an idle connection (RFC 9112 9.3.1), whatever the content.
    """

    def __init__(self, url):
        self.url = url
        self.requests = self.failed = 0
        self.report = ""

    def __enter__(self):
        self.output = folder("load") / "ab.log"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                # Until stopped; -r counts a broken connection as a failure instead of ending.
                ["ab", "-q", "-r", "-s", "20", "-t", "3600", "-n", "100000000",
                 "-c", str(CLIENTS), self.url],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/")
        return self

    def __exit__(self, kind, *_):
        assert self.process.poll() is None, f"ab ended early: {self.output.read_text()}"
        # It prints its report when it is interrupted.
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        self.report = self.output.read_text()
        if kind is None:
            self.requests = self._count("Complete requests")
            self.failed = self._count("Failed requests") + self._count("Non-2xx responses")

    def _count(self, name):
        found = re.search(rf"^{name}: +(\d+)", self.report, re.M)
        assert found or name == "Non-2xx responses", f"no {name} in ab's report: {self.report}"
        return int(found.group(1)) if found else 0
