# SPDX-License-Identifier: Apache-2.0
"""A throwaway certificate authority."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(part):
    if isinstance(part, x509.Certificate):
        return part.public_bytes(serialization.Encoding.PEM)
    return part.private_bytes(serialization.Encoding.PEM,
                              serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption())


class Ca:
    def __init__(self, directory):
        self.directory = directory
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name("throwaway CA of the httpd tests")
        self.root = directory / "ca.pem"
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self.root.write_bytes(_pem(self._sign(self.name, self.key.public_key(), constraints)))

    def _sign(self, subject, public_key, extension):
        now = datetime.datetime.utcnow()
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
                .public_key(public_key).serial_number(x509.random_serial_number())
                .not_valid_before(now - DAY).not_valid_after(now + 90 * DAY)
                .add_extension(extension, critical=True).sign(self.key, hashes.SHA256()))

    def issue(self, hosts):
        """A file with a certificate for these hosts, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        certificate = self._sign(_name("host"), key.public_key(), names)
        path = self.directory / f"{certificate.serial_number:x}.pem"
        path.touch(mode=0o600)
        path.write_bytes(_pem(certificate) + _pem(key))
        return path
