# SPDX-License-Identifier: Apache-2.0
"""`scripts/release --check`: what must agree before a tarball is made."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
CONFIGURE = "AC_INIT([mod_mta_sts], [1.2.3])\n"
CHANGES = """\
# Changelog

## [Unreleased]

## [1.2.3] - 2026-12-01

### Upgrading

- Reload httpd.

### Fixed

- A change.

## [1.2.2] - 2026-11-01

### Anything

- The first one.
"""
DEBIAN = "mod-mta-sts (1.2.3-1) unstable; urgency=medium\n"


@pytest.fixture
def checkout(tmp_path):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C",
                        tmp_path, *words], check=True, capture_output=True)

    (tmp_path / "scripts").mkdir()
    (tmp_path / "conf/packaging/debian").mkdir(parents=True)
    for script in "release", "common.sh":
        shutil.copy(TOP / "scripts" / script, tmp_path / "scripts")

    def make(configure=CONFIGURE, changes=CHANGES, debian=DEBIAN):
        (tmp_path / "configure.ac").write_text(configure)
        (tmp_path / "CHANGELOG.md").write_text(changes)
        (tmp_path / "conf/packaging/debian/changelog").write_text(debian)
        git("init", "-q")
        git("add", "-A")
        git("commit", "-q", "-m", "all")
        return git
    make.path = tmp_path
    return make


def check(checkout):
    done = subprocess.run([checkout.path / "scripts/release", "--check"], capture_output=True,
                          text=True)
    return done.returncode, done.stderr


def test_a_checkout_whose_versions_agree_can_be_released(checkout):
    checkout()
    assert check(checkout) == (0, "")


@pytest.mark.parametrize("files, said", [
    ({"configure": CONFIGURE.replace("1.2.3", "1.2")}, 'the version "1.2" is not MAJOR.MINOR.PATCH'),
    ({"changes": CHANGES.replace("1.2.3", "1.2.1")}, "in CHANGELOG.md is 1.2.1, not 1.2.3"),
    ({"changes": "# Changelog\n\n## [Unreleased]\n"}, 'no section "## [1.2.3] - YYYY-MM-DD"'),
    ({"changes": CHANGES.replace("2026-12-01", "2026-13-01")}, "2026-13-01 is not a date"),
    ({"changes": CHANGES.replace("[Unreleased]\n", "[Unreleased]\n\n### Fixed\n\n- Another.\n")},
     "changes under Unreleased"),
    ({"changes": CHANGES.replace("Upgrading", "Added")}, 'does not begin with "### Upgrading"'),
    ({"changes": CHANGES.replace("Fixed", "Repaired")}, 'Changelog has no heading "Repaired"'),
    ({"debian": DEBIAN.replace("1.2.3-1", "1.2.2-1")}, "names 1.2.2-1, not 1.2.3-1"),
])
def test_versions_that_do_not_agree_are_named(checkout, files, said):
    checkout(**files)
    status, error = check(checkout)
    assert status == 1
    assert said in error


def test_uncommitted_changes_are_not_released(checkout):
    checkout()
    (checkout.path / "new").touch()
    assert "not everything is committed" in check(checkout)[1]


def test_a_version_is_released_once(checkout):
    git = checkout()
    git("tag", "v1.2.3")
    assert check(checkout) == (0, "")
    (checkout.path / "new").touch()
    git("add", "-A")
    git("commit", "-q", "-m", "more")
    assert "the tag v1.2.3 already exists" in check(checkout)[1]


def test_the_packages_have_the_version_of_the_source():
    configured = re.search(r"^AC_INIT\(\[\w+\], \[([^]]+)\]\)$", (TOP / "configure.ac").read_text(),
                           re.M)[1]
    changes = (TOP / "conf/packaging/debian/changelog").read_text()
    assert changes.startswith(f"mod-mta-sts ({configured}-1) ")


def test_the_changes_since_the_last_release_say_first_what_an_administrator_must_do():
    newest = re.split(r"^## ", (TOP / "CHANGELOG.md").read_text(), flags=re.M)[1]
    assert re.findall(r"^### (.*)$", newest, re.M)[:1] in ([], ["Upgrading"])
