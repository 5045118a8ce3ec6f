"""What a Python script may import and call: the tables that the linter and the restricted built-ins share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from actorflow.likeness import close_names

STDLIB_WHITELIST: Final = frozenset(
    {
        "__future__",
        "abc",
        "base64",
        "binascii",
        "bisect",
        "calendar",
        "cmath",
        "collections",
        "contextlib",
        "copy",
        "dataclasses",
        "datetime",
        "decimal",
        "difflib",
        "enum",
        "fractions",
        "functools",
        "graphlib",
        "hashlib",
        "heapq",
        "hmac",
        "html",
        "itertools",
        "json",
        "math",
        "numbers",
        "operator",
        "re",
        "statistics",
        "string",
        "struct",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
        "urllib.parse",
        "zlib",
    }
)
"""Modules of the standard library that every script may import: values and computation, no clock, chance or I/O."""

_IN_A_FUNCTION: Final = "do it in a function.py and reach that with `await funcs.call(id, …)`"

FORBIDDEN_BUILTINS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "open": _IN_A_FUNCTION,
        "input": "a script is talked to by messages: `await process.inbox().receive()`",
        "eval": "write the code into the script, or use json.decode for data",
        "exec": "write the code into the script or into a library it imports",
        "compile": "write the code into the script or into a library it imports",
        "__import__": "use an import statement",
        "breakpoint": "log what you want to see with `logger.debug`",
        "globals": "pass the value as an argument",
        "locals": "pass the value as an argument",
        "vars": "use dataclasses.asdict, or name the attributes",
        "hash": "it differs from process to process; use hashlib, e.g. `hashlib.blake2b(data).hexdigest()`",
        "id": "it differs from process to process; compare with `is`, or give the object a key of its own",
    }
)
"""Built-ins that scripts may not call, each with what to do instead."""

_CONCURRENCY: Final = "use process.start, process.gather, process.timeout and channel of actorflow.script"

REPLACEMENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "actorflow": "import what scripts use from actorflow.script",
        "anyio": _CONCURRENCY,
        "brotli": "use `from actorflow.script import compress`: compress.brotli.encode(data)",
        "cryptography": "use `from actorflow.script import crypto`, whose nonces are recorded",
        "asyncio": _CONCURRENCY,
        "concurrent": _CONCURRENCY,
        "ctypes": _IN_A_FUNCTION,
        "glob": _IN_A_FUNCTION,
        "gzip": "use `from actorflow.script import compress`: compress.gzip.encode(data)",
        "http": _IN_A_FUNCTION,
        "httpx": _IN_A_FUNCTION,
        "importlib": "use an import statement, and list the module in the entry's `imports:`",
        "io": _IN_A_FUNCTION,
        "jsonschema": "use `from actorflow.script import json`: json.validate(schema, value)",
        "jwt": "use `from actorflow.script import crypto`: crypto.jwt.encode(claims, key)",
        "logging": "use `from actorflow.script import logger`",
        "multiprocessing": "spawn a process, or call a function.py with `run: process`",
        "os": f"for the environment use `${{env:NAME}}` in the entry; for files, {_IN_A_FUNCTION}",
        "pathlib": _IN_A_FUNCTION,
        "pickle": "use json; values between processes are copied for you",
        "queue": "use `from actorflow.script import channel`",
        "random": "use `from actorflow.script import random`, whose values are recorded",
        "requests": _IN_A_FUNCTION,
        "secrets": "use `from actorflow.script import crypto, random, uuid`, whose values are recorded",
        "shutil": _IN_A_FUNCTION,
        "socket": _IN_A_FUNCTION,
        "sqlalchemy": _IN_A_FUNCTION,
        "sqlite3": _IN_A_FUNCTION,
        "subprocess": _IN_A_FUNCTION,
        "sys": "print goes to the log; arguments are those of the script's function",
        "tempfile": _IN_A_FUNCTION,
        "threading": _CONCURRENCY,
        "time": "use `from actorflow.script import time`: time.now(), await time.sleep(seconds)",
        "trio": _CONCURRENCY,
        "urllib": _IN_A_FUNCTION,
        "uuid": "use `from actorflow.script import uuid`: uuid.v4(), uuid.v7(), whose values are recorded",
        "yaml": "use `from actorflow.script import yaml`: yaml.decode(text)",
        "zoneinfo": "use datetime.timezone; named zones depend on files of the machine",
    }
)
"""Modules that scripts reach for and may not import, each with what to use instead."""


def is_importable(module: str, allowed: Iterable[str]) -> bool:
    """Tell whether a script may import `module`, a dotted name.

    Importable are `actorflow.script`, the whitelist, and what the entry lists as `allowed`, each with its submodules.
    """
    return any(
        module == known or module.startswith(f"{known}.") for known in ("actorflow.script", *STDLIB_WHITELIST, *allowed)
    )


def import_refusal(module: str, allowed: Iterable[str]) -> str:
    """Return the sentence that refuses the import of `module` and says what to do instead."""
    advice = REPLACEMENTS.get(module.partition(".")[0])
    if advice is None:
        close = close_names(module, [*STDLIB_WHITELIST, *allowed], cutoff=0.8)
        listed = f"list a library or an installed package in the entry's `imports:`; otherwise {_IN_A_FUNCTION}"
        advice = f"did you mean {close[0]!r}?" if close else listed
    return f"a script may not import {module!r}: {advice}"
