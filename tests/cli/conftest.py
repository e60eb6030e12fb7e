# SPDX-License-Identifier: Apache-2.0
"""Fixtures for the tests of several commands."""

import pytest


@pytest.fixture
def state(tmp_path):
    """A state directory without reports, as httpd creates it."""
    directory = tmp_path / "state"
    directory.mkdir(mode=0o700)
    (directory / "reports").mkdir(mode=0o700)
    return directory
