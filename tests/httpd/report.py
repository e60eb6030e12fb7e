# SPDX-License-Identifier: Apache-2.0
"""Reports, as senders create them, and the spool, as an admin sees it."""

import email.message
import gzip
import hashlib
import json
import os
import pathlib
import stat
import subprocess

import client
import process
from httpd import CHILD, proxied
from policy import HOST, MX

PATH = "/tlsrpt"
ENDPOINT = f"MTASTSReportPath {PATH}\n"
GZIP = "application/tlsrpt+gzip"
JSON = "application/tlsrpt+json"


def conf(more=""):
    """A policy host that accepts reports; `more` is at server level."""
    return more + proxied(HOST, MX + ENDPOINT)


def make(number=0, domain="example.com", **more):
    """A small report; different numbers yield different reports."""
    policy = {"policy": {"policy-type": "sts"},
              "summary": {"total-successful-session-count": number,
                          "total-failure-session-count": 0}}
    if domain is not None:
        policy["policy"]["policy-domain"] = domain
    return json.dumps({
        "organization-name": "Sender", "report-id": f"r{number}", "contact-info": "a@b.example",
        "date-range": {"start-datetime": "2026-11-23T00:00:00Z",
                       "end-datetime": "2026-11-23T23:59:59Z"},
        "policies": [policy], **more}).encode()


def packed(data):
    return gzip.compress(data, mtime=0)


def request(body, content_type=GZIP, headers=(), path=PATH, host=HOST):
    lines = ([f"Content-Type: {content_type}"] if content_type else []) + list(headers)
    if not any(line.lower().startswith(("transfer-encoding", "content-length")) for line in lines):
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join([f"POST {path} HTTP/1.1", f"Host: {host}", "Connection: close", *lines,
                        "", ""])
    return head.encode() + body


def post(server, body, content_type=GZIP, headers=(), client_ip=None, **more):
    """Posts a report as if from an address; returns the response."""
    headers = [*headers, *([f"X-Client: {client_ip}"] if client_ip else [])]
    return client.only(server.talk(request(body, content_type, headers, **more)))


def import_verified(server, content):
    """Imports a report from a mail that the mail server verified, as the user of httpd's children."""
    command = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts"
    message = email.message.EmailMessage()
    message["Authentication-Results"] = "mx.local.example; dkim=pass header.d=sender.example"
    message["From"] = "tls@sender.example"
    message["Subject"] = "Report Domain: example.com"
    message.set_content("A report.")
    message.add_attachment(packed(content), maintype="application", subtype="tlsrpt+gzip",
                           filename="report.json.gz")
    subprocess.run(["runuser", "-u", CHILD.pw_name, "--", command, "import", "--state-dir",
                    server.root / "state", "--authserv-id", "mx.local.example"],
                   input=message.as_bytes(), capture_output=True, check=True, timeout=60)


def chunked(body, size=7, trailer=b""):
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n" + \
        trailer + b"\r\n"


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Spool:
    """The contents of a state directory."""

    def __init__(self, server, directory="state"):
        self.root = server.root / directory

    def files(self, area="reports"):
        return {path.name: path for path in sorted((self.root / area).glob("*/*"))}

    def data(self, name, area="reports"):
        """The raw bytes of a file, after a check of its header line."""
        head, _, data = (self.root / area / name[:2] / name).read_bytes().partition(b"\n")
        words = head.decode().split(" ")
        assert words[:2] == ["tlsrpt", "1"] and len(words) == 6, head
        return data

    def has(self, report, sent=None, area="reports"):
        """Whether the report is stored as it was sent."""
        name = digest(report)
        return name in self.files(area) and \
            self.data(name, area) == (report if sent is None else sent)

    def leftovers(self):
        return os.listdir(self.root / "tmp")

    def check(self):
        """Checks that all files are complete, and have the right owner and mode."""
        for path in [self.root, *self.root.rglob("*")]:
            info = path.lstat()
            assert (info.st_uid, info.st_gid) == (CHILD.pw_uid, CHILD.pw_gid), path
            directory = stat.S_ISDIR(info.st_mode)
            assert stat.S_IMODE(info.st_mode) == (0o700 if directory else 0o600), path
        for name in self.files():
            data = self.data(name)
            assert digest(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data) == name
        process.wait_for(lambda: not self.leftovers(), "the temporary files to be gone")
