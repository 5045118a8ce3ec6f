"""Modules that compute: the same answers on both hosts and in both languages; what they draw is recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.hosts.place import FLOWS, Place, same, waiting_for
from tests.conformance.process.rig import until

MODULES = ["base64", "compress", "crypto", "funcs", "hash", "json", "text", "uuid", "yaml"]
LUA = r"""
local function refusal(f, ...)
  local value, err = f(...)
  return {value == nil or value == false, err:kind(), tostring(err)}
end

local function main()
  local key = string.rep("k", 32)
  local re = text.regexp.compile("(?P<user>\\w+)@(\\w+)")
  local differ = text.diff.new()
  return {
    base64.encode("a\0b"), base64.decode("YWJj"),
    hash.sha256("abc"), hash.hmac_sha512("d", "k"), hash.fnv32("x"), hash.fnv64("x"),
    crypto.hmac.sha256("k", "d"), base64.encode(crypto.pbkdf2("p", "s", 10, 32)),
    crypto.decrypt.aes(crypto.encrypt.aes("secret", key, "aad"), key, "aad"),
    crypto.jwt.encode({sub = "ada", n = 1}, "key"),
    crypto.jwt.verify(crypto.jwt.encode({sub = "ada", exp = 4000000000}, "key"), "key").sub,
    yaml.encode({b = {1, 2}, a = "yes"}), yaml.decode("a: [1, {b: 0o17}]"),
    re:find_string_submatch("to ada@home"), re:replace_all_string("ada@home", "$2:${user}"), re:split("x ada@home y", -1),
    differ:compare("one two", "one three"), text.splitter.recursive({chunk_size = 8}):split_text("one two three four"),
    compress.gzip.decode(compress.gzip.encode("hello")), base64.encode(compress.zlib.encode("hello")),
    uuid.v5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "x"), uuid.parse("018bcfe5-687b-749f-aab5-c0cbd6e1ecf7"),
    json.validate({type = "object", required = {"a"}}, {a = 1}),
    refusal(base64.decode, "%"), refusal(yaml.decode, "[1"), refusal(text.regexp.compile, "(a"),
    refusal(crypto.jwt.verify, "x", "key"), refusal(crypto.random.bytes, 0), refusal(uuid.parse, "no"),
    refusal(json.validate, {type = "string"}, 5), refusal(compress.gzip.decode, "no"),
  }
end
"""
PYTHON = r"""
from actorflow.script import Error, base64, compress, crypto, hash, json, text, uuid, yaml


def refusal(f, *args):
    try:
        f(*args)
    except Error as error:
        return [True, error.kind, error.message]


async def main():
    key = "k" * 32
    re = text.compile("(?P<user>\\w+)@(\\w+)")
    differ = text.Differ()
    return [
        base64.encode(b"a\0b"), base64.decode("YWJj").decode(),
        hash.sha256("abc"), hash.hmac_sha512("d", "k"), hash.fnv32("x"), hash.fnv64("x"),
        crypto.hmac.sha256("k", "d"), base64.encode(crypto.pbkdf2("p", "s", 10, 32)),
        crypto.decrypt.aes(crypto.encrypt.aes("secret", key, "aad"), key, "aad").decode(),
        crypto.jwt.encode({"n": 1, "sub": "ada"}, "key"),
        crypto.jwt.verify(crypto.jwt.encode({"sub": "ada", "exp": 4000000000}, "key"), "key")["sub"],
        yaml.encode({"b": [1, 2], "a": "yes"}), yaml.decode("a: [1, {b: 0o17}]"),
        re.find_submatch("to ada@home"), re.replace("ada@home", "$2:${user}"), re.split("x ada@home y"),
        differ.compare("one two", "one three"), text.Splitter(chunk_size=8).split("one two three four"),
        compress.gzip.decode(compress.gzip.encode("hello")).decode(), base64.encode(compress.zlib.encode("hello")),
        uuid.v5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "x"), uuid.parse("018bcfe5-687b-749f-aab5-c0cbd6e1ecf7"),
        json.validate({"type": "object", "required": ["a"]}, {"a": 1}) is None,
        refusal(base64.decode, "%"), refusal(yaml.decode, "[1"), refusal(text.compile, "(a"),
        refusal(crypto.jwt.verify, "x", "key"), refusal(crypto.random.bytes, 0), refusal(uuid.parse, "no"),
        refusal(json.validate, {"type": "string"}, 5), refusal(compress.gzip.decode, "no"),
    ]
"""
DRAWING_LUA = """
local function drawn()
  return {crypto.random.string(20), crypto.random.uuid(), uuid.v1(), uuid.v7(), hash.sha256(crypto.random.bytes(40)),
    hash.sha256(crypto.encrypt.chacha20("x", string.rep("k", 32)))}
end

local function main(path)
  local before = drawn()
  funcs.call("app:keep", path, before)
  process.inbox():receive()
  return {before, drawn()}
end
"""
DRAWING_PYTHON = """
from actorflow.script import crypto, funcs, hash, process, uuid

def drawn():
    sealed = crypto.encrypt.chacha20("x", "k" * 32)
    return [crypto.random.string(20), crypto.random.uuid(), uuid.v1(), uuid.v7(),
            hash.sha256(crypto.random.bytes(40)), hash.sha256(sealed)]

async def main(path):
    before = drawn()
    await funcs.call("app:keep", path, before)
    await process.inbox().receive()
    return [before, drawn()]
"""
KEEPING = """
import json

def main(path, values):
    with open(path, "a") as file:
        file.write(json.dumps(values) + chr(10))
"""
FUNCTION = """
from actorflow.script import crypto, uuid

def main():
    token = crypto.jwt.encode({"exp": 1}, "key")
    try:
        crypto.jwt.verify(token, "key")
    except Exception as error:
        return [len(crypto.random.bytes(9)), uuid.version(uuid.v7()), uuid.version(crypto.random.uuid()), str(error)]
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def add_lua(place: Place, name: str, source: str) -> str:
    entry = place.lua(name, source)
    place.entries[name]["modules"] = MODULES
    return entry


async def test_modules_answer_the_same_everywhere(place: Place) -> None:
    answers = await same(place, (add_lua(place, "computing", LUA), place.python("computing_py", PYTHON)))
    assert len(answers) == 31
    assert answers[8] == "secret"
    assert answers[22] is True


@pytest.mark.parametrize("language", ["lua", "python"])
async def test_what_modules_draw_is_drawn_again_by_a_replay(place: Place, language: str) -> None:
    entry = add_lua(place, "draw", DRAWING_LUA) if language == "lua" else place.python("draw", DRAWING_PYTHON)
    place.python("keep", KEEPING, "function")
    kept = place.path / "kept"
    async with place.node() as node:
        pid = await node.spawn(entry, host=FLOWS, args=[str(kept)])
        await until(kept.exists)
        await waiting_for(node, pid)
    async with place.node() as node:
        await node.send(pid, "go")
        before, after = await node.wait(pid, timeout=20)
    assert [json.loads(line) for line in kept.read_text().splitlines()] == [before]
    assert len({*before, *after}) == len(before) + len(after)


async def test_functions_have_the_modules_too(place: Place) -> None:
    for way in ("thread", "process"):
        place.python(way, FUNCTION, "function", run=way)
    async with place.node() as node:
        for way in ("thread", "process"):
            size, stamped, random, refused = await node.call(f"app:{way}", timeout=20)
            assert (size, stamped, random) == (9, 7, 4)
            assert "it has expired" in refused
