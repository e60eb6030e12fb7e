# SPDX-License-Identifier: Apache-2.0
"""`scripts/release --check`: what must agree before a tarball is made."""

import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
CONFIGURE = "AC_INIT([mod_mta_sts], [1.2.3])\n"
CHANGES = "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-12-01\n\n- A change.\n"
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
    ({"changes": CHANGES.replace("1.2.3", "1.2.2")}, "in CHANGELOG.md is 1.2.2, not 1.2.3"),
    ({"changes": "# Changelog\n\n## [Unreleased]\n"}, 'no section "## [1.2.3] - YYYY-MM-DD"'),
    ({"changes": CHANGES.replace("2026-12-01", "2026-13-01")}, "2026-13-01 is not a date"),
    ({"changes": CHANGES.replace("[Unreleased]\n", "[Unreleased]\n\n- Another.\n")},
     "changes under Unreleased"),
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
