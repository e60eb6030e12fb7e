# SPDX-License-Identifier: Apache-2.0
"""`make install` and `make uninstall` on a machine whose Apache goes on working."""

import os
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
