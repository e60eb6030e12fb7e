# SPDX-License-Identifier: Apache-2.0
"""A private httpd: own ServerRoot, free ports on the loopback, unprivileged children."""

import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import tempfile

import client
import policy
import process
from errorlog import ErrorLog
from ports import free_port

APACHE = "/usr/sbin/apache2"
MODULES = pathlib.Path("/usr/lib/apache2/modules")
MPMS = ("prefork", "worker", "event")
SERVERS = 2
CHILD = pwd.getpwnam("www-data")
TOP = pathlib.Path(__file__).resolve().parents[2]

HEAD = """\
ServerRoot "@ROOT@"
DefaultRuntimeDir "@ROOT@/run"
PidFile "@ROOT@/run/httpd.pid"
User www-data
Group www-data
ServerName localhost
Listen 127.0.0.1:@HTTP@
DocumentRoot "@ROOT@/htdocs"
ErrorLog "@ROOT@/error.log"
LogLevel warn
<IfModule mta_sts_module>
LogLevel mta_sts:info
MTASTSStateDir "@ROOT@/state"
</IfModule>
LogFormat "%v \\"%r\\" %>s %B %P" test
CustomLog "@ROOT@/access.log" test
Timeout 15
StartServers @SERVERS@
<IfModule mpm_prefork_module>
MinSpareServers @SERVERS@
</IfModule>
<IfModule !mpm_prefork_module>
ThreadsPerChild 16
MinSpareThreads 16
MaxRequestWorkers 256
</IfModule>
"""
# For prefork, which logs a warning if its only child process is busy.
LONE_CHILD = ("StartServers 1\nMinSpareServers 1\nMaxSpareServers 1\nMaxRequestWorkers 1\n"
              "LogLevel mpm_prefork:crit\n")
TLS = """\
Listen 127.0.0.1:@HTTPS@ https
SSLSessionCache "shmcb:@ROOT@/run/tls(65536)"
"""


def module_path():
    return os.environ.get("MTA_STS_MODULE", str(TOP / ".libs" / "mod_mta_sts.so"))


def site(name, body="", aliases=""):
    """A virtual host over TLS."""
    alias = f"ServerAlias {aliases}\n" if aliases else ""
    return ("<VirtualHost 127.0.0.1:@HTTPS@>\n"
            f"ServerName {name}\n{alias}SSLEngine on\nSSLCertificateFile @CERT@\n"
            f"{body}\n</VirtualHost>\n")


def proxied(name, body="", aliases=""):
    """A virtual host on a plain port, behind a proxy that speaks TLS: httpd's own idiom."""
    alias = f"ServerAlias {aliases}\n" if aliases else ""
    return (f"<VirtualHost 127.0.0.1:@HTTP@>\nServerName https://{name}\n{alias}"
            f"{body}\n</VirtualHost>\n")


class Httpd:
    """One httpd. `conf` may name @ROOT@, @HTTP@, @HTTPS@ and @CERT@."""

    def __init__(self, ca=None, mpm="event", expected=()):
        self.ca = ca
        self.mpm = mpm
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="mta-sts-httpd-"))
        self.root.chmod(0o755)
        for directory in ("run", "htdocs", "database"):
            (self.root / directory).mkdir()
        shutil.chown(self.root / "database", CHILD.pw_uid, CHILD.pw_gid)
        self.conf_file = self.root / "httpd.conf"
        self.ports = {"http": free_port(), "https": free_port()}
        self.log = ErrorLog(self.root / "error.log", expected)
        self.process = None
        self.servers = SERVERS  # minimum number of child processes at start
        self.wrapper = []  # command that starts httpd
        self.body = ""

    # --- configuration ---

    def configure(self, body, modules=(), load=True):
        """Writes the configuration. load: whether to load mod_mta_sts. `modules` are module names
        without mod_."""
        hosts = re.findall(r"^Server(?:Name|Alias) (?:https://)?(.+)$", body, re.M)
        names = sorted({name for line in hosts for name in line.split()
                        if re.fullmatch(r"[\w.-]+|\*\.[\w.-]+", name)})
        lines = [f"LoadModule {name}_module {MODULES}/mod_{name}.so"
                 for name in (f"mpm_{self.mpm}", "authz_core", *modules)]
        if load:
            lines.append(f"LoadModule mta_sts_module {module_path()}")
        head = HEAD
        if "MTASTSStateDir" in body:
            head = head.replace('MTASTSStateDir "@ROOT@/state"\n', "")
        if "MTASTSReportPath" in body and "ServerName https://" in body and "remoteip" not in modules:
            # Needed behind a proxy; otherwise a warning would be logged at start.
            modules = (*modules, "remoteip")
            head += "RemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.1\n"
            lines.append(f"LoadModule remoteip_module {MODULES}/mod_remoteip.so")
        started = re.findall(r"^StartServers (\d+)$", body, re.M)
        self.servers = min([SERVERS, *map(int, started)])
        if "@CERT@" in body:
            head += TLS
            lines += [f"LoadModule {name}_module {MODULES}/mod_{name}.so"
                      for name in ("socache_shmcb", "ssl")]
            self.certificate = self.ca.issue(names)
        self.body = body
        self.line = head.count("\n") + len(lines)  # number of the last line before the body
        self.conf_file.write_bytes(
            self.fill("\n".join([*lines, head + body])).encode(errors="surrogateescape"))
        return self

    def fill(self, text):
        words = {"@ROOT@": self.root, "@SERVERS@": SERVERS, "@HTTP@": self.ports["http"],
                 "@HTTPS@": self.ports["https"], "@CERT@": getattr(self, "certificate", "")}
        for word, value in words.items():
            text = text.replace(word, str(value))
        return text

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.fill(text))
        return path

    def run(self, *words, user=None):
        """Runs apache2 with these arguments and this configuration: (status, output)."""
        call = ["runuser", "-u", user, "--"] if user else []
        result = subprocess.run([*call, APACHE, "-f", str(self.conf_file), *words],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return result.returncode, result.stdout.decode(errors="replace")

    # --- life ---

    def start(self):
        """Starts httpd, which ends with this process in any case."""
        resumed = self.resumptions()
        with open(self.root / "stderr", "wb") as stderr:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", *self.wrapper,
                 APACHE, "-f", str(self.conf_file), "-D", "FOREGROUND"],
                stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr,
                start_new_session=True)  # httpd signals its whole process group
        self.wait_until_resumed(resumed)
        return self

    def resumptions(self):
        return len(self.log.matching("resuming normal operations"))

    def wait_until_resumed(self, before):
        def resumed():
            assert self.process.poll() is None, \
                f"httpd ended: {(self.root / 'stderr').read_text()}\n{self.log.lines()}"
            return self.resumptions() > before
        process.wait_for(resumed, "httpd to be ready")
        self.wait_until_complete()

    def wait_until_complete(self):
        process.wait_for(self.has_unprivileged_children, "children with the uid of www-data")

    def has_unprivileged_children(self):
        """Whether all initial child processes exist: one that appeared later could not be assigned
        to a generation during the next graceful restart."""
        found = [child for child in self.children() if not process.is_zombie(child)]
        return sum(self.listens(child) for child in found) >= self.servers and \
            all(process.uids(child) <= {CHILD.pw_uid} for child in found)

    @property
    def pid(self):
        return self.process.pid

    def signal(self, number):
        """Restarts, and waits for the end of the restart: SIGUSR1 is graceful, SIGHUP is not."""
        resumed, before = self.resumptions(), self.children()
        os.kill(self.pid, number)
        self.wait_until_resumed(resumed)
        process.wait_for(lambda: not any(self.listens(child) for child in before),
                         "the last generation to take no connection any more")
        self.wait_until_complete()

    def listens(self, child):
        """Whether a child process can still accept connections: it has a listening socket of its
        parent."""
        return bool(process.sockets(child) & process.sockets(self.pid))

    def graceful(self):
        self.signal(signal.SIGUSR1)

    def children(self):
        """The serving child processes; a piped log is a child process as well."""
        name = process.status(self.pid).get("Name")
        return {child for child in process.children(self.pid)
                if process.status(child).get("Name") == name}

    def restart(self):
        self.wait_until_idle()
        self.signal(signal.SIGHUP)

    def wait_until_idle(self):
        """Waits until no child process has a connection. httpd 2.4.71 sometimes crashes if it is
        stopped while it is closing one (event MPM, also without mod_mta_sts), which would hide
        crashes of the module."""
        process.wait_for(lambda: self.process.poll() is not None or process.is_idle(self.pid),
                         "the last connection to be closed")

    def stop(self):
        if self.process is None:
            return
        self.wait_until_idle()
        self.process.terminate()
        status = self.process.wait(process.DEADLINE)
        self.process = None
        assert status == 0, f"httpd ended with {status}"

    def close(self):
        try:
            self.stop()
            self.log.check()
            self.log.check_expected()
        finally:
            if self.process:
                os.killpg(self.pid, signal.SIGKILL)  # including its child processes
                self.process.wait()
            shutil.rmtree(self.root)

    # --- requests ---

    def tls(self, host):
        return client.trusting(self.ca.root), host

    def talk(self, sent, host=policy.HOST):
        """Raw bytes, over TLS if this httpd has it."""
        if "@CERT@" in self.body:
            return client.talk(self.ports["https"], sent, self.tls(host))
        return client.talk(self.ports["http"], sent)

    def fetch(self, host=policy.HOST, path=policy.PATH, method="GET", **more):
        return client.only(self.talk(client.request(host, path, method, **more), host), method)

    def fetch_plainly(self, host=policy.HOST, path=policy.PATH, method="GET", **more):
        """Fetches a URL over the http port."""
        sent = client.request(host, path, method, **more)
        return client.only(client.talk(self.ports["http"], sent), method)

    def accesses(self):
        return (self.root / "access.log").read_text().splitlines()
