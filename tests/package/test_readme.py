# SPDX-License-Identifier: Apache-2.0
"""The commands of the README's first section on a minimal Debian, as tests/package/run ran them."""

import pytest


def test_a_minimal_debian_runs_the_commands_of_the_readme_as_root(suite):
    status = suite.built / "readme.status"
    if not status.exists():
        pytest.skip("MTA_STS_LONG=1 runs them")
    output = (suite.built / "readme.txt").read_text()
    assert status.read_text() == "0\n", output
    for line in "version: STSv1", "== stopped", "== all parts passed: unit":
        assert line in output
    assert "stop it with: scripts/quickstart --stop\n" in output
    assert [line for line in output.splitlines() if "warning" in line.lower()] == []
