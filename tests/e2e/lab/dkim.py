# SPDX-License-Identifier: Apache-2.0
"""DKIM: a domain that signs its mail, and the milter that verifies signatures for a mail server."""

import socket
from base64 import b64encode

import dkim

from lab import REPORTS, RESOLVER
from lab.mail import PEER
from lab.process import Daemon, directory, run

PORT = 8891
CONF = """\
Mode sv
Domain inside.test
Selector lab
PeerList {directory}/peers
KeyFile {directory}/key.pem
Socket inet:{port}@{address}
AuthservID {authserv_id}
AlwaysAddARHeader yes
Syslog no
UserID opendkim
ResolverConfiguration {directory}/unbound.conf
"""
# By default, its libunbound answers itself that test. does not exist.
UNBOUND = f"""\
server:
    local-zone: "test." nodefault
    do-not-query-localhost: no
forward-zone:
    name: "."
    forward-addr: {RESOLVER}
"""


class Milter:
    """OpenDKIM as the manual configures it. It verifies mail, except what it signs, mail of
    inside.test from its InternalHosts (127.0.0.1), and what comes from its PeerList."""

    def __init__(self, authserv_id, address=REPORTS):
        self.address = address
        conf = directory("opendkim") / "opendkim.conf"
        run("openssl", "genrsa", "-traditional", "-out", conf.parent / "key.pem", "1024")
        run("chown", "opendkim", conf.parent / "key.pem")
        (conf.parent / "peers").write_text(PEER + "\n")
        conf.write_text(CONF.format(port=PORT, address=address, authserv_id=authserv_id,
                                    directory=conf.parent))
        conf.with_name("unbound.conf").write_text(UNBOUND)
        self.daemon = Daemon("opendkim", "opendkim", "-f", "-x", conf)
        self.daemon.wait_ready(self._listens)

    @property
    def name(self):
        """As Postfix has it."""
        return f"inet:{self.address}:{PORT}"

    def _listens(self):
        try:
            socket.create_connection((self.address, PORT), timeout=5).close()
        except OSError:
            return False
        return True


class Signer:
    """A domain whose key is in DNS."""

    SELECTOR = "lab"

    def __init__(self, dns, domain):
        self.domain = domain
        self.key = directory("dkim") / f"{domain}.pem"
        # Fits into one string of a TXT record.
        run("openssl", "genrsa", "-traditional", "-out", self.key, "1024")
        run("openssl", "rsa", "-in", self.key, "-pubout", "-outform", "DER",
            "-out", f"{self.key}.pub")
        public = b64encode((directory("dkim") / f"{domain}.pem.pub").read_bytes()).decode()
        dns.zone(domain)
        dns.txt(f"{self.SELECTOR}._domainkey.{domain}", f"v=DKIM1; k=rsa; p={public}")

    def sign(self, message):
        """The same bytes with a DKIM-Signature field prepended."""
        return dkim.sign(message, self.SELECTOR.encode(), self.domain.encode(),
                         self.key.read_bytes()) + message
