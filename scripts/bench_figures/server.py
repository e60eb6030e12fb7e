# SPDX-License-Identifier: Apache-2.0
"""The httpd that is measured: its configuration, and the directory that it runs in."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from bench_figures.common import CannotMeasure
from bench_figures.fetching import HOST, get

HTTPD = "/usr/sbin/apache2"
MODULES = Path("/usr/lib/apache2/modules")
# What Debian's apache2 package switches on, without the MPM.
LOADED = """access_compat alias auth_basic authn_core authn_file authz_core authz_host authz_user
    autoindex deflate dir env filter mime negotiation reqtimeout setenvif status""".split()
CONNECTIONS = 64
STATIC = "/a-static-file-of-24.txt"
PLAIN = "MTASTSMode testing\nMTASTSMx mx1.example.com\n"

ROOT = """
ServerRoot {root}
PidFile {root}/pid
Mutex file:{root}
Listen 127.0.0.1:{port}
ServerName https://{host}
User www-data
Group www-data
ErrorLog {root}/error.log
MTASTSStateDir {state}
TypesConfig /etc/mime.types
LogFormat "%h %l %u %t \\"%r\\" %>s %O" common
CustomLog {root}/access.log common
DocumentRoot {root}/htdocs
<Directory {root}/htdocs>
    AllowOverride None
    Require all granted
</Directory>
KeepAlive On
MaxKeepAliveRequests 0
StartServers 1
<IfModule mpm_event_module>
    ServerLimit 1
    ThreadsPerChild {connections}
    MaxRequestWorkers {connections}
</IfModule>
"""


class Bench:
    """The directory, the module, and the number of repetitions."""

    def __init__(self, root, module, quick):
        self.root = Path(root)
        self.state = self.root / "state"
        self.module = module
        self.quick = quick
        spread_directories(root)
        (self.root / "htdocs").mkdir()
        (self.root / "counts").mkdir()
        (self.root / "counts").chmod(0o777)  # callgrind writes as www-data
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def pick(self, full, quick):
        return quick if self.quick else full

    def write_config(self, extra, mpm="event"):
        """A configuration file that ends with extra."""
        load = "".join(
            f"LoadModule {name}_module {MODULES}/mod_{name}.so\n" for name in [f"mpm_{mpm}", *LOADED]
        )
        load += f"LoadModule mta_sts_module {self.module}\n"
        path = self.root / "bench.conf"
        path.write_text(
            load
            + ROOT.format(root=self.root, state=self.state, port=self.port, host=HOST,
                          connections=CONNECTIONS)
            + extra
        )
        return path

    @contextlib.contextmanager
    def httpd(self, extra, mpm="event", wrapper=(), options=("-DFOREGROUND",)):
        """A running httpd as a Popen; it is stopped afterwards."""
        config = self.write_config(extra, mpm)
        with open(self.root / "output", "w", encoding="utf-8") as output:
            process = subprocess.Popen(
                [*wrapper, HTTPD, *options, "-f", config],
                stdout=output, stderr=output, start_new_session=True,
            )
        try:
            self.wait_until_ready(process)
            yield process
        finally:
            end(process)

    def wait_until_ready(self, process):
        for _ in range(6000):
            if process.poll() is not None:
                raise CannotMeasure(f"httpd ended: {(self.root / 'output').read_text()[-500:]}")
            with contextlib.suppress(OSError):
                get(self.port, "/")
                return
            time.sleep(0.05)
        raise CannotMeasure("httpd does not answer")


def spread_directories(root):
    """Has ext4 put each directory below this one into a block group of its own. ext4 does not reuse an
    inode for one to five minutes after its deletion, and checks each of those when it creates a
    file: after thousands of deletions, a file costs a millisecond more of CPU, which would falsify
    the next figure. Other file systems have no such attribute and do not need it."""
    subprocess.run(["chattr", "+T", root], stderr=subprocess.DEVNULL, check=False)


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its own session: httpd and its children
        process.wait()
