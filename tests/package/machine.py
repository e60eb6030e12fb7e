# SPDX-License-Identifier: Apache-2.0
"""A machine with Apache and the packages, as admins have it."""

import gzip
import http.client
import json
import socket
import sqlite3
import ssl
import subprocess
import time
from contextlib import closing
from pathlib import Path

HOST = "mta-sts.example.com"
STATE = "/var/lib/mod_mta_sts"
DATABASE = STATE + "/reports.db"
LOG = "/var/log/apache2/error.log"
SITE = f"/etc/apache2/sites-available/{HOST}.conf"
SITE_TEXT = f"""\
<VirtualHost *:443>
    ServerName {HOST}
    DocumentRoot /var/www/html
    SSLEngine on
    SSLCertificateFile /etc/ssl/{HOST}.pem
    SSLCertificateKeyFile /etc/ssl/{HOST}.key
    <IfModule mod_mta_sts.c>
        MTASTSMode testing
        MTASTSMx mx1.example.com
        MTASTSReportPath /tlsrpt
    </IfModule>
</VirtualHost>
"""
POLICY = "version: STSv1\r\nmode: testing\r\nmx: mx1.example.com\r\nmax_age: 604800\r\n"


def make_certificate(root):
    """A self-signed certificate."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "90", "-subj", "/CN=" + HOST, "-addext", "subjectAltName=DNS:" + HOST,
         "-addext", "keyUsage=critical,digitalSignature,keyCertSign",
         "-addext", "authorityKeyIdentifier=keyid:always",
         "-keyout", root.file(f"/etc/ssl/{HOST}.key"), "-out", root.file(f"/etc/ssl/{HOST}.pem")],
        check=True, capture_output=True)


def request(root, method, path, body=None):
    """Sends a request over https; returns the status and the text of the response. Waits until
    httpd listens."""
    context = ssl.create_default_context(cafile=str(root.file(f"/etc/ssl/{HOST}.pem")))
    deadline = time.monotonic() + 20
    while True:
        try:
            plain = socket.create_connection(("127.0.0.1", 443), timeout=10)
            break
        except OSError:
            assert time.monotonic() < deadline, "httpd does not listen: " + root.read(LOG)
            time.sleep(0.05)
    connection = http.client.HTTPConnection(HOST)
    connection.sock = context.wrap_socket(plain, server_hostname=HOST)
    with closing(connection):
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def assert_policy_is_served(root):
    assert request(root, "GET", "/.well-known/mta-sts.txt") == (200, POLICY)


def report(number):
    """A report of a failure; different numbers yield different reports."""
    day = f"2026-05-{number:02}"
    failure = {"result-type": "starttls-not-supported", "sending-mta-ip": "192.0.2.1",
               "receiving-mx-hostname": "mx1.example.com", "failed-session-count": 1}
    policy = {"policy": {"policy-type": "sts", "policy-domain": "example.com",
                         "policy-string": POLICY.split("\r\n")[:-1]},
              "summary": {"total-successful-session-count": 9, "total-failure-session-count": 1},
              "failure-details": [failure]}
    return gzip.compress(json.dumps({
        "organization-name": "Sender", "report-id": day, "contact-info": "tls@sender.example",
        "date-range": {"start-datetime": day + "T00:00:00Z", "end-datetime": day + "T23:59:59Z"},
        "policies": [policy]}).encode())


def post_report(root, number):
    return request(root, "POST", "/tlsrpt", report(number))[0]


def stored_reports(root):
    return len(root.glob("var/lib/mod_mta_sts/reports/*/*"))


def explained_reports(root):
    """The output of mta-sts report about the store."""
    return root.run("mta-sts", "report", "--since", "all").stdout


def query(root, statement):
    """Reads a value of the index."""
    with closing(sqlite3.connect(f"file:{root.file(DATABASE)}?mode=ro", uri=True)) as database:
        return database.execute(statement).fetchone()[0]


def change_database(root, *statements):
    """Changes the database while httpd is stopped."""
    path = root.file(DATABASE)
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
    for file in path.parent.glob(path.name + "*"):
        root.run("chown", "--reference", STATE, "/" + str(file.relative_to(root.path)))


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"{condition} did not become true"
        time.sleep(0.1)


def wait_for_index(root, reports):
    def indexed():
        try:
            return query(root, "SELECT count(*) FROM tlsrpt_report WHERE state = 0") == reports
        except sqlite3.OperationalError:
            return False
    wait_for(indexed)


def httpd_runs(root):
    """Whether the httpd in the pid file is running."""
    pid = root.file("/run/apache2/apache2.pid")
    return pid.exists() and Path("/proc", pid.read_text().strip()).exists()


def stop(root):
    root.run("service", "apache2", "stop")
    wait_for(lambda: not httpd_runs(root))


def start(root):
    root.run("service", "apache2", "start")
    wait_for(lambda: httpd_runs(root))


def restart(root):
    stop(root)
    start(root)


def is_loaded(root):
    return "mta_sts_module" in root.run("apache2ctl", "-M").stdout
