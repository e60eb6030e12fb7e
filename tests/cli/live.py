# SPDX-License-Identifier: Apache-2.0
"""A small live deployment on the loopback interface: a name server, policy hosts and mail servers,
which can be changed between two runs of a command."""
import contextlib
import hashlib
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import threading

BUILD = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build"))
COMMAND = str(BUILD.resolve() / "mta-sts")
TYPES = {"A": 1, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "TLSA": 52}
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3


def policy(*mx, mode="enforce", max_age=604800):
    lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {one}" for one in mx), f"max_age: {max_age}"]
    return "".join(f"{line}\r\n" for line in lines)


def policy_id(text):
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _name(text):
    labels = [label for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def _data(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "SOA":
        return _name(value) + _name("hostmaster." + value) + struct.pack(">5I", 1, 3600, 600, 86400, 60)
    if kind in ("MX", "CNAME", "PTR"):
        return (struct.pack(">H", 10) if kind == "MX" else b"") + _name(value)
    if kind == "TLSA":
        *numbers, data = value.split()
        return bytes(map(int, numbers)) + bytes.fromhex(data)
    return b"".join(bytes([len(part)]) + part for part in (
        value[i:i + 255].encode() for i in range(0, len(value), 255)))


class NameServer(threading.Thread):
    """Answers from the table {(name, type): [values]} and from a table of aliases. Queries for
    names in `silent` are not answered, those for names in `failing` get SERVFAIL."""

    def __init__(self):
        super().__init__(daemon=True)
        self.records, self.aliases, self.silent, self.failing = {}, {}, set(), set()
        self.is_off = False
        self.asked = set()  # names
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
            name, (number,) = ".".join(labels), struct.unpack(">H", query[at + 1:at + 3])
            self.asked.add(name)
            if self.is_off or name in self.silent:
                continue
            kind = next((kind for kind, one in TYPES.items() if one == number), "")
            target = self.aliases.get(name)
            values = [target] if target else self.records.get((name, kind), [])
            number = TYPES["CNAME"] if target else number
            answers = b"".join(
                b"\xc0\x0c" + struct.pack(">HHIH", number, 1, 60, len(data)) + data
                for data in (_data("CNAME" if target else kind, value) for value in values))
            exists = target or any(name == known or known.endswith("." + name) for known, _ in self.records)
            code = SERVFAIL if name in self.failing else NOERROR if exists else NXDOMAIN
            count = 0 if code else len(values)
            self.socket.sendto(query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, count, 0, 0)
                               + query[12:at + 5] + (answers if count else b""), sender)


class Ca:
    """A CA whose certificates openssl creates."""

    def __init__(self, directory):
        self.directory = directory
        self.root = directory / "ca.pem"
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                  "-nodes", "-keyout", directory / "ca.key", "-out", self.root, "-days", "3650",
                  "-subj", "/CN=CA of the tests")

    def _run(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60)

    def context(self, host, days=300):
        """The TLS context of a server, with a certificate for a host."""
        stem = self.directory / f"{host}-{days}"
        pem, key, names = (pathlib.Path(f"{stem}.{end}") for end in ("pem", "key", "names"))
        if not pem.exists():
            names.write_text(f"subjectAltName=DNS:{host}\n")
            self._run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                      "-keyout", key, "-out", f"{stem}.csr", "-subj", "/CN=host")
            self._run("x509", "-req", "-in", f"{stem}.csr", "-CA", self.root, "-CAkey",
                      self.directory / "ca.key", "-CAcreateserial", "-days", days, "-extfile", names,
                      "-out", pem)
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(pem, key)
        return made


class Server:
    """Listens on its own port; `talk` handles a connection. The server can be closed, so that
    connections are refused, and opened again on the same port."""

    def __init__(self, talk):
        self.talk = talk
        self.port = 0
        self.listener = None
        self.open()

    def open(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        self.listener.listen(20)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._meet, args=(connection,), daemon=True).start()

    def _meet(self, connection):
        connection.settimeout(20)
        with contextlib.suppress(OSError, StopIteration), connection:
            self.talk(connection)


class Web(Server):
    """The policy host of a domain."""

    def __init__(self, context, text):
        self.context, self.text = context, text
        super().__init__(self._answer)

    def _answer(self, connection):
        with self.context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)
            body = (self.text() if callable(self.text) else self.text).encode()
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "
                            b"%d\r\nConnection: close\r\n\r\n" % len(body) + body)
            secured.unwrap()


class Mail(Server):
    """An MX host up to STARTTLS."""

    def __init__(self, context):
        self.context = context
        self.has_starttls = True
        super().__init__(self._talk)

    def _talk(self, connection):
        connection.sendall(b"220 mx ESMTP\r\n")
        connection.recv(4096)
        if not self.has_starttls:
            connection.sendall(b"250 mx\r\n")
            connection.recv(4096)
            return
        connection.sendall(b"250-mx\r\n250 STARTTLS\r\n")
        connection.recv(4096)
        connection.sendall(b"220 go ahead\r\n")
        with self.context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)


class Deployment:
    """Domains whose policy hosts and MX hosts work, until a test changes that."""

    def __init__(self, ca, *domains, mode="enforce"):
        self.ca = ca
        self.dns = NameServer()
        self.web, self.mail = {}, {}
        for domain in domains or ("example.com",):
            self.add(domain, mode)

    def add(self, domain, mode="enforce"):
        host, mx = f"mta-sts.{domain}", f"mx1.{domain}"
        self.web[host] = Web(self.ca.context(host), "")
        self.add_mx(mx)
        self.set_mx(domain, mx)
        self.dns.records[host, "A"] = ["127.0.0.1"]
        self.dns.records[f"_smtp._tls.{domain}", "TXT"] = ["v=TLSRPTv1; rua=mailto:tls@" + domain]
        self.serve(domain, policy(mx, mode=mode))

    def serve(self, domain, text):
        """Serves a policy and publishes its id."""
        self.web[f"mta-sts.{domain}"].text = text
        self.dns.records[f"_mta-sts.{domain}", "TXT"] = [f"v=STSv1; id={policy_id(text)};"]

    def add_mx(self, host):
        self.mail[host] = Mail(self.ca.context(host))
        self.dns.records[host, "A"] = ["127.0.0.1"]

    def set_mx(self, domain, *hosts):
        self.dns.records[domain, "MX"] = list(hosts)

    def options(self):
        """The options that make a command use this deployment."""
        servers = {**self.web, **self.mail}
        return ["--resolver", self.dns.address, "--ca-file", str(self.ca.root), "--timeout", "2",
                *(word for host, server in servers.items()
                  for word in ("--connect", f"{host}=127.0.0.1:{server.port}"))]
