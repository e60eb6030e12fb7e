# SPDX-License-Identifier: Apache-2.0
"""What the tests of several commands ask for."""

import pytest


@pytest.fixture
def state(tmp_path):
    """An empty folder that is private, as MTASTSReportPath is."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder
