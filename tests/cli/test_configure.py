# SPDX-License-Identifier: Apache-2.0
"""configure where something is missing: it stops and names the Debian package."""
import pathlib
import re
import subprocess

import pytest

pytestmark = pytest.mark.slow

TOP = pathlib.Path(__file__).parents[2]
# Answers as pkg-config does, but for one library.
PKG_CONFIG = """\
#!/bin/sh
case "$*" in
*"$MISSING >="*) exit 1 ;;
esac
exec pkg-config "$@"
"""


@pytest.fixture(scope="module")
def configure(tmp_path_factory):
    directory = tmp_path_factory.mktemp("configure")
    stub = directory / "pkg-config"
    stub.write_text(PKG_CONFIG)
    stub.chmod(0o755)

    def configure(*words, missing="nothing"):
        """Reuses the cached results about the compiler; the rest takes a second."""
        result = subprocess.run(
            [str(TOP / "configure"), f"--cache-file={directory}/cache", f"PKG_CONFIG={stub}", *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=directory, timeout=600,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "MISSING": missing,
                 "CONFIG_SHELL": "/bin/sh"})
        return result.returncode, result.stdout.decode()

    status, output = configure()
    assert status == 0, output
    configure.summary = output.split("\nmod_mta_sts ")[1]
    return configure


def test_the_summary_shows_what_was_found_and_what_is_installed_where(configure):
    for line in (r"httpd: +2\.4\.\d+ \(/usr/sbin/apache2, found by /usr/bin/apxs\)",
                 r"module goes to +\$\(DESTDIR\)/usr/lib/apache2/modules",
                 r"command goes to \$\(DESTDIR\)/usr/local/bin",
                 r"sanitizers: +no", r"coverage: +no"):
        assert re.search(rf"^  {line}$", configure.summary, re.M), configure.summary


@pytest.mark.parametrize("page, text", [
    ("doc/reports.md", "If you installed from source, the command is `{}/mta-sts`"),
    ("doc/mta-sts-import.1", "argv={}/mta-sts import")])
def test_the_command_is_where_the_postfix_configuration_expects_it(configure, page, text):
    directory = re.search(r"command goes to \$\(DESTDIR\)(.*)", configure.summary)[1]
    assert text.format(directory) in (TOP / page).read_text()


# All are asked for by one macro, so a few stand for the others.
@pytest.mark.parametrize("library, package", [
    ("apr-1", "libapr1-dev"), ("libunbound", "libunbound-dev libevent-dev nettle-dev"),
    ("gmime-3.0", "libgmime-3.0-dev")])
def test_the_package_of_a_missing_library_is_named(configure, library, package):
    status, output = configure(missing=library)
    assert status == 1
    assert re.search(rf"error: {library} >= \S+ is missing: apt-get install {package} ", output), \
        output


def test_the_package_of_a_missing_apxs_is_named(configure):
    status, output = configure("--with-apxs=/nonexistent/apxs")
    assert status == 1
    assert "apxs is missing: apt-get install apache2-dev (or --with-apxs=PATH)" in output


def test_without_cmocka_it_builds_and_the_summary_names_the_package(configure):
    status, output = configure(missing="cmocka")
    assert status == 0
    assert "unit tests:   no (cmocka; apt-get install libcmocka-dev)" in output
