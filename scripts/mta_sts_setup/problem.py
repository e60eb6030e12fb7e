# SPDX-License-Identifier: Apache-2.0
"""Errors that end the program."""


class Problem(Exception):
    """Its text says what happened, where, and what to do next."""

    status = 1


class Usage(Problem):
    """The arguments are wrong."""

    status = 2
