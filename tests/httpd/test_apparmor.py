# SPDX-License-Identifier: Apache-2.0
"""The profile of AppArmor in conf/apparmor: its parser accepts it, and it allows what an httpd with the
module, and its watchdog really open, from the start to the end."""

import contextlib
import shutil
import subprocess

import pytest

import policy
import process
from apparmor import Profile, needed
from database import Database
from hosting import SITE, Hosting, served
from httpd import CHILD, TOP, module_path, site
from pairs import Pairs, vhost
from policy import HOST, MX
from report import ENDPOINT, make as make_report, packed, post
from status_page import LOCATION, page

pytestmark = pytest.mark.slow

APPARMOR = TOP / "conf/apparmor"
STATE = "/var/lib/mod_mta_sts"
SOCKETS = "/run/postgresql"
CALLS = "%file,fcntl,flock,mmap,fchmod,fchown,connect"
STRACE = ["strace", "-f", "-y", "-q", "-s", "300", "-e", f"trace={CALLS}", "-e", "signal=none"]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """As /etc/apparmor.d once the files are copied there."""
    made = tmp_path_factory.mktemp("apparmor.d")
    for name in ("abstractions", "apache2.d"):
        (made / name).mkdir()
    shutil.copy(APPARMOR / "mta-sts.abstraction", made / "abstractions/mta-sts")
    shutil.copy(APPARMOR / "mta-sts.hat", made / "apache2.d/mta-sts")
    return made


@pytest.fixture(scope="module")
def profile(directory):
    return Profile(APPARMOR / "usr.sbin.apache2", directory)


@pytest.fixture(scope="module")
def hat(directory):
    """The hat, in a profile as Debian's libapache2-mod-apparmor has one for hats."""
    path = directory / "apache2"
    path.write_text("abi <abi/3.0>,\ninclude <tunables/global>\n"
                    "profile apache2 /usr/{bin,sbin}/apache2 {\n  include <apache2.d/mta-sts>\n}\n")
    return Profile(path, directory)


def on_debian(path, server, ca, postgres):
    """The place that a file of the tests has on a Debian machine."""
    places = [(f"{server.root}/state", STATE), (f"{server.root}/run", "/run/apache2"),
              (f"{server.root}/htdocs", "/var/www/html"),
              (f"{server.root}/httpd.conf", "/etc/apache2/apache2.conf"),
              (f"{server.root}/live", "/etc/letsencrypt/live"),
              (f"{server.root}/stderr", "/var/log/apache2/error.log"),
              (f"{server.root}/error.log", "/var/log/apache2/error.log"),
              (f"{server.root}/access.log", "/var/log/apache2/access.log"),
              (module_path(), "/usr/lib/apache2/modules/mod_mta_sts.so"),
              (str(ca.root), "/etc/ssl/certs/ca.pem"),
              (f"{server.root}/pgpass", "/etc/mta-sts/pgpass"),
              (str(postgres.directory), SOCKETS),
              (str(server.certificate), f"/etc/letsencrypt/live/{HOST}/fullchain.pem")]
    for here, there in places:
        if path == here or path.startswith(here + "/"):
            return there + path[len(here):]
    return "/var/lib/" if path == f"{server.root}/" else path


SHARED = 'MTASTSDatabase pgsql "@POSTGRES@ passfile=@ROOT@/pgpass"\n'

# One site with TLS, the same with PostgreSQL, and hosted domains with a key pair for each, over HTTP/2 as well.
CONFIGURATIONS = {
    "a site": (site(HOST, MX + ENDPOINT) + LOCATION, ()),
    "PostgreSQL": (SHARED + site(HOST, MX + ENDPOINT) + LOCATION, ()),
    "hosted domains": ("MTASTSHosting on\nMTASTSFetchLog address\nProtocols h2 http/1.1\n"
                       + site(HOST, MX + ENDPOINT) + vhost() + SITE + LOCATION, ("http2",)),
}


def count_indexed(server, postgres):
    if "MTASTSDatabase" in server.body:
        with contextlib.suppress(subprocess.CalledProcessError):  # before the tables are there
            return len(postgres.run("SELECT id FROM tlsrpt_report"))
        return 0
    return len(Database(server).run("SELECT id FROM tlsrpt_report"))


def host_a_domain(server):
    """Its row and its key pair, both added, changed and removed while httpd runs."""
    pairs, hosting = Pairs(server), Hosting(server)
    pairs.issue("a.example")
    process.wait_for(lambda: server.log.matching(r"\[hosting-failed\]$"), "the missing tables")
    hosting.call("init")
    hosting.insert("a.example")
    served(server, "a.example")
    pairs.issue("a.example")
    hosting.sql("DELETE FROM mta_sts_policy")
    pairs.remove("a.example")


@pytest.fixture(scope="module", params=CONFIGURATIONS)
def life(request, make_shared, ca, shared_postgres, tmp_path_factory):
    """What an httpd needed: (path on Debian, permission)"""
    trace = tmp_path_factory.mktemp("trace") / "trace"
    server = make_shared()
    text, modules = CONFIGURATIONS[request.param]
    (server.root / "live").mkdir()
    server.write("pgpass", "*:*:*:*:not needed\n").chmod(0o600)
    shutil.chown(server.root / "pgpass", CHILD.pw_uid, CHILD.pw_gid)
    server.configure(text.replace("@POSTGRES@", shared_postgres.conninfo), modules)
    server.wrapper = [*STRACE, "-D", "-o", trace]
    server.start()
    if modules:
        server.log.possible.append(r"\[(hosting|pairs?|policy)-[a-z-]+\]$|AH01909")
        host_a_domain(server)
    policy.check(server.fetch())
    for number in range(3):
        assert post(server, packed(make_report(number))).status == 201
    assert post(server, packed(make_report(9, domain="other.example"))).status == 202
    process.wait_for(lambda: count_indexed(server, shared_postgres) == 3, "the index")
    assert page(server)
    server.graceful()
    assert post(server, packed(make_report(4))).status == 201
    server.stop()
    lines = process.wait_for(lambda: trace.read_text().endswith("+++\n") and trace.read_text(),
                             "strace to end").splitlines()
    return {(on_debian(path, server, ca, shared_postgres), permission)
            for path, permission in needed(lines, str(server.root))}


def test_the_parser_accepts_the_profile_and_the_hat(profile, hat):
    profile.compile()
    hat.compile()


def test_the_profile_allows_what_httpd_its_children_and_the_watchdog_open(profile, life):
    assert {(f"{STATE}/reports.db", "k"), (f"{SOCKETS}/.s.PGSQL.5432", "w")} & life
    assert (f"{STATE}/tmp/", "r") in life
    refused = sorted(f"{path} {permission}" for path, permission in life
                     if not profile.allows(path, permission))
    assert not refused, "\n".join(refused)


def test_the_hat_allows_what_the_module_opens(hat, life):
    refused = sorted(f"{path} {permission}" for path, permission in life
                     if path.startswith((STATE, SOCKETS, "/etc/mta-sts")) and not hat.allows(path, permission))
    assert not refused, "\n".join(refused)


def test_the_profile_refuses_what_nothing_of_it_needs(profile):
    for path, permission in (("/etc/shadow", "r"), ("/root/.ssh/id_rsa", "r"), ("/usr/bin/sh", "x"),
                             ("/etc/apache2/apache2.conf", "w"), ("/var/www/html/index.html", "w"),
                             ("/usr/lib/apache2/modules/mod_mta_sts.so", "w"),
                             ("/var/lib/mysql/ibdata1", "r")):
        assert not profile.allows(path, permission), path
