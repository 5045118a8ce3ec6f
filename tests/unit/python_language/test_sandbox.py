"""What a Python script is kept from: mistakes, not attacks. Everything here is refused, when it is loaded or run."""

from __future__ import annotations

import pytest

from actorflow.errors import Error
from tests.unit.script.bench import Bench

REFUSED = {
    "import os": "import os",
    "import inside a function": "def late():\n    import socket\nlate()",
    "from import": "from subprocess import run",
    "a submodule": "import os.path",
    "__import__": "__import__('os')",
    "__import__ by another name": "from builtins import __import__ as get",
    "importlib": "import importlib",
    "the interpreter": "import sys",
    "threads": "import threading",
    "other loops": "import asyncio",
    "open": "open('/etc/passwd')",
    "eval": "eval('1')",
    "exec": "exec('x = 1')",
    "compile": "compile('1', 'x', 'eval')",
    "input": "input()",
    "__globals__": "def f(): pass\nf.__globals__",
    "__class__": "().__class__",
    "__subclasses__ by name": "getattr(object, '__subclasses__')",
    "__builtins__": "__builtins__['open']",
    "globals": "globals()",
    "a global statement": "x = 1\ndef f():\n    global x\n    x = 2\nf()",
    "breakpoint": "breakpoint()",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_script_must_not_do_is_refused(name: str) -> None:
    with pytest.raises(Error) as caught:
        _ = Bench(REFUSED[name] + "\n\nasync def main():\n    return 'out'\n").value
    message = str(caught.value)
    assert "Traceback" not in message
    assert "0x" not in message
