# SPDX-License-Identifier: Apache-2.0
"""A small CA based on openssl, for certificates that no ACME CA would issue. The lab trusts its
root, like that of pebble, so that its certificates are wrong only in the intended way.
"""

from datetime import datetime, timedelta, timezone
from pathlib import Path

from lab.process import directory, run

CONFIG = """\
[ca]
default_ca = lab
[lab]
database = {directory}/index.txt
new_certs_dir = {directory}
certificate = {directory}/root.pem
private_key = {directory}/root.key
rand_serial = yes
default_md = sha256
policy = names
unique_subject = no
copy_extensions = copy
x509_extensions = server
[names]
commonName = optional
[req]
distinguished_name = subject
[subject]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
"""

EC_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
RSA_KEY = ("-newkey", "rsa:2048", "-nodes")


class Certificate:
    """The files of a certificate (with its chain, if any) and its key."""

    def __init__(self, chain, key):
        self.chain = Path(chain)
        self.key = Path(key)


def _subject(names, common_name=None):
    """Arguments for openssl: a subject, and the DNS names if there are any."""
    words = ["-subj", f"/CN={common_name or (names[0] if names else 'nameless')}"]
    if names:
        words += ["-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)]
    return words


class Ca:
    """Issues certificates for any names and dates, and self-signed ones, with the extensions that
    RFC 5280 (4.2.1) requires: Python 3.13 verifies them."""

    def __init__(self, name="ca"):
        self.directory = directory(name)
        self.root = self.directory / "root.pem"
        self.count = 0
        (self.directory / "index.txt").touch()
        self.config = self.directory / "ca.conf"
        self.config.write_text(CONFIG.format(directory=self.directory))
        run("openssl", "req", "-x509", "-config", self.config, "-extensions", "root", *EC_KEY,
            "-days", "3650", "-subj", "/CN=Lab CA",
            "-keyout", self.directory / "root.key", "-out", self.root)

    def issue(self, *names, starts=-1, ends=90, key=EC_KEY, common_name=None):
        """A certificate for DNS names; `starts` and `ends` are days from now."""
        stem = self._stem()
        request = stem.with_suffix(".csr")
        run("openssl", "req", "-new", "-config", self.config, *key, *_subject(names, common_name),
            "-keyout", stem.with_suffix(".key"), "-out", request)
        now = datetime.now(timezone.utc)
        dates = [(now + timedelta(days=d)).strftime("%Y%m%d%H%M%SZ") for d in (starts, ends)]
        run("openssl", "ca", "-batch", "-notext", "-config", self.config,
            "-startdate", dates[0], "-enddate", dates[1],
            "-in", request, "-out", stem.with_suffix(".pem"))
        return Certificate(stem.with_suffix(".pem"), stem.with_suffix(".key"))

    def self_signed(self, *names, days=90):
        stem = self._stem()
        run("openssl", "req", "-x509", "-config", self.config, "-extensions", "server", *EC_KEY,
            "-days", days, *_subject(names),
            "-keyout", stem.with_suffix(".key"), "-out", stem.with_suffix(".pem"))
        return Certificate(stem.with_suffix(".pem"), stem.with_suffix(".key"))

    def _stem(self):
        self.count += 1
        return self.directory / f"leaf{self.count}"


def trust(roots):
    """Adds root certificates {name: PEM text} to the system's trust store with Debian's tools."""
    for name, text in roots.items():
        Path(f"/usr/local/share/ca-certificates/{name}.crt").write_text(text)
    run("update-ca-certificates")
