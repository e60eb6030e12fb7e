# SPDX-License-Identifier: Apache-2.0
"""A throwaway certificate authority."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(part):
    if isinstance(part, x509.Certificate):
        return part.public_bytes(serialization.Encoding.PEM)
    return part.private_bytes(serialization.Encoding.PEM,
                              serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption())


def _key_usage(**used):
    """A key usage extension in which the given names of x509.KeyUsage are True, and all others
    False."""
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: used.get(name, False) for name in names})


class Ca:
    """Its certificates have what RFC 5280 (4.2.1) requires: Python 3.13 verifies it."""

    def __init__(self, directory):
        self.directory = directory
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name("throwaway CA of the httpd tests")
        self.root = directory / "ca.pem"
        self.root.write_bytes(_pem(self._sign(self.name, self.key.public_key(), {
            x509.BasicConstraints(ca=True, path_length=None): True,
            _key_usage(key_cert_sign=True, crl_sign=True): True,
        })))

    def _sign(self, subject, public_key, extensions, since=1, days=90):
        """extensions: {extension: whether it is critical}, besides the key identifiers. Valid since
        `since` days ago, and for `days` more."""
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
                   .public_key(public_key).serial_number(x509.random_serial_number())
                   .not_valid_before(now - since * DAY).not_valid_after(now + days * DAY))
        identifiers = {
            x509.SubjectKeyIdentifier.from_public_key(public_key): False,
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()): False,
        }
        for extension, critical in {**extensions, **identifiers}.items():
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, hashes.SHA256())

    def _certify(self, key, hosts, **more):
        return self._sign(_name("host"), key.public_key(), {
            x509.BasicConstraints(ca=False, path_length=None): True,
            _key_usage(digital_signature=True): True,
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]): False,
            x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]): False,
        }, **more)

    def pair(self, hosts, rsa_bits=0, **more):
        """A certificate for these hosts and its key (ECDSA or RSA), as texts."""
        key = rsa.generate_private_key(65537, rsa_bits) if rsa_bits else \
            ec.generate_private_key(ec.SECP256R1())
        return _pem(self._certify(key, hosts, **more)), _pem(key)

    def issue(self, hosts):
        """Writes a file with a certificate for these hosts, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certify(key, hosts)
        path = self.directory / f"{certificate.serial_number:x}.pem"
        path.touch(mode=0o600)
        path.write_bytes(_pem(certificate) + _pem(key))
        return path
