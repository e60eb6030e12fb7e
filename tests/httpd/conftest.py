# SPDX-License-Identifier: Apache-2.0
"""Fixtures: httpds that are stopped at the end, and whose error logs are then checked."""

import contextlib
import pathlib

import pytest

from ca import Ca
from httpd import MPMS, Httpd, module_path
from pairs import MX, Pairs, vhost
from postgres import Postgres

running = []


def pytest_addoption(parser):
    parser.addoption("--mpm", default="event", choices=MPMS,
                     help="the MPM of the tests that need one only")
    parser.addoption("--one-mpm", action="store_true",
                     help="run the tests of every MPM under the one of --mpm only")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """With xdist (-n 2), the tests of a file run in the same worker, because they share an
    httpd."""
    if getattr(config.option, "dist", "no") == "load":
        config.option.dist = "loadfile"


def pytest_collection_modifyitems(config, items):
    if config.getoption("--one-mpm"):
        mpm = config.getoption("--mpm")
        others = [item for item in items if getattr(item, "callspec", None)
                  and item.callspec.params.get("mpm", mpm) != mpm]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


def pytest_sessionstart():
    if not pathlib.Path(module_path()).is_file():
        pytest.exit(f"no module at {module_path()}: build it, or set MTA_STS_MODULE", 2)


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    """A CA that every httpd trusts, like a public CA."""
    made = Ca(tmp_path_factory.mktemp("ca"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(made.root))
        yield made


@contextlib.contextmanager
def keeping(ca, mpm):
    """make(expected=...) -> Httpd, which is closed at the end of the context."""
    with contextlib.ExitStack() as stack:
        def make(expected=(), mpm=mpm):
            server = Httpd(ca, mpm, expected)
            running.append(server)
            stack.callback(running.remove, server)
            stack.callback(server.close)
            return server
        yield make


@pytest.fixture
def mpm(request):
    """Tests that must pass under every MPM use @every_mpm instead."""
    return request.config.getoption("--mpm")


@pytest.fixture
def make(ca, mpm):
    with keeping(ca, mpm) as make:
        yield make


@pytest.fixture
def make_with(ca):
    """make_with(expected=..., mpm=...) -> Httpd, for tests that choose their MPM"""
    with keeping(ca, "event") as make:
        yield make


@pytest.fixture
def start(make):
    """start(body, modules=..., expected=...) -> a running Httpd"""
    return lambda body, expected=(), **more: make(expected).configure(body, **more).start()


@pytest.fixture
def begin(make):
    """begin(body, domains) -> a running server with key pairs for the domains, and its pairs"""
    def start(body=None, domains=("a.example", "b.example"), expected=(), **more):
        server = make(expected)
        pairs = Pairs(server)
        for domain in domains:
            pairs.issue(domain)
        server.configure(vhost(MX) if body is None else body, **more).start()
        return server, pairs
    return start


@pytest.fixture(scope="module")
def make_shared(ca, request):
    with keeping(ca, request.config.getoption("--mpm")) as make:
        yield make


@pytest.fixture(scope="module")
def start_shared(make_shared):
    """The same for one httpd that serves all tests of a file."""
    def start(body, expected=(), mpm=None, **more):
        server = make_shared(expected, mpm) if mpm else make_shared(expected)
        return server.configure(body, **more).start()
    return start


@pytest.fixture(autouse=True)
def quiet_error_logs():
    """An unexpected line fails the test during which it was logged."""
    yield
    for server in running:
        server.log.check()


@pytest.fixture(scope="module")
def shared_postgres():
    with contextlib.closing(Postgres()) as server:
        yield server.start()


@pytest.fixture
def postgres(shared_postgres):
    shared_postgres.run("SET client_min_messages=error; DROP SCHEMA public CASCADE; "
                        "CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO public")
    return shared_postgres
