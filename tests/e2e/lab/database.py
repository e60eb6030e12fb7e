# SPDX-License-Identifier: Apache-2.0
"""The database of the module on the machine of the lab."""

from pathlib import Path

from lab.process import run

STATE_DIR = Path("/var/lib/mod_mta_sts")
FILE = STATE_DIR / "reports.db"


def rows(sql):
    """Runs as the owner, because root would leave files to which the module could not write."""
    return run("setpriv", "--reuid", "www-data", "--regid", "www-data", "--clear-groups", "sqlite3",
               "-cmd", ".timeout 10000", FILE, sql).stdout.splitlines()
