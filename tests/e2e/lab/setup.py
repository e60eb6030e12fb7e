# SPDX-License-Identifier: Apache-2.0
"""Runs mta-sts-setup as an admin does, and removes everything it created."""

import hashlib
import os
from pathlib import Path

from lab import acme
from lab.apache import ETC
from lab.process import run

PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
MX = "mx.setup.test"
# The directories in which the program may change something.
CHANGED = (ETC, Path("/etc/letsencrypt"), Path("/var/backups"), Path("/var/lib/letsencrypt"))


def set_up(domain, *words, server=acme.DIRECTORY, status=0):
    """Runs the program, checks its status, and returns its output."""
    words += ("--server", server) if server else ()
    done = run("mta-sts-setup", domain, *words, check=False,
               env={**os.environ, **PATH}, timeout=300)
    assert done.returncode == status, done.stdout
    return done.stdout


def enabled():
    """The enabled sites, modules and snippets of Apache."""
    return {str(path) for path in ETC.glob("*-enabled/*")}


def forget(domain, *more):
    """Removes everything that was set up for a MailDomain, and further sites by name."""
    for name in (domain.host, domain.host + "-le-ssl") + more:
        run("a2dissite", "-q", "-f", name, check=False)
        run("a2disconf", "-q", "-f", name, check=False)
        (ETC / "sites-available" / f"{name}.conf").unlink(missing_ok=True)
        (ETC / "conf-available" / f"{name}.conf").unlink(missing_ok=True)
    for name in (domain.host,) + more:
        run("certbot", "delete", "--non-interactive", "--cert-name", name, check=False)


def tree(*directories):
    """All files and links that the program may change, with their contents."""
    found = {}
    for directory in directories or CHANGED:
        for path in sorted(directory.rglob("*")):
            if path.is_symlink():
                found[str(path)] = os.readlink(path)
            elif path.is_file():
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
