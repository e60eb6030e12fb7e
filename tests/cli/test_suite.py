# SPDX-License-Identifier: Apache-2.0
"""Whether `scripts/test` can test on another Debian release: its packages come from a mirror."""

import functools
import http.server
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
