# SPDX-License-Identifier: Apache-2.0
"""certbot, as an admin runs it, against the lab's ACME CA."""

from pathlib import Path

from lab import acme
from lab.ca import Certificate
from lab.process import run

CLI_INI = f"""
server = {acme.DIRECTORY}
non-interactive = True
agree-tos = True
register-unsafely-without-email = True
# Without a terminal it would wait up to eight minutes.
no-random-sleep-on-renew = True
"""


class Certbot:
    def __init__(self):
        with Path("/etc/letsencrypt/cli.ini").open("a") as ini:
            ini.write(CLI_INI)

    def apache(self, *hosts, name=None, redirect=True, expand=False):
        """Gets a certificate for existing virtual hosts, creates their https copies, and
        reloads."""
        words = ["--cert-name", name or hosts[0]]
        words += ["--redirect" if redirect else "--no-redirect"]
        words += ["--expand"] if expand else []
        for host in hosts:
            words += ["-d", host]
        return run("certbot", "--apache", *words)

    def standalone(self, host, address):
        """Gets a certificate for a host without a web server; certbot itself responds on
        `address`."""
        run("certbot", "certonly", "--standalone", "--http-01-address", address, "-d", host)
        live = Path("/etc/letsencrypt/live") / host
        return Certificate(live / "fullchain.pem", live / "privkey.pem")

    def renew(self, name=None):
        """Renews now: pebble's certificates last for years, so a plain `renew` would do nothing."""
        words = ["--cert-name", name] if name else []
        return run("certbot", "renew", "--force-renewal", *words)
