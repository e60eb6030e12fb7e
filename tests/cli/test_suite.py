# SPDX-License-Identifier: Apache-2.0
"""Whether `scripts/test` can test on another Debian release: its packages come from a mirror."""

import functools
import http.server
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def checkout(tmp_path):
    shutil.copytree(SCRIPTS, tmp_path / "checkout/scripts")
    return tmp_path / "checkout"


@pytest.fixture
def mirror(tmp_path):
    """The URL of a mirror that has trixie."""
    release = tmp_path / "mirror/debian/dists/trixie/InRelease"
    release.parent.mkdir(parents=True)
    release.touch()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path / "mirror")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/debian"
        server.shutdown()


def can_make_root(checkout, mirror, suite="trixie"):
    script = (". scripts/common.sh; . scripts/suite.sh; mirror=$1; "
              "no_proxy=127.0.0.1 can_make_root $2")
    return subprocess.run(["bash", "-c", script, "bash", mirror, suite], cwd=checkout,
                          timeout=60).returncode == 0


def test_a_root_can_be_made_where_the_mirror_has_the_release(checkout, mirror):
    assert can_make_root(checkout, mirror)
    assert not can_make_root(checkout, mirror, "nosuch")


def test_a_root_that_was_made_before_needs_no_mirror(checkout):
    closed = "http://127.0.0.1:1/debian"
    assert not can_make_root(checkout, closed)
    made = checkout / "build-trixie/root/complete"
    made.parent.mkdir(parents=True)
    made.touch()
    assert can_make_root(checkout, closed)


# --- the root, or the packages in it, cannot be had ---

CLOSED = "http://127.0.0.1:1/debian"
GLUE = "/^# --- the other Debian release/,/^# --- where the tests run/p"
# As in scripts/test, for the part alone: the real functions, but for what needs root and an hour.
RUN = f"""
. scripts/common.sh; . scripts/suite.sh; eval "$(sed -n '{GLUE}' scripts/test)"
mirror=$1 chosen=$2 parts=(unit suite) not_run= no_proxy=127.0.0.1; export no_proxy
renice() {{ :; }}
own_suite() {{ echo bookworm; }}
mkdir -p build-test
begin() {{ ("${{@:2}}") > build-test/suite.log 2>&1; begun=$?; }}
finish() {{ return "$begun"; }}
copy_checkout() {{ [ ! -e checkout-fails ]; }}
in_root() {{ case "$*" in *dpkg*) [ ! -e dpkg-fails ] || {{ echo "unshare: not permitted"; false; }} ;;
    *) [ ! -e install-fails ] || {{ echo "apt-get could not install them"; false; }} ;; esac; }}
test_suite() {{ [ ! -e tests-fail ]; }}
begin_suite
[[ " ${{parts[*]}} " != *" suite "* ]] || suite || {{ echo failed; exit; }}
echo "${{parts[*]}}$not_run"
"""
REFUSES = "#!/bin/sh\necho \"E: Cannot install into target mounted with noexec or nodev\"\nexit 1\n"


def run(checkout, mirror, chosen="", broken=None):
    (checkout / "build-trixie/root/etc").mkdir(parents=True, exist_ok=True)
    if broken == "debootstrap":
        (checkout / "bin").mkdir()
        (checkout / "bin/debootstrap").write_text(REFUSES)
        (checkout / "bin/debootstrap").chmod(0o755)
    else:
        (checkout / "build-trixie/root/complete").touch()
    if broken:
        (checkout / broken).touch()
    return subprocess.run(["bash", "-c", RUN, "bash", mirror, chosen], cwd=checkout, timeout=60,
                          capture_output=True, text=True, check=True,
                          env={**os.environ, "PATH": f"{checkout}/bin:{os.environ['PATH']}"}).stdout.splitlines()


NOT_RUN = "unit; not run: suite, as its root directory cannot be made: "
CASES = {
    "debootstrap": (True, NOT_RUN + "E: Cannot install into target mounted with noexec or nodev"),
    "dpkg-fails": (True, NOT_RUN + "unshare: not permitted"),
    "install-fails": (False, NOT_RUN + f"{CLOSED} cannot be reached"),
}


@pytest.mark.parametrize("broken", CASES)
def test_a_default_run_leaves_the_part_out_where_its_root_cannot_be_made_and_says_why(checkout, mirror, broken):
    has_mirror, expected = CASES[broken]
    url = mirror if has_mirror else CLOSED
    printed = run(checkout, url, broken=broken)
    assert printed[-1] == expected
    assert len(printed) > 2, "the log is printed, too"


@pytest.mark.parametrize("broken", CASES)
def test_a_part_that_was_chosen_fails_where_its_root_cannot_be_made(checkout, mirror, broken):
    assert run(checkout, mirror if CASES[broken][0] else CLOSED, "yes", broken)[-1] == "failed"


@pytest.mark.parametrize("broken", ["install-fails", "checkout-fails", "tests-fail"])
def test_a_failure_of_the_checkout_is_never_left_out(checkout, mirror, broken):
    assert run(checkout, mirror, broken=broken)[-1] == "failed"


def test_the_part_runs_without_a_mirror_where_its_root_has_all_that_is_needed(checkout):
    assert run(checkout, CLOSED)[-1] == "unit suite"
