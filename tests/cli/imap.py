# SPDX-License-Identifier: Apache-2.0
"""IMAP servers for the tests of `mta-sts import imaps://...`: a real Dovecot, and one that sends
the responses of a test."""
import contextlib
import http.server
import imaplib
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from ports import free_port

USER = "tls@example.com"
PASSWORD = "correct horse"
TOKEN = "ya29.a-token"


class Certificates:
    """A CA, and a certificate for localhost that it issued."""

    def __init__(self, directory):
        self.ca, self.certificate, self.key = (directory / name
                                               for name in ("ca.pem", "cert.pem", "key.pem"))
        request, ca_key, names = (str(directory / name)
                                  for name in ("request.pem", "ca-key.pem", "names"))
        pathlib.Path(names).write_text("subjectAltName=DNS:localhost\n"
                                       "authorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n")
        for words in (
                ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ca_key, "-out",
                 str(self.ca), "-days", "2", "-subj", "/CN=Test CA", "-addext",
                 "keyUsage=critical,keyCertSign,cRLSign"],
                ["req", "-newkey", "rsa:2048", "-nodes", "-keyout", str(self.key), "-out", request,
                 "-subj", "/CN=localhost"],
                ["x509", "-req", "-in", request, "-CA", str(self.ca), "-CAkey", ca_key,
                 "-CAcreateserial", "-out", str(self.certificate), "-days", "2", "-extfile",
                 names]):
            subprocess.run(["openssl", *words], check=True, capture_output=True)


class Introspection(http.server.BaseHTTPRequestHandler):
    """Returns the user of a token to Dovecot, as an OAuth 2.0 server does (token introspection, RFC
    7662)."""

    def do_GET(self):
        body = json.dumps({"active": True, "username": USER} if self.path.split("&")[0] == "/" + TOKEN
                          else {"active": False}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


# Dovecot 2.4 (Debian 13) has other names for these settings than 2.3.
BEFORE_2_4 = """
ssl_cert = <{certificates.certificate}
ssl_key = <{certificates.key}
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN {directory}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {directory}/oauth2
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={directory}/mail
}}
mail_location = maildir:{directory}/mail
"""
SINCE_2_4 = """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
ssl_server_cert_file = {certificates.certificate}
ssl_server_key_file = {certificates.key}
passdb passwd-file {{
  mechanisms_filter = plain login
  default_password_scheme = PLAIN
  passwd_file_path = {directory}/users
}}
oauth2 {{
  !include {directory}/oauth2
}}
passdb oauth2 {{
  mechanisms_filter = xoauth2 oauthbearer
}}
userdb static {{
  fields {{
    uid = {user}
    gid = {group}
    home = {directory}/mail
  }}
}}
mail_driver = maildir
mail_path = {directory}/mail
"""
CONFIGURATION = """
base_dir = {directory}/run
state_dir = {directory}/run
log_path = {directory}/log
protocols = imap
listen = 127.0.0.1
ssl = required
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
first_valid_uid = 1
first_valid_gid = 1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
namespace inbox {{
  inbox = yes
  separator = /
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {starttls_port}
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
"""


def configuration():
    """The configuration for the installed version of Dovecot."""
    said = subprocess.run(["dovecot", "--version"], check=True, capture_output=True, text=True).stdout
    version = tuple(map(int, said.split()[0].split(".")[:2]))
    return (SINCE_2_4 if version >= (2, 4) else BEFORE_2_4) + CONFIGURATION


class Dovecot:
    """Serves one user over TLS and STARTTLS. Only the master process runs as root."""

    def __init__(self, certificates):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.directory.chmod(0o755)
        self.certificates = certificates
        self.port, self.starttls_port = free_port(), free_port()
        user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        for name in ("run", "mail"):
            (self.directory / name).mkdir()
        os.chown(self.directory / "mail", user.pw_uid, user.pw_gid)
        (self.directory / "users").write_text(f"{USER}:{PASSWORD}::::::\n")
        self.tokens = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Introspection)
        threading.Thread(target=self.tokens.serve_forever, daemon=True).start()
        (self.directory / "oauth2").write_text(
            "introspection_mode = get\nactive_attribute = active\nactive_value = true\n"
            "username_attribute = username\n"
            f"introspection_url = http://127.0.0.1:{self.tokens.server_port}/\n")
        import grp
        (self.directory / "dovecot.conf").write_text(configuration().format(
            directory=self.directory, certificates=certificates, port=self.port,
            starttls_port=self.starttls_port, user=user.pw_name,
            group=grp.getgrgid(user.pw_gid).gr_name))
        self.process = subprocess.Popen(
            ["dovecot", "-F", "-c", str(self.directory / "dovecot.conf")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait()

    def wait(self):
        for _ in range(100):
            with contextlib.suppress(OSError), self.client():
                return
            assert self.process.poll() is None, self.log()
            time.sleep(0.1)
        raise AssertionError(self.log())

    def log(self):
        return (self.directory / "log").read_text()

    def client(self):
        client = imaplib.IMAP4_SSL("localhost", self.port, ssl_context=ssl.create_default_context(
            cafile=str(self.certificates.ca)), timeout=20)
        client.login(USER, PASSWORD)
        return client

    def fill(self, mailbox, messages):
        """Creates the mailbox anew with these messages."""
        with self.client() as client:
            client.delete(mailbox)
            if mailbox != "INBOX":
                assert client.create(mailbox)[0] == "OK"
            else:
                client.select(mailbox)
                client.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
                client.expunge()
        self.append(mailbox, messages)

    def append(self, mailbox, messages):
        with self.client() as client:
            for message in messages:
                # Otherwise, each literal over TLS would wait for a delayed TCP acknowledgement.
                client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                assert client.append(mailbox, None, None, message)[0] == "OK"

    def flags(self, mailbox):
        """For each message, whether it has been seen."""
        with self.client() as client:
            client.select(mailbox, readonly=True)
            found = client.fetch("1:*", "(FLAGS)")[1]
            return [b"\\Seen" in line for line in found if line]

    def url(self, mailbox="INBOX", user=USER):
        return f"imaps://{user}@localhost:{self.port}/{mailbox}"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.tokens.shutdown()
        shutil.rmtree(self.directory, ignore_errors=True)


class FakeServer(threading.Thread):
    """Answers each command by a table: {command: response bytes, in which TAG is its tag}; None
    means no response. Has no TLS, so it covers only what happens before STARTTLS."""

    ANSWERS = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 MOVE AUTH=PLAIN SASL-IR\r\nTAG OK done\r\n",
        "AUTHENTICATE": b"TAG OK done\r\n",
        "EXAMINE": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\nTAG OK [READ-ONLY] done\r\n",
        "SEARCH": b"* SEARCH 5\r\nTAG OK done\r\n",
        "FETCH": b"* 1 FETCH (UID 5 BODY[]<0> {6}\r\nA: b\r\n)\r\nTAG OK done\r\n",
    }

    def __init__(self, certificates=None, greeting=b"* OK ready\r\n", **answers):
        super().__init__(daemon=True)
        self.answers = {**self.ANSWERS, **answers}
        self.greeting = greeting
        self.context = None
        self.received = b""
        if certificates:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificates.certificate, certificates.key)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.start()

    def url(self):
        return f"{'imaps' if self.context else 'imap'}://{USER}@localhost:{self.port}/INBOX"

    def run(self):
        while True:
            connection, _ = self.socket.accept()
            with contextlib.suppress(OSError, ssl.SSLError):
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
                self.serve(connection)
            connection.close()

    def serve(self, connection):
        send(connection, self.greeting)
        for line in connection.makefile("rb"):
            self.received += line
            words = line.decode().split()
            word = words[2] if words[1] == "UID" else words[1]
            answer = self.answers.get(word)
            if callable(answer):
                answer(connection, words[0].encode())
            elif answer is not None:
                send(connection, answer.replace(b"TAG", words[0].encode()))


def send(connection, data):
    connection.sendall(data)
