"""What Lua handed to Python is good for as long as its runtime, whatever has become of the script that made it."""

from __future__ import annotations

import subprocess
import sys


def test_a_map_that_was_handed_over_outlives_who_sent_it() -> None:
    words = [sys.executable, "-X", "faulthandler", "-m", "tests.unit.lua.keeping"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # a fault would end the process
    assert done.stdout == "kept\n", done.stderr
