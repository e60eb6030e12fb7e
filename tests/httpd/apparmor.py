# SPDX-License-Identifier: Apache-2.0
"""The rules of an AppArmor profile, as AppArmor's own parser resolves them, and what they allow."""

import itertools
import os
import re
import subprocess

PARSER = "/usr/sbin/apparmor_parser"
RULE = re.compile(r"^\s*(?:owner )?((?:/|@\{)\S*)\s+([a-zA-Z]+),")
VARIABLE = re.compile(r"^(@\{\w+\}) ?= ?(.*)")


def _alternatives(text):
    """Expands {a,b}, from the innermost braces outwards."""
    inner = re.search(r"\{([^{}]*)\}", text)
    if not inner:
        return [text]
    return [done for option in inner[1].split(",")
            for done in _alternatives(text[:inner.start()] + option + text[inner.end():])]


def _expression(glob):
    """A path with *, ** and ? as a regular expression (apparmor.d(5), "Globbing")."""
    parts = re.split(r"(\*\*|\*|\?|\[[^\]]*\])", glob)
    # After a slash, they match at least one character.
    known = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    texts = [known.get(part, part if part.startswith("[") else re.escape(part)) for part in parts]
    for i, part in enumerate(parts):
        if part in ("*", "**") and parts[i - 1].endswith("/") and "".join(parts[i + 1:]) == "":
            texts[i] = "[^/].*" if part == "**" else "[^/]+"
    return "".join(texts)


class Profile:
    """A profile, with the directory of its own abstractions."""

    def __init__(self, path, directory):
        self.call = [PARSER, "-I", str(directory)]
        self.path = path
        self.variables = {"@{pid}": "[0-9]*", "@{profile_name}": "apache2"}
        self.rules = []  # (regular expression, permissions)
        for line in self.run("-p").splitlines():
            if defined := VARIABLE.match(line):
                self.variables.setdefault(defined[1], "{" + defined[2].replace(" ", ",") + "}")
            elif rule := RULE.match(line):
                self.add(*rule.groups())

    def run(self, *options):
        done = subprocess.run([*self.call, *options, str(self.path)], capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def compile(self):
        """Compiles the profile for the kernel, without loading it."""
        self.run("-Q", "-K", "--abort-on-error")

    def add(self, glob, permissions):
        while names := re.findall(r"@\{\w+\}", glob):
            for name in names:
                glob = glob.replace(name, self.variables[name])
        for path in _alternatives(glob):
            self.rules.append((re.compile(_expression(re.sub("/+", "/", path))), set(permissions)))

    def allows(self, path, permission):
        return any(permission in allowed and rule.fullmatch(path) for rule, allowed in self.rules)


# --- the accesses of processes, from the output of strace ---

CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (\S+)")
DESCRIPTOR = re.compile(r"(?:\d+|AT_FDCWD)<([^>]*)>")


def _whole(lines):
    """Joins system calls that strace shows in two parts."""
    begun = {}
    for line in lines:
        pid = line.split(" ", 1)[0]
        if line.endswith(" <unfinished ...>"):
            begun[pid] = line.removesuffix(" <unfinished ...>")
        elif resumed := re.match(r"^\d+ +<\.\.\. \w+ resumed>(.*)", line):
            yield begun.pop(pid, "") + resumed[1]
        else:
            yield line


def _paths(arguments, here):
    """The paths of a call: its strings, relative to the descriptors before them."""
    found, base = [], here
    for descriptor, text in re.findall(r'(?:\d+|AT_FDCWD)<([^>]*)>|"([^"]*)"', arguments):
        if descriptor:
            base = descriptor
        elif text or not found:
            found.append(os.path.normpath(os.path.join(base, text)))
    return found


def _permissions(name, arguments):
    """The permissions that each path of a call needs (apparmor.d(5)); "" if rules do not apply."""
    if name in ("open", "openat") and "O_PATH" not in arguments:
        writes = re.search("O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", arguments)
        reads = "O_WRONLY" not in arguments
        return ["r" * reads + "w" * bool(writes)]
    if name.startswith("rename"):
        return ["rw", "w"]
    if name == "connect":
        return ["rw"] if "AF_UNIX" in arguments else []
    if name.startswith("link"):
        return ["", "l"]
    if name.startswith(("mkdir", "unlink", "rmdir", "chmod", "chown", "fchmodat", "fchownat",
                        "symlink", "truncate")):
        return ["w"]
    return []


def needed(lines, here):
    """{(path, permission)} of the calls that succeeded; paths of directories end with a slash."""
    found = set()
    for name, arguments, result in filter(None, (
            (match := CALL.match(line)) and match.groups() for line in _whole(lines))):
        if result.startswith("-1"):
            continue
        if name in ("fcntl", "flock") and re.search("F_OFD_SETLK|F_SETLK|LOCK_", arguments):
            found |= {(path, "k") for path in DESCRIPTOR.findall(arguments)[:1]}
        elif name == "mmap" and "PROT_EXEC" in arguments:
            found |= {(path, "m") for path in DESCRIPTOR.findall(arguments)}
        paths = _paths(arguments, here)
        for path, permissions in itertools.zip_longest(paths, _permissions(name, arguments)):
            found |= {(path, permission) for permission in permissions or ""}
    return {(path.rstrip("/") + "/" if os.path.isdir(path) else path, permission)
            for path, permission in found if path.startswith("/")}
