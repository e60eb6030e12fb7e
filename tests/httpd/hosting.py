# SPDX-License-Identifier: Apache-2.0
"""A server with hosted domains, and the actions of a provider on its database."""

import contextlib
import os
import pathlib
import subprocess

import policy
import process
from database import Database
from httpd import proxied
from meanwhile import Meanwhile
from policy import MX, POLICY

COMMAND = str(pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts")
ON = "MTASTSHosting on\n"
SITE = proxied("hosting.example", f"<MTASTSPolicy example.com>\n{MX}</MTASTSPolicy>", "mta-sts.*")
BODY = ON + SITE
# A proxy on this machine passes on the addresses of clients; otherwise they would not be recorded.
REMOTE = "RemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.1\n"


class Hosting:
    """Runs the command, and acts as a provider's panel, on the database of a server."""

    def __init__(self, server, database=None):
        self.state = server.root / "state"
        self.database = database

    def call(self, *words, status=0, given=None):
        """Runs the command; with mode enforce, without the checks, which
        tests/cli/test_policy_gate.py tests."""
        if words[:1] == ("import",) or (words[:1] == ("set",) and {"enforce", "--alias-of", "--mx"} & set(words)):
            words = (*words, "--force")
        more = ["--database", "pgsql " + self.database.conninfo] if self.database else []
        done = subprocess.run([COMMAND, "policy", *words, "--state-dir", self.state, *more],
                              capture_output=True, text=True, input=given or "", timeout=60)
        assert done.returncode == status, done
        return done.stdout if status == 0 else done.stderr

    def sql(self, statement):
        if self.database:
            return self.database.run(statement)
        return Database(None, self.state / "reports.db").run(statement)

    def insert(self, domain, mx="mx1.example.com"):
        self.sql(f"INSERT INTO mta_sts_policy (domain, mx) VALUES ('{domain}', '{mx}')")


def directive(database):
    return f'MTASTSDatabase pgsql "{database.conninfo}"\n' if database else ""


def fetch(server, domain):
    return server.fetch_plainly("mta-sts." + domain)


def is_served(server, domain, expected=POLICY):
    answer = fetch(server, domain)
    return answer.status == 200 and answer.body == expected


def served(server, domain, expected=POLICY):
    process.wait_for(lambda: is_served(server, domain, expected), domain + " to be served")
    policy.check(fetch(server, domain), expected)


def gone(server, domain):
    process.wait_for(lambda: fetch(server, domain).status == 404, domain + " to be gone")


def begin_hosting(make, body=BODY, expected=(), database=None, **more):
    """Starts an httpd with hosting; returns it and its Hosting, whose tables exist."""
    server = make([r"\[hosting-failed\]$", *expected])
    server.configure(directive(database) + body, **more).start()
    process.wait_for(lambda: server.log.matching(r"run mta-sts policy init \[hosting-failed\]$"),
                     "the missing tables to be logged")
    hosting = Hosting(server, database)
    hosting.call("init")
    process.wait_for(lambda: fetch(server, "unknown.example").status == 404, "the first sync")
    return server, hosting


@contextlib.contextmanager
def under_load(server, domain):
    """No request fails meanwhile."""
    def request():
        answer = fetch(server, domain)
        assert answer.status == 200, (answer.status, answer.body[:200])

    with Meanwhile(*[request] * 3) as load:
        yield
    assert not load.failures, load.failures[:5]
