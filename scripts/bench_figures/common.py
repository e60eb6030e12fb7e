# SPDX-License-Identifier: Apache-2.0
"""Shared by the figures."""

import subprocess


class CannotMeasure(Exception):
    """Why a figure has no value."""


def spread(ratios):
    return f"{min(ratios):.2f} to {max(ratios):.2f}"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotMeasure(f"{command[0]}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done.stdout
