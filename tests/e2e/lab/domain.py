# SPDX-License-Identifier: Apache-2.0
"""A mail domain with MTA-STS: its zone, its policy host at Apache, its TXT record."""

import hashlib

from lab import APACHE
from lab.fetch import fetch

PATH = "/.well-known/mta-sts.txt"


def policy_text(mode, *mx, max_age=604800):
    """A policy as the module serves it."""
    lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {name}" for name in mx),
             f"max_age: {max_age}"]
    return "".join(f"{line}\r\n" for line in lines).encode()


def policy_id(text):
    return hashlib.sha256(text).hexdigest()[:20]


class MailDomain:
    """Creates the zone, its MX record and the address of its policy host; the TXT record is
    published later."""

    def __init__(self, dns, name, mx="mx1.lab.test"):
        self.dns = dns
        self.name = name
        self.host = f"mta-sts.{name}"
        dns.zone(name)
        dns.publish(name, "MX", f"10 {mx}.")
        dns.publish(self.host, "A", APACHE)

    def fetch(self):
        """The policy, over verified https."""
        return fetch(self.host, PATH)

    def publish_id(self):
        """Publishes the id of the policy that is served now, as the last step of every change."""
        record = f"v=STSv1; id={policy_id(self.fetch().body)};"
        self.dns.txt(f"_mta-sts.{self.name}", record)
