# SPDX-License-Identifier: Apache-2.0
"""Access to the database as its owner, because root would leave files that httpd's child processes
cannot use."""

import json
import subprocess

import process
import report
from policy import identity

OWNER = ["setpriv", "--reuid", "www-data", "--regid", "www-data", "--clear-groups", "--"]

FAILED = r"\[mta_sts:warn\].*\[database-failed\]$"
WORKS = r"\[mta_sts:notice\].* works again \[database-works\]$"


class Database:
    """SQLite in the state directory of a server."""

    def __init__(self, server, path=None):
        self.path = path or server.root / "state/reports.db"

    def run(self, sql):
        """Runs a statement; returns each row as a dict, and no rows if the table does not exist
        yet."""
        if not self.path.exists():
            return []
        result = subprocess.run([*OWNER, "sqlite3", "-bail", "-json", "-cmd", ".timeout 10000",
                                 f"file:{self.path}?mode=rw", sql],
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        if b"no such table" in result.stderr:
            return []
        assert result.returncode == 0 and not result.stderr, result.stderr.decode()
        return json.loads(result.stdout or b"[]")

    def history(self, domain="example.com"):
        """The served policies in chronological order: (id, text, whether it is still served)."""
        rows = self.run("SELECT id, text, last_served FROM mta_sts_history "
                        f"WHERE domain = '{domain}' ORDER BY first_served")
        return [(row["id"], row["text"], row["last_served"] is None) for row in rows]

    def reports(self):
        """The digests of the reports that are counted, with duplicates."""
        return sorted(row["digest"] for row in self.run(
            "SELECT digest FROM tlsrpt_report WHERE state = 0"))


def noted(server, *expected, domain="example.com"):
    """Waits until the history of a domain is these texts, the last of them still served."""
    wanted = [(identity(one), one.decode(), number == len(expected))
              for number, one in enumerate(expected, 1)]
    process.wait_for(lambda: Database(server).history(domain) == wanted, "the history of " + domain)


def indexed(server, numbers):
    """Waits until exactly these reports are counted, each once."""
    wanted = sorted(report.digest(report.make(number)) for number in numbers)
    process.wait_for(lambda: Database(server).reports() == wanted, f"{len(wanted)} reports", 60)
    sums, = Database(server).run("SELECT sum(reports) AS reports, sum(successful) AS successful "
                                 "FROM tlsrpt_sum WHERE domain <> 0")
    assert (sums["reports"], sums["successful"]) == (len(wanted), sum(numbers))


def watchdogs(server):
    """The processes that have the database open."""
    path = str(server.root / "state/reports.db")
    return [pid for pid in server.children()
            if any(name.startswith(path) for name in process.opened(pid))]
