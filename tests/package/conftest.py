# SPDX-License-Identifier: Apache-2.0
"""The packages that tests/package/run has built, and machines with each Debian release to test
them. The packages are installed once for each release, on a machine that has their dependencies.
Each test gets its own machine on top of that state (an overlay), whose changes are discarded.
"""

import itertools
import os
import shutil
from pathlib import Path

import pytest

import debs
import machine as apache
from root import Root

WORK = Path(os.environ["MTA_STS_PACKAGE_WORK"])
CACHE = Path(os.environ["MTA_STS_CACHE"])
SUITES = os.environ["MTA_STS_SUITES"].split()
numbers = itertools.count()


class Suite:
    """A release of Debian."""

    def __init__(self, name):
        self.built = WORK / name
        self.bare = CACHE / name / "bare"
        self.dependencies = CACHE / name / "dependencies"
        self.archives = CACHE / name / "archives"

    def packages(self):
        return [path for path in sorted(self.built.glob("*.deb")) if "-dbgsym_" not in path.name]

    def root(self, *layers):
        return Root(f"/run/root-{next(numbers)}", [*layers, self.bare], self.archives)

    def bring_packages(self, root):
        """Copies the packages to where apt-get in the root finds them: /packages."""
        root.file("/packages").mkdir()
        for package in self.packages():
            shutil.copy(package, root.file("/packages"))


@pytest.fixture(scope="session", params=SUITES)
def suite(request):
    return Suite(request.param)


@pytest.fixture(scope="session")
def installed(suite):
    """The layer of a machine with the packages of this version and a site; httpd is not running."""
    root = suite.root(suite.dependencies)
    suite.bring_packages(root)
    root.run("sh", "-c", "apt-get -y install /packages/*.deb")
    apache.make_certificate(root)
    root.write(apache.SITE, apache.SITE_TEXT)
    root.run("a2enmod", "ssl")
    root.run("a2ensite", apache.HOST)
    apache.stop(root)
    root.end()
    return root.upper


@pytest.fixture
def bare(suite):
    """A minimal Debian, without the packages."""
    root = suite.root()
    yield root
    root.forget()


@pytest.fixture
def machine(suite, installed):
    """A machine that serves a policy and receives reports."""
    root = suite.root(installed, suite.dependencies)
    apache.start(root)
    yield root
    root.forget()


@pytest.fixture(scope="session")
def earlier(suite, tmp_path_factory):
    """The packages as an earlier version, in a directory."""
    return debs.earlier(suite.packages(), tmp_path_factory.mktemp("earlier"))
