# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL server: on a socket in its own directory, without authentication."""

import contextlib
import pathlib
import shutil
import subprocess
import tempfile

import process

BINARIES = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
OWNER = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups",
         "--pdeathsig", "INT", "--"]


class Postgres:
    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mta-sts-pg-"))
        self.directory.chmod(0o755)
        shutil.chown(self.directory, "postgres", "postgres")
        self.server = None
        self._make_cluster()

    def _make_cluster(self):
        self._run("initdb", "-D", self.directory / "data", "-U", "tester", "-A", "trust",
                  "--no-sync", "-E", "UTF8", "--locale=C")

    def _call(self, program, *words):
        return [*OWNER, BINARIES[0] / program, *words]

    def _run(self, *words, timeout=60):
        return subprocess.run(self._call(*words), check=True, capture_output=True,
                              stdin=subprocess.DEVNULL, cwd=self.directory, timeout=timeout).stdout

    @property
    def conninfo(self):
        return f"host={self.directory} dbname=postgres user=tester"

    def answers(self):
        assert self.server.poll() is None, (self.directory / "log").read_text()
        return subprocess.run(self._call("pg_isready", "-q", "-h", self.directory),
                              timeout=60).returncode == 0

    def start(self):
        with open(self.directory / "log", "ab") as log:
            self.server = subprocess.Popen(
                self._call("postgres", "-D", self.directory / "data", "-k", self.directory, "-h", "",
                           "-c", "fsync=off"),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory)
        process.wait_for(self.answers, "PostgreSQL to answer", 60)
        return self

    def stop(self):
        """Stops the server, and closes its connections."""
        self.server.send_signal(2)
        self.server.wait(60)
        self.server = None

    def run(self, sql, timeout=60):
        """Runs a statement; returns the rows, each as a list of texts."""
        output = self._run("psql", "-q", "-A", "-t", "-h", self.directory, "-U", "tester", "-d",
                           "postgres", "-c", sql, timeout=timeout)
        return [line.split("|") for line in output.decode().splitlines()]

    @contextlib.contextmanager
    def transaction(self, sql):
        """Runs statements in a transaction that is committed at the end of the context."""
        session = subprocess.Popen(
            self._call("psql", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.directory, "-U", "tester",
                       "-d", "postgres"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=self.directory)
        print(f"BEGIN; {sql}; SELECT 'begun';", file=session.stdin, flush=True)
        assert session.stdout.readline() == "begun\n"
        try:
            yield
        finally:
            session.communicate("COMMIT;\n", timeout=60)
        assert session.returncode == 0

    def wait_until_blocked(self):
        """Waits until another session is blocked by a lock."""
        process.wait_for(lambda: self.run("SELECT count(*) FROM pg_locks WHERE NOT granted") != [["0"]],
                         "a session to wait for a lock")

    def dump(self):
        """All tables, as text for restore()."""
        return self._run("pg_dump", "-h", self.directory, "-U", "tester", "--clean", "--if-exists",
                         "postgres")

    def restore(self, dump):
        (self.directory / "dump.sql").write_bytes(dump)
        self._run("psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.directory, "-U", "tester", "-d",
                  "postgres", "-f", self.directory / "dump.sql")

    def replace(self):
        """Replaces the server by an empty one at the same location."""
        self.stop()
        shutil.rmtree(self.directory / "data")
        self._make_cluster()
        self.start()

    def close(self):
        if self.server:
            self.stop()
        shutil.rmtree(self.directory)
