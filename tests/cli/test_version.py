# SPDX-License-Identifier: Apache-2.0
"""`mta-sts --version`."""

import os
import re
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MTA_STS_BUILD", TOP / "build-test"))


def released():
    """The version that configure.ac has."""
    return re.search(r"AC_INIT\(\[\w+\], \[([^]]+)\]", (TOP / "configure.ac").read_text())[1]


def tagged():
    """Whether this checkout is exactly the release."""
    described = subprocess.run(["git", "-c", "safe.directory=*", "-C", TOP, "describe", "--tags",
                                "--always", "--dirty"], capture_output=True, text=True)
    return described.stdout.strip() == f"v{released()}"


def test_version_shows_the_release_and_of_a_development_build_what_git_calls_it():
    said = subprocess.run([BUILD / "mta-sts", "--version"], capture_output=True, text=True,
                          check=True).stdout
    expected = rf"mta-sts {re.escape(released())}"
    if (TOP / ".git").exists() and not tagged():
        expected += r" \(git ([\w.+-]+-g)?[0-9a-f]{7,40}(-dirty)?\)"
    assert re.fullmatch(expected + "\n", said)
