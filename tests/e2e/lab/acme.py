# SPDX-License-Identifier: Apache-2.0
"""The ACME CA: pebble, with real http-01 validation on port 80 through the lab's resolver."""

import json
import ssl
import urllib.request

from lab import ACME, RESOLVER
from lab.process import Daemon, directory

HOST = "pebble.lab.test"
DIRECTORY = f"https://{HOST}:14000/dir"

# Authorizations are never reused, so that each renewal really uses http-01. Nonces are not rejected
# at random, because certbot retries only once, so runs would sometimes fail by chance.
ENVIRONMENT = {
    "PEBBLE_VA_NOSLEEP": "1",
    "PEBBLE_AUTHZREUSE": "0",
    "PEBBLE_WFE_NONCEREJECT": "0",
}


class Acme:
    """The CA's root is new at each start; `root` contains it after start()."""

    def __init__(self, ca):
        self.ca = ca
        self.directory = DIRECTORY
        self.root = None

    def start(self):
        here = directory("pebble")
        # The package does not contain a certificate for the API.
        api = self.ca.issue(HOST)
        config = {
            "listenAddress": f"{ACME}:14000",
            "managementListenAddress": f"{ACME}:15000",
            "certificate": str(api.chain),
            "privateKey": str(api.key),
            "httpPort": 80,
            "tlsPort": 443,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }
        (here / "config.json").write_text(json.dumps({"pebble": config}))
        daemon = Daemon("pebble", "pebble", "-config", here / "config.json",
                        "-dnsserver", f"{RESOLVER}:53", env=ENVIRONMENT)
        daemon.wait_ready(self._fetch_root)

    def _fetch_root(self):
        context = ssl.create_default_context(cafile=self.ca.root)
        try:
            url = f"https://{HOST}:15000/roots/0"
            with urllib.request.urlopen(url, context=context, timeout=5) as response:
                self.root = response.read().decode()
        except OSError:
            return False
        return True
