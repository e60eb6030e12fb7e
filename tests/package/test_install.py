# SPDX-License-Identifier: Apache-2.0
"""The packages on a minimal Debian that was nothing before."""

import gzip
import re
import shutil
from pathlib import Path

import pytest

import machine as apache

TOP = Path(__file__).parents[2]
AUTOPKGTEST = TOP / "conf/packaging/debian/tests/serve-and-receive"
COMPILERS = {"gcc", "g++", "make", "binutils", "autoconf", "libtool", "dpkg-dev"}


def installed_packages(root):
    return set(root.run("dpkg-query", "-W", "-f", "${Package}\n").stdout.split())


def owner_and_mode(root, path):
    return root.run("stat", "-c", "%U %G %a", path).stdout.strip()


def test_the_installed_packages_serve_a_policy_and_store_and_explain_reports(machine):
    apache.assert_policy_is_served(machine)
    assert apache.post_report(machine, 1) == 201
    assert apache.post_report(machine, 1) == 200
    apache.wait_for_index(machine, 1)
    assert apache.stored_reports(machine) == 1
    assert "starttls-not-supported" in apache.explained_reports(machine)


def test_no_compiler_comes_with_the_packages(machine):
    there = installed_packages(machine)
    assert there & COMPILERS == set()
    assert [name for name in there if name.endswith("-dev")] == []


def test_the_module_is_enabled_and_the_programs_start(machine):
    assert apache.is_loaded(machine)
    assert machine.run("mta-sts", "--version").stdout.startswith("mta-sts ")
    assert "usage" in machine.run("mta-sts-setup", "--help").stdout.lower()


def test_the_timers_are_there_and_none_is_enabled(machine):
    for unit in "mta-sts-check", "mta-sts-report", "mta-sts-watch":
        for kind in "service", "timer":
            assert machine.glob(f"usr/lib/systemd/system/{unit}.{kind}")
    assert machine.glob("etc/systemd/**/mta-sts*") == []


def test_a_minimal_debian_has_all_that_the_packages_need_once_they_are_installed(bare, suite):
    suite.bring_packages(bare)
    bare.run("sh", "-c", "apt-get -y install apache2 /packages/*.deb")
    assert owner_and_mode(bare, apache.STATE) == "www-data www-data 700"
    assert bare.glob("var/lib/mod_mta_sts/*") == []
    assert apache.is_loaded(bare)
    bare.run("apache2ctl", "configtest")
    bare.run("mta-sts", "--version")
    bare.run("mta-sts-setup", "--help")


def test_the_state_directory_belongs_to_the_user_whom_apaches_children_run_as(machine):
    machine.run("useradd", "--system", "--user-group", "web")
    machine.run("apt-get", "-y", "purge", "libapache2-mod-mta-sts")
    apache.stop(machine)
    machine.append("/etc/apache2/envvars", "APACHE_RUN_USER=web\nAPACHE_RUN_GROUP=web\n")
    machine.run("sh", "-c", "apt-get -y install /packages/libapache2-mod-mta-sts_*.deb")
    assert owner_and_mode(machine, apache.STATE) == "web web 700"
    apache.restart(machine)
    apache.assert_policy_is_served(machine)
    assert apache.post_report(machine, 1) == 201


def test_the_autopkgtest_of_the_packaging_passes(machine):
    apache.stop(machine)
    machine.run("a2dissite", apache.HOST)
    shutil.copy(AUTOPKGTEST, machine.file("/packages"))
    machine.run("env", "AUTOPKGTEST_TMP=/root", "/packages/serve-and-receive")


def test_each_package_has_the_manual_of_what_it_installs(machine):
    for page, package in {"man8/mod_mta_sts.8": "libapache2-mod-mta-sts",
                          "man8/mta-sts-setup.8": "mta-sts-setup",
                          "man1/mta-sts.1": "mta-sts"}.items():
        owner = machine.run("dpkg-query", "-S", f"/usr/share/man/{page}.gz").stdout
        assert owner.startswith(package + ":")


def test_the_links_of_the_installed_readme_lead_to_installed_files(machine):
    directory = machine.file("/usr/share/doc/libapache2-mod-mta-sts")
    readme = gzip.decompress((directory / "README.md.gz").read_bytes()).decode()
    links = set(re.findall(r"\]\((?!https?:)([^)#]+)", readme))
    assert "doc/tutorial.md" in links
    missing = [link for link in links
               if not (directory / link).exists() and not (directory / f"{link}.gz").exists()]
    # Debian keeps these two under other names, and examples in a directory of that name.
    assert set(missing) == {"CHANGELOG.md", "LICENSE", "conf/examples"}
    for name in "changelog.gz", "copyright", "examples/certbot.conf":
        assert (directory / name).exists(), name


@pytest.mark.parametrize("signal", ["INT", "TERM"])
def test_scripts_that_are_interrupted_while_they_install_packages_leave_services_allowed(bare, signal):
    bare.file("/usr/sbin/policy-rc.d").unlink()
    bare.write("/srv/scripts/common.sh", (TOP / "scripts/common.sh").read_text())
    bare.write("/root/apt-get", f"#!/bin/sh\ntouch /root/began\nkill -{signal} 0\n")
    bare.file("/root/apt-get").chmod(0o755)
    bare.run("setsid", "-w", "env", f"--default-signal={signal}",
             "PATH=/root:/usr/sbin:/usr/bin:/sbin:/bin", "bash", "-c",
             ". /srv/scripts/common.sh; need_packages hello", check=False)
    assert bare.file("/root/began").exists()
    assert bare.glob("usr/sbin/policy-rc.d") + bare.glob("tmp/*") == []
