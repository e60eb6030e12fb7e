# SPDX-License-Identifier: Apache-2.0
"""Runs the command mta-sts with the right state directory and database, and parses its output."""

import json
import os
import re


def store(dump, database=None):
    """The options for the state directory and the database. dump: the document of apache.dump(),
    which does not contain the connection string of PostgreSQL; database: the value of --database
    for it, or None. SQLite's file does not exist before the first start with the module."""
    file = dump["database"]["file"]
    if not database and file and os.path.exists(file):
        database = "sqlite3 " + file
    return ["--state-dir", dump["state_dir"]] + (["--database", database] if database else [])


def answer(output):
    """(document, messages) of its output with --format json and its messages on stderr, in any order;
    the document is None if there is none."""
    start = re.search(r"^\{", output, re.M)
    if not start:
        return None, output.strip()
    try:
        document, end = json.JSONDecoder().raw_decode(output, start.start())
    except ValueError:
        return None, output.strip()
    return document, (output[:start.start()] + output[end:]).strip()
