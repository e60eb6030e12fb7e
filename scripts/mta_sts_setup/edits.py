# SPDX-License-Identifier: Apache-2.0
"""Edits of Apache's configuration files, collected and then made in one step per file."""

import re

from .problem import Problem
from .step import WriteFile, read

BLOCK = re.compile(r"(\s*)<MTASTSPolicy\s+(.*?)>\s*$", re.I)
BLOCK_END = re.compile(r"\s*</MTASTSPolicy", re.I)
PLAIN = re.compile(r"\s*MTASTS(Mode|Mx|MaxAge)\s", re.I)


class Edits:
    """Lines to replace, by file; line numbers are those of the current file, from 1."""

    def __init__(self):
        self.by_path = {}

    def replace(self, path, first, count, lines):
        self.by_path.setdefault(path, []).append((first, count, lines))

    def steps(self, why):
        return [WriteFile(path, self._text(path), why=why) for path in sorted(self.by_path)]

    def _text(self, path):
        old = read(path).splitlines()
        # From the end, so that line numbers remain valid; a line can be replaced only once.
        unique = {edit[0]: edit for edit in self.by_path[path]}
        for first, count, lines in sorted(unique.values(), reverse=True):
            old[first - 1:first - 1 + count] = lines
        return "".join(line + "\n" for line in old)


class Block:
    """A <MTASTSPolicy> block in a file; `line` counts from 1."""

    def __init__(self, path, line):
        self.path = path
        self.line = line
        rest = read(path).splitlines()[line - 1:]
        opening = BLOCK.match(rest[0]) if rest else None
        ends = [number for number, text in enumerate(rest) if BLOCK_END.match(text)]
        if not opening or not ends:
            raise Problem("the <MTASTSPolicy> block at {}:{} cannot be read: "
                          "change the policy there by hand".format(path, line))
        self.indent = opening.group(1)
        self.domains = opening.group(2).replace('"', "").replace("'", "").split()
        self.lines = rest[:ends[0] + 1]

    @property
    def comments(self):
        return [line.strip() for line in self.lines if line.strip().startswith("#")]

    def require_alone(self):
        if len(self.domains) > 1:
            raise Problem("{}:{} defines the policy of several domains ({}): change it there by "
                          "hand, or remove this domain from it".format(
                              self.path, self.line, " ".join(self.domains)))


def remove_definition(edits, definition, host):
    """Removes a policy that is defined in a virtual host."""
    if definition.path != definition.section.path or definition.is_pattern:
        raise Problem("{} defines the policy of more than {}, and it takes precedence: change it "
                      "there by hand".format(definition, host))
    if BLOCK.match(read(definition.path).splitlines()[definition.line - 1]):
        block = Block(definition.path, definition.line)
        block.require_alone()
        edits.replace(definition.path, definition.line, len(block.lines), [])
        return
    others = [name for name in definition.section.names
              if name.startswith("mta-sts.") and name != host]
    if others:
        raise Problem("the virtual host at {} also defines the policy of {}: change it there by "
                      "hand, or use a <MTASTSPolicy> block for each domain".format(
                          definition.section, ", ".join(others)))
    for number, count in _plain_lines(definition.section.lines):
        edits.replace(definition.path, definition.section.line + number, count, [])


def _plain_lines(lines):
    """(index, number of lines) of each directive of a policy outside blocks."""
    number, inside = 0, False
    while number < len(lines):
        inside = bool(BLOCK.match(lines[number])) or (inside and not BLOCK_END.match(lines[number]))
        count = 1
        while lines[number + count - 1].endswith("\\") and number + count < len(lines):
            count += 1
        if not inside and PLAIN.match(lines[number]):
            yield number, count
        number += count


def add_alias(edits, section, host):
    """Adds a ServerAlias below the ServerName."""
    for number, line in enumerate(section.lines):
        if re.match(r"\s*ServerName\s", line, re.I):
            indent = re.match(r"\s*", line).group()
            edits.replace(section.path, section.line + number, 1,
                          [line, "{}ServerAlias {}".format(indent, host)])
            return


def remove_alias(edits, section, host):
    for number, line in enumerate(section.lines):
        words = line.split()
        if words and words[0].lower() == "serveralias" and host in words:
            words.remove(host)
            indent = re.match(r"\s*", line).group()
            rest = [indent + " ".join(words)] if len(words) > 1 else []
            edits.replace(section.path, section.line + number, 1, rest)
