# SPDX-License-Identifier: Apache-2.0
"""`mta-sts import --verify-dkim`: signatures made by dkimpy, keys from a name server over UDP."""
import pathlib
import socket
import struct
import subprocess
import threading

import dkim
import pytest

from test_import import COMMAND, DATA, REPORT

DOMAIN = "bigmail.example"


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    """A private key, and the text of its public one."""
    file = tmp_path_factory.mktemp("key") / "key.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", str(file), "2048"], check=True,
                   capture_output=True)
    public = subprocess.run(["openssl", "rsa", "-in", str(file), "-pubout"], check=True,
                            capture_output=True).stdout.decode().splitlines()
    return file.read_bytes(), "".join(public[1:-1])


class NameServer(threading.Thread):
    """Answers TXT questions from a table; others with NXDOMAIN."""

    def __init__(self, records):
        super().__init__(daemon=True)
        self.records = records
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1@%d" % self.socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            query, sender = self.socket.recvfrom(4096)
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
                at += 1 + query[at]
            name, question = ".".join(labels), query[12:at + 5]
            text = self.records.get(name) if query[at + 1:at + 3] == b"\0\x10" else None
            self.asked.append(name)
            answer = b""
            if text is not None:
                strings = b"".join(bytes([len(part)]) + part for part in (
                    text[i:i + 255].encode() for i in range(0, len(text), 255)))
                answer = b"\xc0\x0c\0\x10\0\1" + struct.pack(">IH", 60, len(strings)) + strings
            code = 0x8180 if text is not None else 0x8183
            self.socket.sendto(query[:2] + struct.pack(">HHHHH", code, 1, int(bool(answer)), 0, 0)
                               + question + answer, sender)


def message(sender=DOMAIN):
    return (b"From: reports@" + sender.encode() + b"\r\nTo: tls@example.com\r\n"
            b"Subject: Report Domain: example.com\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: application/tlsrpt+json\r\n\r\n" + REPORT + b"\r\n")


def signed(key, sender=DOMAIN, domain=DOMAIN, **options):
    data = message(sender)
    return dkim.sign(data, b"s1", domain.encode(), key[0], **options) + data


def verify(tmp_path, data, record, name=f"s1._domainkey.{DOMAIN}"):
    server = NameServer({name: record})
    state = tmp_path / "state"
    state.mkdir(mode=0o700, exist_ok=True)
    result = subprocess.run(
        [COMMAND, "import", "--state-dir", str(state), "--verify-dkim", "--resolver",
         server.address], input=data, capture_output=True, timeout=60)
    assert result.returncode == 0 and b": stored: report" in result.stdout, result
    return result.stdout.decode()


@pytest.mark.parametrize("services", ["", "s=*; ", "s=email; ", "s=tlsrpt; ", "s=email:tlsrpt; "])
def test_a_signature_with_a_key_from_dns_verifies_a_report(tmp_path, key, services):
    for data in signed(key), signed(key).replace(b"\r\n", b"\n"):
        assert "verified: signed by " + DOMAIN in verify(
            tmp_path / str(len(data)) if (tmp_path / str(len(data))).mkdir() is None else tmp_path,
            data, "v=DKIM1; " + services + "p=" + key[1])


def test_a_parent_domain_of_the_author_may_sign(tmp_path, key):
    assert "verified: signed by " + DOMAIN in verify(
        tmp_path, signed(key, sender="reports." + DOMAIN), "v=DKIM1; p=" + key[1])


NOT_VERIFIED = {
    "another service": lambda key: (signed(key), "v=DKIM1; s=fax; p=" + key[1]),
    "revoked": lambda key: (signed(key), "v=DKIM1; p="),
    "no key": lambda key: (signed(key), None),
    "changed": lambda key: (signed(key).replace(b"Big Mail", b"Bad Mail"), "v=DKIM1; p=" + key[1]),
    "another author": lambda key: (signed(key, sender="honest.example"), "v=DKIM1; p=" + key[1]),
    "part only": lambda key: (signed(key, length=True), "v=DKIM1; p=" + key[1]),
    "unsigned": lambda key: (message(), "v=DKIM1; p=" + key[1]),
}


@pytest.mark.parametrize("case", NOT_VERIFIED)
def test_what_is_not_a_valid_signature_of_the_author_verifies_nothing(tmp_path, key, case):
    assert "not verified" in verify(tmp_path, *NOT_VERIFIED[case](key))


def test_a_header_of_the_sender_verifies_nothing(tmp_path, key):
    forged = b"Authentication-Results: mx; dkim=pass header.d=" + DOMAIN.encode() + b"\r\n"
    assert "not verified" in verify(tmp_path, forged + message(), None)


def test_a_message_with_many_signatures_costs_five_lookups(tmp_path, key):
    one = signed(key)
    header = one[:one.index(b"From: ")]
    data = b"".join(header.replace(b"s=s1", b"s=x%d" % number) for number in range(50)) + message()
    server = NameServer({})
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    result = subprocess.run(
        [COMMAND, "import", "--state-dir", str(state), "--verify-dkim", "--resolver",
         server.address], input=data, capture_output=True, timeout=120)
    assert b"not verified" in result.stdout
    assert len({name for name in server.asked if "_domainkey." in name and name[0] == "x"}) <= 5
