# SPDX-License-Identifier: Apache-2.0
"""Apache in Debian's layout: sites, modules, restarts, and the health of its processes."""

import pwd
import re
from pathlib import Path

from lab import APACHE
from lab.deadline import wait_until
from lab.fetch import fetch
from lab.log import Log
from lab.process import Failed, run

ETC = Path("/etc/apache2")
EXAMPLES = Path("/usr/share/doc/mod_mta_sts/examples")
PID_FILE = Path("/run/apache2/apache2.pid")
MPMS = ("event", "worker", "prefork")

# By address, because ports 80 and 443 of other addresses in the lab are used for ACME challenges of
# the MX hosts.
PORTS = f"""\
Listen {APACHE}:80
<IfModule ssl_module>
    Listen {APACHE}:443
</IfModule>
"""

SITE = """\
<VirtualHost *:80>
    ServerName {host}
    DocumentRoot /var/www/html
{lines}
</VirtualHost>
"""


def site_text(host, lines=""):
    """An http virtual host, as an admin writes it before running certbot."""
    return SITE.format(host=host, lines=lines)


def example_text(name, domain):
    """The installed example site of conf/examples for this mail domain, and for net-DOMAIN and
    org-DOMAIN if the example has further domains."""
    text = (EXAMPLES / f"{name}.conf").read_text().replace("example.com", domain)
    return re.sub(r"example\.(net|org)", rf"\1-{domain}", text)


class Apache:
    """The one httpd of the lab. The module is not enabled until enable_module() is called."""

    def __init__(self):
        self.error_log = Log("/var/log/apache2/error.log")

    def start(self):
        (ETC / "ports.conf").write_text(PORTS)
        run("apache2ctl", "start")
        self.wait_until_started()

    def wait_until_started(self):
        wait_until(self._generation, "Apache to answer")
        self.assert_children_unprivileged()

    def stop(self):
        pid = self.pid()
        run("apache2ctl", "stop")
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), "Apache to end")

    def graceful(self):
        """Reloads, and waits until a child process with the new configuration responds."""
        before = self._generation()
        run("apache2ctl", "graceful")
        wait_until(lambda: (self._generation() or 0) > before, "the new generation to answer")

    def configtest(self, check=True):
        return run("apache2ctl", "configtest", check=check)

    def enable_module(self, *names):
        run("a2enmod", "-q", *names)

    def disable_module(self, *names):
        run("a2dismod", "-q", "-f", *names)

    def use_mpm(self, mpm):
        """Stops Apache and starts it with another MPM."""
        self.stop()
        run("a2dismod", "-q", "-f", *(f"mpm_{name}" for name in MPMS))
        run("a2enmod", "-q", f"mpm_{mpm}")
        run("apache2ctl", "start")
        self.wait_until_started()

    def mpm(self):
        return re.search(r"Server MPM: +(\w+)", run("apache2ctl", "-V").stdout).group(1)

    def site(self, name, text):
        """Writes and enables a site, and reloads; a site that fails configtest is removed again."""
        self.site_file(name).write_text(text)
        run("a2ensite", "-q", name)
        try:
            self.configtest()
        except Failed:
            self.remove_site(name)
            raise
        self.graceful()

    def remove_site(self, name):
        """Removes a site and certbot's copy of it."""
        for its_name in name, f"{name}-le-ssl":
            if self.site_file(its_name).exists():
                run("a2dissite", "-q", "-f", its_name)
                self.site_file(its_name).unlink()

    def site_file(self, name):
        return ETC / "sites-available" / f"{name}.conf"

    def conf(self, name, text):
        """Writes and enables a server-wide snippet (conf-available), and reloads."""
        (ETC / "conf-available" / f"{name}.conf").write_text(text)
        run("a2enconf", "-q", name)
        self.configtest()
        self.graceful()

    def remove_conf(self, name):
        run("a2disconf", "-q", "-f", name)
        (ETC / "conf-available" / f"{name}.conf").unlink(missing_ok=True)

    def pid(self):
        return int(PID_FILE.read_text())

    def rss(self):
        """The resident memory of the parent process in KiB."""
        text = Path(f"/proc/{self.pid()}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text).group(1))

    def open_files(self):
        """The number of open file descriptors of the parent process."""
        return len(list(Path(f"/proc/{self.pid()}/fd").iterdir()))

    def children(self):
        return Path(f"/proc/{self.pid()}/task/{self.pid()}/children").read_text().split()

    def assert_children_unprivileged(self):
        """With a mistake in User or Group, httpd would serve as root."""
        wanted = {pwd.getpwnam("www-data").pw_uid}
        # Just after the fork, a child process is still root.
        wait_until(lambda: self.children_uids() == wanted,
                   lambda: f"children that run as www-data; uids are {self.children_uids()}", 10)

    def children_uids(self):
        uids = set()
        for child in self.children():
            status = Path(f"/proc/{child}/status")
            try:
                uids.add(int(re.search(r"Uid:\s+(\d+)", status.read_text()).group(1)))
            except (FileNotFoundError, ProcessLookupError):
                continue
        return uids

    def _generation(self):
        """The generation of the child process that responds, from 1; None if none responds."""
        try:
            text = fetch(APACHE, "/server-status?auto", scheme="http").body.decode()
        except OSError:
            return None
        found = re.search(r"ParentServerConfigGeneration: (\d+)", text)
        return int(found.group(1)) if found else None
