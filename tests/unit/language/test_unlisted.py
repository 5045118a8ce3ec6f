"""Modules that a script uses and has not: said by `actorflow check` with file and line, and with what to add."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorflow.app import read_registry
from actorflow.bundle import Bundle
from actorflow.cli.check import _unimported, _unlisted
from actorflow.errors import Error
from actorflow.language.lua import LuaLanguage
from actorflow.language.python import PythonLanguage
from actorflow.language.unlisted import unimported_python, unlisted_lua

ROOT = Path(__file__).parents[3]


def bundle(source: str, *modules: str, name: str = "it", **imports: Bundle) -> Bundle:
    return Bundle(f"app:{name}", "process.lua", source, f"{name}.lua", modules=modules, imports=imports)


def lua(*bundles: Bundle) -> list[str]:
    return [str(finding) for _, finding in unlisted_lua(bundles, LuaLanguage.modules)]


def python(source: str) -> list[str]:
    return [str(finding) for finding in unimported_python(source, "it.py", PythonLanguage.modules)]


@pytest.mark.parametrize(
    ("source", "place", "name"),
    [
        ("local function main()\n  workflow.step('a', 'b')\nend", "2:3", "workflow"),
        ("\nlocal json = require('json')\njson.encode(1)", "2:14", "json"),
        ("return require 'uuid'.v4()", "1:8", "uuid"),
        ("local t = {json = json.encode({})}", "1:19", "json"),
        ("process.send('a', 'b', time.now())", "1:24", "time"),
        ("local x = funcs:call('a')", "1:11", "funcs"),
    ],
)
def test_a_lua_module_that_is_not_listed_is_named_with_its_place(source: str, place: str, name: str) -> None:
    said = (
        f"it.lua:{place}: warning: module {name!r} is used, and app:it does not list it: add it to `modules:` [module]"
    )
    assert lua(bundle(source)) == [said]
    assert lua(bundle(source, name)) == []


@pytest.mark.parametrize(
    "source",
    [
        "channel.new(1) errors.new('x') process.pid() string.format('x') math.abs(1) os.time() coroutine.spawn(f)",
        "local json = {} json.encode(1)",
        "function f(json) return json.encode(1) end",
        "json = {encode = f} json.encode(1)",
        "local x = a.json.encode(1) + b.workflow:step()",
        "local t = {json = 1} -- json.encode()\nlocal s = 'json.encode()'",
        "if workflow then workflow.step('a') end",
        "local ok = workflow and workflow.info()",
        "local ok, json = pcall(require, 'json')",
        "local ok, json = pcall(function() return require('json') end)",
        "assert.throws(function() return require('yaml') end)",
        "json.encode(1) -- actorflow: ignore[module] the library that is loaded first defines it",
    ],
)
def test_what_a_lua_script_has_or_asks_for_first_is_its_own(source: str) -> None:
    assert lua(bundle(source)) == []


def test_modules_of_lua_are_one_set_for_an_entry_and_its_libraries() -> None:
    library = bundle("return {f = function() return json.encode(1), yaml.encode(1) end}", "yaml", name="lib")
    said = lua(bundle("return lib.f()", lib=library))
    assert said == [
        "lib.lua:1:31: warning: module 'json' is used, and neither app:lib nor app:it lists it: add it to `modules:` [module]"
    ]
    assert lua(bundle("return yaml.encode(lib.f())", "json", lib=library)) == []
    assert lua(bundle("return json.encode(1)", json=library)) == said, "an import of that name is no module"


def test_entries_of_one_source_may_use_what_any_of_them_lists() -> None:
    source = "return {a = function() return json.encode(1) end, b = function() return uuid.v4() end}"
    assert lua(bundle(source, "json"), bundle(source, "uuid")) == []
    assert len(lua(bundle(source, "json"), bundle(source))) == 1


def test_a_python_module_that_is_not_imported_is_named_with_its_place() -> None:
    source = "from actorflow.script import process\n\n\nasync def main():\n    return json.encode(workflow.info())\n"
    assert python(source) == [
        "it.py:5:12: warning: 'json' is used and not imported: add `from actorflow.script import json` [module]",
        "it.py:5:24: warning: 'workflow' is used and not imported: add `from actorflow.script import workflow` [module]",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "from actorflow.script import json\njson.encode(1)",
        "import json\njson.dumps(1)",
        "from actorflow.script import json as queue\nqueue.encode(1)",
        "def f(queue, store):\n    return queue.get() + store.x",
        "from helper import *\njson.encode(1)",
        "try:\n    pass\nexcept Error as errors:\n    errors.x()",
        "match x:\n    case {'a': store, **events}:\n        store.x(events.y)",
        "hash.x",
        "with f() as sql:\n    sql.query()",
        "(",
    ],
)
def test_what_a_python_script_defines_is_its_own(source: str) -> None:
    assert python(source) == []


@pytest.mark.slow
@pytest.mark.parametrize("tree", ["config", "tests/apps", "tests/conformance/python/tree", "tests/crash/registry"])
def test_trees_that_work_have_no_such_finding(tree: str) -> None:
    registry = read_registry(ROOT / tree)
    found = [str(finding) for _, finding in _unlisted(registry)]
    for entry in registry:
        if not entry.broken and getattr(entry.config, "source", None):
            try:
                found += map(str, _unimported(entry, registry.bundle(entry.id)))
            except Error:  # an imported library is broken
                continue
    assert found == []
