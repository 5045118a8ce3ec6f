"""The linter: each rule finds its case at its place, says what to use instead, and leaves good scripts alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.language.lint import (
    DURABLE_LUA_MODULES,
    FORBIDDEN_BUILTINS,
    STDLIB_WHITELIST,
    Finding,
    import_refusal,
    is_importable,
    lint_lua,
    lint_python,
    refuse_durable,
)

GOOD = '''
"""A saga."""
from __future__ import annotations
import json, math, collections.abc, urllib.parse
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib import parse
import pricing
from actorflow import script
from actorflow.script import channel, errors, funcs, process, time, uuid, random as chance
from actorflow.script.errors import Rejected

__all__ = ["main"]
PRICES = {"a": 1}
NAMES = ("x", "y")
KNOWN = {"one", "two"}

@dataclass
class Order:
    id: str
    items: list = field(default_factory=list)
    def __post_init__(self):
        super().__init__()
    def __repr__(self):
        return f"{type(self).__name__}({self.id})"

async def main(order, id="x"):
    ready = channel.new(1)
    await ready.send(uuid.v4())
    started = time.now()
    chance.random()
    result = await funcs.call("app:charge", order["id"], {"total": sum(sorted({1, 2}))})
    future = funcs.async_("app:ship")
    async with process.timeout(5):
        await process.send(process.pid(), "topic", list(PRICES))
    async for message in process.inbox():
        if message.topic in KNOWN and len({1, 2}) > 1:
            break
    for name in sorted(KNOWN):
        print(name)
    datetime.fromtimestamp(0)
    return result, future, started, id, [x for x in KNOWN.intersection(())] if False else None
'''


def python(source: str, *, durable: bool = True, allowed: frozenset[str] = frozenset({"pricing"})) -> list[Finding]:
    return lint_python(source, "s.py", allowed=allowed, durable=durable)


def codes(findings: list[Finding]) -> list[tuple[str, int, str]]:
    return [(finding.code, finding.line, finding.severity) for finding in findings]


def test_a_good_script_has_no_findings() -> None:
    good = GOOD.replace("KNOWN.intersection(())", "sorted(KNOWN)")
    assert python(good) == []


# code of the rule, text in the message, source; `|` is a line end
PYTHON_ERRORS = [
    ("import", "function.py", "import os"),
    ("import", "actorflow.script import time", "x = 1|import time"),
    ("import", "whose values are recorded", "from random import choice"),
    ("import", "actorflow.script import uuid", "from uuid import uuid4"),
    ("import", "process.start", "import asyncio"),
    ("import", "did you mean 'dataclasses'", "import dataclass"),
    ("import", "in the entry's `imports:`", "import numpy as np"),
    ("import", "actorflow.script", "from actorflow.machine import op"),
    ("import", "relative", "from . import helper"),
    ("import", "urllib", "from urllib import request"),
    ("builtin", "function.py", "def f():|    with open('x') as file: pass"),
    ("builtin", "hashlib", "x = hash('a')"),
    ("builtin", "json.decode", "eval('1')"),
    ("builtin", "import statement", "__import__('os')"),
    ("dunder", "__globals__", "def f(): pass|f.__globals__"),
    ("dunder", "__class__", "x = ().__class__"),
    ("dunder", "__subclasses__", "getattr(object, '__subclasses__')"),
    ("dunder", "__builtins__", "print(__builtins__)"),
    ("global", "count", "count = 0|def f():|    global count"),
    ("await", "await funcs.call(…)", "from actorflow.script import funcs|async def f():|    funcs.call('a:b')"),
    ("await", "await p.send(…)", "from actorflow.script import process as p|async def f(): p.send('x', 'y')"),
    (
        "await",
        "await process.registry.register(…)",
        "from actorflow.script import process|process.registry.register('a')",
    ),
    ("await", "await sleep(…)", "from actorflow.script.time import sleep|async def f(): sleep(1)"),
    ("await", "await inbox.receive(…)", "from actorflow.script.process import inbox as i|inbox = i()|inbox.receive()"),
    ("syntax", "was never closed", "x = 1|y = (|z = 2"),
    ("syntax", "null bytes", "x = '\0'"),
]


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize(("code", "text", "source"), PYTHON_ERRORS)
def test_a_fault_is_found_on_every_host(code: str, text: str, source: str, durable: bool) -> None:  # noqa: FBT001
    findings = python(source.replace("|", "\n"), durable=durable)
    errors = [finding for finding in findings if finding.severity == "error"]
    assert [finding.code for finding in errors] == [code]
    assert text in errors[0].message
    line = source.split("|")[errors[0].line - 1]
    assert 1 <= errors[0].column <= len(line) + 1
    assert errors[0].file == "s.py"


DURABLE_FAULTS = [
    ("recorded", "time.now()", "from datetime import datetime|x = datetime.now()"),
    ("recorded", "time.now()", "import datetime as d|x = d.datetime.utcnow()"),
    ("recorded", "time.now()", "from datetime import date|def f(): return date.today()"),
    ("recorded", "actorflow.script import time", "import time|x = time.time()"),
    ("recorded", "actorflow.script import random", "from random import random as r|x = r()"),
    ("recorded", "actorflow.script import uuid", "import uuid|x = uuid.uuid4()"),
    ("io", "funcs.call", "from actorflow.script import process|async def f(g): await process.io(g)"),
]


@pytest.mark.parametrize(("code", "text", "source"), DURABLE_FAULTS)
def test_a_durable_run_may_not_draw_what_is_not_recorded(code: str, text: str, source: str) -> None:
    allowed = frozenset({"time", "random", "uuid"})
    source = source.replace("|", "\n")
    found = python(source, allowed=allowed)
    assert [finding.code for finding in found] == [code]
    assert text in found[0].message
    assert found[0].line == 2
    assert python(source, allowed=allowed, durable=False) == []


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("time.sleep", "import asyncio|async def f(): await asyncio.sleep(1)"),
        ("process.gather", "from asyncio import gather|async def f(): await gather()"),
        ("process.gather", "import trio|async def f():|    async with trio.open_nursery() as n: pass"),
        ("run: trio", "import trio|async def f(): x = await trio.open_file('x')"),
    ],
)
def test_waiting_for_a_foreign_loop_names_what_to_use(text: str, source: str) -> None:
    found = python(source.replace("|", "\n"), allowed=frozenset({"asyncio", "trio"}))
    assert [finding.code for finding in found] == ["foreign-await"]
    assert text in found[0].message


@pytest.mark.parametrize(
    "source",
    [
        "for x in {1, 2}: pass",
        "for x in set([1]): pass",
        "a = tuple(x for x in frozenset('ab'))",
        "a = tuple(x for x in {y for y in 'ab'})",
        "a = tuple({1, 2})",
        "a = (*{1, 2},)",
        "a = next(iter({1} - {2}))",
        "def f():|    seen = set()|    for x in seen: pass",
        "def f():|    a = {1}|    b = a - {2}|    return [x for x in b.union(a)]",
    ],
)
def test_the_order_of_a_set_is_a_warning_in_durable_runs(source: str) -> None:
    source = source.replace("|", "\n")
    assert "set-order" in {finding.code for finding in python(source)}
    assert {finding.severity for finding in python(source)} == {"warning"}
    assert python(source, durable=False) == []


@pytest.mark.parametrize(
    "source",
    [
        "cache = {}",
        "from collections import defaultdict|counts: dict = defaultdict(int)",
        "seen = set()",
        "ITEMS = []|def f(x): ITEMS.append(x)",
        "TABLE = {}|def f(x): TABLE[x] = 1",
    ],
)
def test_a_mutable_global_is_a_warning(source: str) -> None:
    found = python(source.replace("|", "\n"), durable=False)
    assert [(finding.code, finding.severity) for finding in found] == [("mutable-global", "warning")]


@pytest.mark.parametrize(
    "source",
    [
        "def hash(x): return x|hash(1)",
        "def f(id): return id(1)",
        "def f(time): return time.time()",
        "x = 1 .__doc__",
        "def f(items):|    for x in items: pass",
        "def f(s):|    s = set(s)|    s = sorted(s)|    for x in s: pass",
        "from actorflow.script import funcs|def f(): return funcs.call('a:b')",
    ],
)
def test_a_name_the_script_binds_is_its_own(source: str) -> None:
    assert python(source.replace("|", "\n")) == []


def test_findings_come_in_the_order_of_the_source_and_print_their_place() -> None:
    found = python("import os\ndef f():\n    x = eval('1'); y = ().__class__\n    hash(y)\n")
    assert codes(found) == [
        ("import", 1, "error"),
        ("builtin", 3, "error"),
        ("dunder", 3, "error"),
        ("builtin", 4, "error"),
    ]
    assert str(found[1]).startswith("s.py:3:9: error: a script may not call eval(): ")


@pytest.mark.parametrize(
    "source",
    ["(" * 500, "x = " + "-" * 5000 + "1", "+".join(["a"] * 5000), "x" + ".a" * 5000, "a = a | a\nfor x in a: pass"],
)
def test_deep_sources_raise_nothing(source: str) -> None:
    assert isinstance(python(source), list)


@given(st.text(max_size=60))
def test_any_text_gives_findings(source: str) -> None:
    assert isinstance(python(source), list)
    assert isinstance(lint_lua(source, "s.lua", durable=True, modules=("fs", "env")), list)


def test_the_whitelist_is_importable_here_and_has_no_clock_or_io() -> None:
    for module in STDLIB_WHITELIST:
        __import__(module)
        assert is_importable(module, ())
    for module in ("time", "random", "uuid", "os", "sys", "io", "asyncio", "threading", "socket", "importlib"):
        assert not is_importable(module, ())
        assert module in import_refusal(module, ())
    assert is_importable("pricing.rules", ["pricing"])
    assert not is_importable("pricing2", ["pricing"])
    assert {"open", "eval", "exec", "compile", "__import__", "hash", "id"} <= FORBIDDEN_BUILTINS.keys()


def lua(source: str, *modules: str, durable: bool = True) -> list[Finding]:
    return lint_lua(source, "s.lua", durable=durable, modules=modules)


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("io library", "local x = 1\nio.write('x')"),
        ("debug library", "\nprint(debug.traceback())"),
        ("load()", "\nlocal f = load('return 1')"),
        ("loadstring()", "\nloadstring 'x'"),
        ("dofile()", "\ndofile('x')"),
        ("collectgarbage()", "\ncollectgarbage()"),
        ("os.execute", "\nlocal ok = os.execute('ls')"),
        ("env.get", "\nlocal x: string = os.getenv('HOME') as string"),
        ("return from the main function", "local os = require('os')\nos.exit(1)"),
    ],
)
def test_removed_lua_globals_are_errors(text: str, source: str, durable: bool) -> None:  # noqa: FBT001
    found = lua(source, durable=durable)
    assert [(finding.code, finding.severity, finding.line) for finding in found] == [("removed", "error", 2)]
    assert text in found[0].message


@pytest.mark.parametrize(
    "source",
    [
        "local io = require('io'); io.write('x')",
        "local function load(x) end load(1)",
        "x.io.write(1); x:load(2); local t = {load = 1, debug = 2}",
        "local s = 'io.write()' -- debug.traceback()\n--[[ dofile('x') ]]",
        "function f(debug, load) debug.x = load(1) end",
        "local now = os.time() + os.clock(); if debug then end",
        "goto load ::load::",
    ],
)
def test_lua_names_of_the_script_are_its_own(source: str) -> None:
    assert lua(source, durable=False) == []


def test_modules_a_durable_run_lacks_are_refused_where_they_are_required() -> None:
    found = lua("local json = require('json')\nlocal fs = require('fs')\n", "json", "fs", "websocket")
    assert codes(found) == [("durable-module", 1, "error"), ("durable-module", 2, "error")]
    assert "'websocket'" in found[0].message
    assert "'fs'" in found[1].message
    assert "funcs.call" in found[1].message
    assert lua("local fs = require('fs')", "fs", durable=False) == []


@pytest.mark.parametrize(
    ("source", "only"),
    [
        ("local env = require('env')\nenv.set('a', 'b')", "env.get"),
        ("local e = require 'env'\ne.get_all()", "env.get"),
        ("\nevents.subscribe('a')", "events.send"),
        ("\nlocal r = registry.snapshot()", "registry.get"),
        ("\nqueue.message()", "queue.publish"),
    ],
)
def test_only_the_recorded_functions_of_a_module_are_allowed(source: str, only: str) -> None:
    found = lua(source, "env", "events", "registry", "queue")
    assert codes(found) == [("durable-call", 2, "error")]
    assert f"only {only} is" in found[0].message


def test_recorded_functions_and_free_names_pass() -> None:
    source = "local env = require('env')\nenv.get('a') events.send('a', 'b', 'c') local queue = {} queue.push(1)"
    assert lua(source, "env", "events") == []
    assert lua("local events = process.events() events:receive()", "events") == []


def test_seeding_is_a_warning_in_durable_runs() -> None:
    assert codes(lua("\nmath.randomseed(1)")) == [("randomseed", 2, "warning")]
    assert lua("math.randomseed(1)", durable=False) == []


def test_the_refusal_names_every_module() -> None:
    assert refuse_durable(["json", "logger", "sql"]) is None
    text = refuse_durable(["json", "fs", "http_client", "mystery"])
    assert text is not None
    for part in ("fs", "http_client", "mystery", "funcs.call"):
        assert part in text
    assert {"funcs", "process", "time", "workflow", "store", "env", "metrics"} <= DURABLE_LUA_MODULES
    assert DURABLE_LUA_MODULES.isdisjoint({"fs", "io", "exec", "eval_runner", "pg", "system", "security", "websocket"})


LUA_DETERMINISM = [
    ("busy-wait", "time.sleep", "local t = os.time() + 5|while os.time() < t do local x = 1 end"),
    ("busy-wait", "time.after", 'local clock = require("time")|repeat local x = 1 until clock.now() > 5'),
    ("clock", "measure in a function", "local x = 1|local began = os.clock()"),
    ("object-key", "a text or a number", "local t = {}|t[{}] = 1"),
    ("object-key", "a text or a number", "local t =|{[function() end] = 1}"),
    ("randomseed", "recorded seed", "local x = 1|math.randomseed(42)"),
    ("weak-table", "take entries out", "local x = 1|setmetatable({}, {__mode = 'k'})"),
    ("weak-table", "take entries out", "local x = 1|setmetatable({}, {['__mode'] = 'k'})"),
    ("weak-table", "never called", "local mt = {}|mt.__gc = function() end"),
    ("yield", "coroutine.spawn", "local x = 1|coroutine.yield(1)"),
]


@pytest.mark.parametrize(("code", "text", "source"), LUA_DETERMINISM)
def test_lua_that_a_replay_does_otherwise_is_a_warning_with_what_to_use(code: str, text: str, source: str) -> None:
    source = source.replace("|", "\n")
    found = lua(source)
    assert [(finding.code, finding.line, finding.severity) for finding in found] == [(code, 2, "warning")]
    assert text in found[0].message
    assert lua(source, durable=False) == []


@pytest.mark.parametrize(
    "source",
    [
        "while os.time() < 5 do time.sleep('1s') end",
        "while os.time() < 5 do if x then break end end",
        "while true do funcs.call('a:b') end",
        "repeat time.sleep(1) until os.time() > 5|local x = os.time()",
        "local co = coroutine.wrap(function() coroutine.yield(1) end)",
        "local os = fake()|local x = os.clock()",
        "local t = {[1] = {}, ['a'] = {}}|local m = {__index = t}|local text = [[ {} ]]",
        "local x = '__mode is weak'",
    ],
)
def test_lua_that_is_repeated_is_left_alone(source: str) -> None:
    assert lua(source.replace("|", "\n")) == []


def test_addresses_are_a_warning_everywhere() -> None:
    (found,) = lua("local x = string.format('%p', {})", durable=False)
    assert (found.code, found.severity) == ("address", "warning")


PYTHON_DETERMINISM = [
    ("busy-wait", "await time.sleep", "from actorflow.script import time|def f(t):|    while time.now() < t: pass"),
    ("cache", "workflow.step", "import functools|@functools.lru_cache(5)|def f(): return 1"),
    ("set-order", "sorted(…)", "x = {1, 2}|y = ','.join(x)"),
    ("set-order", "sorted(…)", "def f():|    x = {1}|    return x.pop()"),
    ("set-order", "sorted(…)", "def f():|    x = {1}|    return f'{x} {1}' "),
    ("set-order", "sorted(…)", "def f():|    x = {1}|    return dict.fromkeys(x)"),
    ("set-order", "sorted(…)", "def f():|    x = {1}|    return str(x)"),
]


@pytest.mark.parametrize(("code", "text", "source"), PYTHON_DETERMINISM)
def test_python_that_a_replay_does_otherwise_is_a_warning_with_what_to_use(code: str, text: str, source: str) -> None:
    source = source.replace("|", "\n")
    found = [finding for finding in python(source) if finding.code != "mutable-global"]
    assert [(finding.code, finding.severity) for finding in found] == [(code, "warning")]
    assert text in found[0].message
    assert [finding for finding in python(source, durable=False) if finding.code == code] == []


@pytest.mark.parametrize(
    ("code", "source"),
    [
        ("mutable-default", "def f(seen=[]): return seen"),
        ("mutable-default", "def f(*, seen=set()): return seen"),
        ("mutable-global", "class Order:\n    items = []"),
    ],
)
def test_what_processes_share_unseen_is_a_warning(code: str, source: str) -> None:
    for durable in (True, False):
        assert [(finding.code, finding.severity) for finding in python(source, durable=durable)] == [(code, "warning")]


@pytest.mark.parametrize(
    "source",
    [
        "from actorflow.script import time\nasync def f(t):\n    while time.now() < t: await time.sleep(1)",
        "def f(seen=(), more=None): return seen",
        "class Order:\n    LIMITS = {}\n    __slots__ = ['a']",
        "import functools\nclass A:\n    @functools.wraps\n    def f(self): pass",
        "def f(x): return ','.join(sorted({1, 2}))",
    ],
)
def test_python_that_is_repeated_is_left_alone(source: str) -> None:
    assert python(source) == []


def test_a_comment_silences_one_rule_on_one_line_with_a_reason() -> None:
    loop = "for x in {1, 2}: pass"
    assert python(f"{loop}  # actorflow: ignore[set-order] only counted") == []
    assert lua("local x = os.clock() -- actorflow: ignore[clock] a mark for the log") == []
    assert lua("t[{}] = os.clock() -- actorflow: ignore[clock, object-key]: never iterated, only logged") == []
    (elsewhere, unused) = python(f"{loop}\nx = 1  # actorflow: ignore[set-order] only counted")
    assert (elsewhere.code, elsewhere.line) == ("set-order", 1)
    assert (unused.code, unused.line, unused.severity) == ("ignore", 2, "warning")
    assert "silences nothing" in unused.message


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        ("# actorflow: ignore[set-order]", "gives no reason"),
        ("# actorflow: ignore because", "names no rule"),
        ("# actorflow: ignore[set-oder] because", "did you mean 'set-order'?"),
        ("# actorflow: ignore[nothing-such] because", "expected one of address"),
    ],
)
def test_a_comment_that_silences_nothing_says_so(comment: str, text: str) -> None:
    found = {finding.code: finding for finding in python(f"for x in {{1, 2}}: pass  {comment}")}
    assert found.keys() == {"set-order", "ignore"}
    assert text in found["ignore"].message


def test_what_a_script_may_not_do_cannot_be_silenced() -> None:
    found = python("import os  # actorflow: ignore[import] please, I need it")
    assert [(finding.code, finding.severity) for finding in found] == [("import", "error"), ("ignore", "warning")]
    silenced = "from datetime import datetime\nx = datetime.now()  # actorflow: ignore[recorded] for the log only"
    assert python(silenced) == []
