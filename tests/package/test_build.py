# SPDX-License-Identifier: Apache-2.0
"""The packages as they were built."""

import hashlib
import subprocess
from pathlib import Path

import pytest


def test_lintian_has_no_warning_that_is_not_explained(suite):
    said = (suite.built / "lintian.txt").read_text()
    assert (suite.built / "lintian.status").read_text() == "0\n", said
    assert [line for line in said.splitlines() if line.startswith(("E:", "W:"))] == []


# Not enforced in Debian, whose C start-up files do not have it; and a feature of ARM.
NOT_IN_DEBIAN = "Control flow integrity", "Branch Protection"


def test_hardening_check_finds_everything_hardened_that_debian_hardens(suite):
    said = (suite.built / "hardening.txt").read_text()
    lacks = [line.strip() for line in said.splitlines()
             if ": no" in line and "(ignored)" not in line]
    assert [line for line in lacks if not line.startswith(NOT_IN_DEBIAN)] == []
    for name in "Stack protected", "Read-only relocations", "Immediate binding":
        assert said.count(name + ": yes") == 2
    assert "Position Independent Executable: yes" in said


def checksum(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def difference(one, other):
    try:
        return subprocess.run(["diffoscope", one, other], capture_output=True, text=True).stdout
    except FileNotFoundError:
        return "install diffoscope-minimal to see what differs"


def test_a_build_elsewhere_at_another_time_gives_the_same_packages(suite):
    again = suite.built / "again"
    if not again.exists():
        pytest.skip("the other release was built twice; MTA_STS_LONG=1 builds each twice")
    packages = sorted(suite.built.glob("*.deb"))
    assert len(packages) == 5
    for package in packages:
        assert checksum(package) == checksum(again / package.name), \
            difference(package, again / package.name)


def dependencies(package):
    fields = subprocess.run(["dpkg-deb", "-f", package, "Depends"], check=True, text=True,
                            capture_output=True).stdout
    return {name.split()[0] for name in fields.replace("|", ",").split(", ")}


def test_no_package_depends_on_a_compiler_or_a_development_package(suite):
    for package in suite.packages():
        unwanted = [name for name in dependencies(package)
                    if name.endswith("-dev") or name in {"gcc", "cc", "make", "autoconf"}]
        assert unwanted == [], package.name


def test_the_module_does_not_depend_on_libraries_of_the_command(suite):
    module, = suite.built.glob("libapache2-mod-mta-sts_*.deb")
    names = " ".join(dependencies(module))
    for library in "curl", "unbound", "gmime":
        assert library not in names


def test_the_source_package_is_built_from_tracked_files_alone(suite):
    source = Path(suite.built.parent, "source")
    assert len(list(source.glob("*.dsc"))) == 1
    assert len(list(source.glob("*.orig.tar.gz"))) == 1
