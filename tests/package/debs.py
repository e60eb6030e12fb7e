# SPDX-License-Identifier: Apache-2.0
"""Packages of an earlier version: those of this version with another version number and other
conffiles."""

import re
import subprocess
from pathlib import Path

EARLIER = "0.0.9-1"


def earlier(packages, directory):
    for package in packages:
        tree = directory / package.stem
        subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
        control = tree / "DEBIAN/control"
        text = control.read_text()
        version = re.search(r"^Version: (.*)$", text, re.M)[1]
        text = text.replace(version, EARLIER).replace(version.split("-")[0], EARLIER.split("-")[0])
        control.write_text(text)
        for conffile in (tree / "etc").glob("**/*.conf"):
            conffile.write_text(conffile.read_text() + "# of the earlier version\n")
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree,
                        directory / f"{package.name.split('_')[0]}.deb"],
                       check=True, capture_output=True)
    return directory


def bring(directory, root):
    """Copies them to where apt-get in the root finds them; returns their paths in the root."""
    names = []
    for package in sorted(Path(directory).glob("*.deb")):
        root.file("/earlier").mkdir(exist_ok=True)
        root.file("/earlier/" + package.name).write_bytes(package.read_bytes())
        names.append("/earlier/" + package.name)
    return names
