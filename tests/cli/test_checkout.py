# SPDX-License-Identifier: Apache-2.0
"""`scripts/test` in a checkout that httpd's children cannot enter, such as a home with mode 0700."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="scripts/test must be run as root")


@pytest.fixture
def checkout(tmp_path):
    """Nothing but the scripts, so that its build fails at once."""
    checkout = tmp_path / "home/checkout"
    (checkout / "scripts").mkdir(parents=True)
    for script in "test", "common.sh", "suite.sh":
        shutil.copy(SCRIPTS / script, checkout / "scripts")
    checkout.parent.chmod(0o700)
    return checkout


def run_test(checkout):
    return subprocess.run([checkout / "scripts/test", "unit"], capture_output=True, text=True,
                          timeout=300)


def test_a_checkout_in_a_private_home_is_tested_where_www_data_can_enter_it(checkout):
    done = run_test(checkout)
    assert f"www-data cannot enter {checkout}: the tests run with it mounted at /mnt" in done.stdout
    assert "the build in /mnt/build-test failed" in done.stderr
    assert (checkout / "build-test/build.log").exists()


def test_a_checkout_whose_files_are_private_as_well_is_refused_with_the_command_to_run(checkout):
    (checkout / "scripts/test").chmod(0o700)
    done = run_test(checkout)
    assert done.returncode == 1
    assert "run chmod -R go+rX" in done.stderr
    assert not (checkout / "build-test").exists()
