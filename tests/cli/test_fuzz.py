# SPDX-License-Identifier: Apache-2.0
"""scripts/fuzz, as far as the build, which takes minutes: what it is asked for is judged before."""
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = TOP / "scripts" / "fuzz"
TARGETS = sorted(path.stem.removeprefix("fuzz_") for path in (TOP / "tests/fuzz").glob("fuzz_*.c"))


def call(*words):
    return subprocess.run([SCRIPT, *words], capture_output=True, text=True, timeout=20)


@pytest.mark.parametrize("words, error", [
    (["--minutes"], "--minutes needs a number"), (["--minutes", "0"], "--minutes needs a number"),
    (["--runs", "x"], "--runs needs a number"), (["--frobnicate"], "there is no option"),
    (["nosuch"], "there is no target nosuch: " + " ".join(TARGETS))])
def test_wrong_usage_is_refused_before_anything_is_built(words, error):
    result = call(*words)
    assert result.returncode == 2 and error in result.stderr


def test_help_names_every_option():
    shown = call("--help").stdout
    accepted = re.findall(r"^    (--[a-z-]+(?: \| --[a-z-]+)*)\)", SCRIPT.read_text(), re.M)
    assert accepted
    for option in " | ".join(accepted).split(" | "):
        assert option in shown


def test_every_target_has_a_dictionary_of_its_language():
    function = re.search(r"^dictionary_of.*?^}", SCRIPT.read_text(), re.M | re.S)[0]
    for target in TARGETS:
        name = subprocess.run(["bash", "-c", function + f"\ndictionary_of {target}"],
                              capture_output=True, text=True, timeout=20).stdout.strip()
        assert (TOP / "tests" / "fuzz" / f"{name}.dict").exists(), target
