# SPDX-License-Identifier: Apache-2.0
"""The order of the tests, and the choice of those that run: `scripts/test quick` leaves out the files
that are marked slow, and only `scripts/test --long` runs those that are marked long. A file is chosen
or left out as a whole, because its tests share servers, whose logs are checked at the end."""

import os


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true", help="leave out the tests that are marked slow")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes longer than `scripts/test quick` can wait for")
    config.addinivalue_line("markers", "long: takes minutes altogether, with MTA_STS_LONG=1 only")


def pytest_collection_modifyitems(config, items):
    """Runs slow files first, so that parallel workers finish at about the same time."""
    if not os.environ.get("MTA_STS_LONG"):
        config.hook.pytest_deselected(items=[item for item in items
                                             if item.get_closest_marker("long")])
        items[:] = [item for item in items if not item.get_closest_marker("long")]
    slow = [item for item in items if item.get_closest_marker("slow")]
    others = [item for item in items if not item.get_closest_marker("slow")]
    if config.getoption("--quick"):
        config.hook.pytest_deselected(items=slow)
        slow = []
    items[:] = slow + others
