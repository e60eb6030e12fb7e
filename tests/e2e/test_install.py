# SPDX-License-Identifier: Apache-2.0
"""`make install` and `make uninstall` on a machine whose Apache goes on working."""

import os
import stat
from pathlib import Path

import pytest

from lab.process import run

MODULE = Path("/usr/lib/apache2/modules/mod_mta_sts.so")
AVAILABLE = Path("/etc/apache2/mods-available")
ENABLED = Path("/etc/apache2/mods-enabled")
DIRECTORIES = [Path("/usr/share/mod_mta_sts"), Path("/usr/share/doc/mod_mta_sts")]


@pytest.fixture
def make(apache):
    """Runs make in the build tree; afterwards everything is installed again."""
    build = os.environ["MTA_STS_BUILD"]

    def make(target):
        run("make", "-C", build, target)

    yield make
    make("install")
    apache.enable_module("mta_sts")
    apache.graceful()


def loaded():
    return "mta_sts_module" in run("apache2ctl", "-M").stdout


def test_uninstall_switches_the_module_off_first_so_that_apache_still_starts(apache, module, make):
    assert loaded()
    make("uninstall")
    left = [path for path in (MODULE, *AVAILABLE.glob("mta_sts.*"), *ENABLED.glob("mta_sts.*"))
            if path.exists() or path.is_symlink()]
    assert left == []
    assert not any(directory.exists() for directory in DIRECTORIES)
    apache.configtest()
    apache.graceful()
    assert not loaded()


def test_a_reinstalled_module_is_enabled_by_one_reload(apache, make):
    make("uninstall")
    make("install")
    assert not loaded()
    apache.enable_module("mta_sts")
    apache.graceful()
    assert loaded()


def test_a_second_uninstall_finds_nothing_and_does_no_harm(apache, make):
    make("uninstall")
    make("uninstall")
    apache.configtest()


def test_changes_of_an_admin_to_the_configuration_survive_install_and_uninstall(make):
    path = AVAILABLE / "mta_sts.conf"
    own = path.read_text() + "MTASTSMode enforce\n"
    path.write_text(own)
    try:
        for target in ("install", "uninstall", "install"):
            make(target)
            assert path.read_text() == own
    finally:
        path.unlink(missing_ok=True)


def test_uninstall_changes_nothing_while_the_configuration_needs_the_module(apache, module):
    path = Path("/etc/apache2/conf-available/own.conf")
    apache.conf("own", "# mine\nMTASTSMaxAge 1w\n")
    try:
        refused = run("make", "-C", os.environ["MTA_STS_BUILD"], "uninstall", check=False)
        assert refused.returncode != 0
        assert f"{path}:2: MTASTSMaxAge 1w" in refused.stdout
        assert MODULE.exists() and (ENABLED / "mta_sts.load").exists()
        assert all(directory.exists() for directory in DIRECTORIES)
        apache.configtest()
        apache.graceful()
        assert loaded()
    finally:
        run("a2disconf", "-q", "own")
        path.unlink()
        apache.graceful()


def test_a_server_root_with_its_path_changes_nothing_about_that(apache, module):
    main = Path("/etc/apache2/apache2.conf")
    text = main.read_text()
    main.write_text('ServerRoot "/etc/apache2"\n' + text + "MTASTSMaxAge 1w\n")
    try:
        apache.configtest()
        refused = run("make", "-C", os.environ["MTA_STS_BUILD"], "uninstall", check=False)
        assert refused.returncode != 0
        assert f"{main}:{text.count(chr(10)) + 2}: MTASTSMaxAge 1w" in refused.stdout
        assert MODULE.exists() and (ENABLED / "mta_sts.load").exists()
        main.write_text('ServerRoot "/etc/apache2"\n' + text)
        assert run("/usr/share/mod_mta_sts/check-removal").stdout == ""
    finally:
        main.write_text(text)


# --- httpd as anywhere but on Debian: its own directory, no a2enmod ---

GENERIC = """
ServerRoot {root}
PidFile {root}/pid
Listen 127.0.0.1:8443
ServerName https://mta-sts.example.com
ErrorLog {root}/error.log
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
{include}
"""


class Generic:
    """A ServerRoot of its own, with its own apachectl, which is the first in PATH."""

    def __init__(self, root, load, include):
        self.root, self.load = root, root / load
        (root / "conf").mkdir()
        (root / "bin").mkdir()
        (root / "conf.modules.d").mkdir()
        (root / "conf.modules.d/00-base.conf").write_text("# as Fedora has it\n")
        self.conf = root / "conf/httpd.conf"
        self.conf.write_text(GENERIC.format(root=root, modules=MODULE.parent, include=include))
        control = root / "bin/apachectl"
        control.write_text(f'#!/bin/sh\nexec /usr/sbin/apache2 -f {self.conf} "$@"\n')
        control.chmod(control.stat().st_mode | stat.S_IXUSR)

    def make(self, target, check=True):
        return run("env", f"PATH={self.root}/bin:{os.environ['PATH']}", "make", "-C",
                   os.environ["MTA_STS_BUILD"], target, "LAYOUT=generic",
                   f"HTTPD_CONF={self.root}/conf", f"HTTPD_MODULES={self.root}/modules",
                   f"HTTPD_LOAD={self.load}", f"prefix={self.root}/usr", check=check)

    def configtest(self):
        return run(self.root / "bin/apachectl", "-t", check=False)


@pytest.mark.parametrize("load, include", [
    ("conf.modules.d/10-mta_sts.conf", "Include conf.modules.d/*.conf"),
    ("conf/extra/mta_sts.conf", "IncludeOptional conf/extra/mta_sts.conf")])
def test_a_generic_httpd_loads_the_module_until_it_is_uninstalled(tmp_path, load, include):
    httpd = Generic(tmp_path, load, include)
    installed = httpd.make("install").stdout
    assert (f"IncludeOptional {httpd.load}" in installed) == ("extra" in load)
    httpd.conf.write_text(httpd.conf.read_text() + "MTASTSMx mx.example.com\n")
    assert "Syntax OK" in httpd.configtest().stdout
    refused = httpd.make("uninstall", check=False)
    assert refused.returncode != 0
    assert f"{httpd.conf}:10: MTASTSMx mx.example.com" in refused.stdout
    assert httpd.load.exists() and "Syntax OK" in httpd.configtest().stdout
    httpd.conf.write_text(httpd.conf.read_text().replace("MTASTSMx mx.example.com", ""))
    httpd.make("uninstall")
    assert not httpd.load.exists() and "Syntax OK" in httpd.configtest().stdout


def test_a_generic_httpd_that_requires_the_removed_file_keeps_it(tmp_path):
    httpd = Generic(tmp_path, "conf/extra/mta_sts.conf", "Include conf/extra/mta_sts.conf")
    httpd.make("install")
    refused = httpd.make("uninstall", check=False)
    assert refused.returncode != 0 and f"{httpd.conf}:9: Include conf/extra" in refused.stdout
    assert httpd.load.exists() and "Syntax OK" in httpd.configtest().stdout


def test_what_an_admin_added_to_the_file_of_a_generic_httpd_is_kept(tmp_path):
    httpd = Generic(tmp_path, "conf/extra/mta_sts.conf", "IncludeOptional conf/extra/mta_sts.conf")
    httpd.make("install")
    own = httpd.load.read_text() + "MTASTSMode testing\n"
    httpd.load.write_text(own)
    assert f"kept {httpd.load}" in httpd.make("install").stdout
    refused = httpd.make("uninstall", check=False)
    assert refused.returncode != 0 and f"{httpd.load}:2: MTASTSMode testing" in refused.stdout
    assert httpd.load.read_text() == own
