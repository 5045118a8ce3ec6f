"""The type eraser: every form of the dialect compiles afterwards, plain Lua and line numbers stay."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lupa import lua54

from actorflow.language.erase import erase_types

# «…» marks what is erased
FORMS = {
    "local": "local x«: number» = 1",
    "locals": "local a«: A», b, c«: m.C» = 1, 2, 3",
    "local without value": "local x«: T»\nx = 1",
    "attribute": "local x«: number» <const> = 1",
    "parameter": "function f(a«: A», b«: B?») end",
    "variadic": "function f(a, ...«: string») end",
    "variadic alone": "function f(...«: {T}») end",
    "method": "function M.x:as(a«: A»)«: B» return a end",
    "anonymous": "return function(a«: A»)«: B» return a end",
    "local function": "local function f(a«: A») end",
    "result": "function f()«: number» return 1 end",
    "results": "function f()«: A, B?, {C}» return 1 end",
    "no result": "function f()«: ()» end",
    "result tuple": "function f()«: (A, B)» return 1 end",
    "result in parentheses": "function f()«: (A | B)[], C» end",
    "result function": "function f()«: (a: A) -> B» end",
    "type parameters": "function f«<T: A<B<C>>, U>»(x«: T»)«: U» end",
    "alias": "«type X = number | string»",
    "generic alias": "«type M<K, V> = {[K]: V}»\nreturn 1",
    "alias after a statement": "f() «type X = A» g()",
    "alias in a block": "do «type X = fun(): A» f() end",
    "interface": "«interface I: A, B function f(self, a: A): B function g(...) end» x = 1",
    "interface over lines": "«interface I\n  function f(self): (A, B)\nend»\nx = 1",
    "as": "return x «as T»",
    "as in expressions": "return (x «as T»).y + f(z «as {T}», 1)",
    "as group": "return x «as (A | B)»",
    "as chain": "return f() «as A» «as B»",
    "as before comparison": "return x «as T» <= 1 and y «as T» >= 2",
    "as on the next line": "return x\n  «as T»",
    "as after a function": "local f = function() end «as F»",
    "as of as": "return as «as T»",
    "cast": "return x «:: T»",
    "cast tight": "return {1}«::{T}», ...«::T»",
    "postfix": "return x«!».y«!» + f()«!»",
    "union": "local x«: A | B & 'c' | 4 | nil | true | [[d]]»",
    "conditional": "«type C = A extends B ? D? : {E}»",
    "annotations": "local x«: string @min(1, (2)) @max(f{3})? @opt» = 1",
    "generic": "local x«: Map<string, List<List<int>>>»= y",
    "qualified generic": "local x«: m.Map<a.B>» = y",
    "empty record": "local x«: {}» = y",
    "array": "local x«: {T}», y«: T[]», z«: T[K]» = 1",
    "map": "local x«: {[string]: {number}}» = y",
    "record": "local x«: {a: A, end?: B @x(1), as ?: C,}» = y",
    "readonly": "local x«: readonly {T}» = y",
    "interface type": "local x«: interface {f: () -> ()}» = y",
    "function type": "local f«: (A, b: B, ...C) -> (D, E)» = y",
    "curried": "local f«: () -> (A) -> (B?) -> C | D» = y",
    "function in parentheses": "local f«: ((A) -> B)?» = y",
    "fun": "local f«: fun(a: A, ...: B): C» = y",
    "fun tuple": "local f«: fun(): (A, B)» = y",
    "fun alone": "local f«: fun()» = y",
    "typeof": "local x«: typeof(f({1}, as))» = y",
    "keyof": "local x«: keyof(T[])» = y",
    "asserts": "function f(v)«: asserts v is T» end",
    "asserts alone": "function f(v)«: asserts v» return v end",
    "several lines": "local x«: {\n  a: A, -- one\r\n  b: fun(\n\tc: C\n  ): D,\n}» = nil\nerror('here')\n",
}


def compiles(source: str) -> str | None:
    """Return the compiler's message, None when `source` compiles."""
    lua = lua54.LuaRuntime(encoding=None)
    result = lua.execute(b"return load(...)", source.encode())
    return result[1].decode() if isinstance(result, tuple) else None


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_replaced_by_spaces_and_the_rest_compiles(form: str) -> None:
    marked = FORMS[form]
    source = re.sub("[«»]", "", marked)
    erased = erase_types(source)
    assert erased == re.sub("«(.*?)»", lambda part: re.sub(r"[^\r\n]", " ", part[1]), marked, flags=re.DOTALL)
    assert compiles(erased) is None
    assert compiles(source) is not None, "the form needs no erasing: the test proves nothing"


PLAIN = [
    "goto done ::done::",
    "local a = b ::again:: c()",
    "local a = b ::\nagain\n:: c()",
    "local as, is, fun, type, readonly = 1, 2, 3, 4, 5; as = is",
    "f()\nas(1)\ng() as.x = 1\nas[1] = 2\nas, is = is, as",
    "f()\nas{a = 1}\nf()\nas'text'\nas = 1 as:f()",
    "if x then f() end as(1)",
    "function f(x) as(x) end local g = function() as{x} end",
    "return x.as, x:as(), {as = 1, type = 2}, as",
    "local t = type\nFoo = 5\nt = x.type\nfoo()",
    "local type\nfoo()",
    "print(type(x), type 'y', type{})",
    "local x <const>, y <close> = 1, nil",
    "local s = [==[ local x: T ]] :: T ]==] --[[ x as T\n]] y = 1 -- x! :: T",
    "local s = 'x as T \\' :: T' .. \"\\\n y: T\" .. '\\z   \n x!'",
    "local n = 0x1p-4 + 1e+5 + .5 + 3 .. 2 >> 1 << 2 // 3 ~ ~4 ~= 5",
    "function type(as, ...) return ... end function m.fun.is:as() end",
    "for type in pairs(is) do local function as() end end",
    "x = a < b and c > d; y = {a < b, c > (d)}",
    "interface = 1; local y = interface\nfoo()",
    "#!/usr/bin/lua 'it\nlocal x = 1",
    "",
    "\ufeffl\u00f6cal",
]


@pytest.mark.parametrize("source", PLAIN)
def test_plain_lua_stays_as_it_is(source: str) -> None:
    assert erase_types(source) == source


MALFORMED = [
    ("local a: A = 1\nlocal b: = 2\nlocal c: C = 3", 2),
    ("local a = 1\nfunction f(a: A, b: {x}) end\nfunction f(a: A, b: {x y}) end", 3),
    ("type X =\nreturn 1", 1),
    ("\nlocal x: fun(a: b\n", 2),
    ("return x as T<A", 1),
    ("local x: (A, B) = 1", 1),
    ("local x: {[K]: V, a: B} = 1", 1),
    ("local x: " + "(" * 100_000 + "A" + ")" * 100_000, 1),
    ("local x: " + "() -> " * 100_000 + "A", 1),
    ("if x != y then end", 1),
    ("local x: typeof(f(] ) = 1", 1),
]


@pytest.mark.parametrize(("source", "line"), MALFORMED)
def test_a_malformed_annotation_is_reported_by_lua_at_its_line(source: str, line: int) -> None:
    message = compiles(erase_types(source))
    assert message is not None
    assert f"]:{line}:" in message


def test_what_follows_a_malformed_annotation_stays() -> None:
    assert erase_types("local a: A\nlocal b: =\nlocal c: C").endswith("local b: =\nlocal c: C")


@pytest.mark.parametrize("source", ["local s = 'x\nlocal x: T", "--[[ \nlocal x: T", "local s = [==[\nlocal x: T ]=]"])
def test_an_open_string_or_comment_ends_the_erasing(source: str) -> None:
    assert erase_types("local y: T\n" + source) == "local y   \n" + source


PLAIN_NAMES = st.sampled_from(["a", "b", "as", "is", "fun", "type", "interface", "keyof", "extends", "readonly"])
NAMES = PLAIN_NAMES | st.just("x.as")
ATOMS = st.one_of(
    NAMES,
    st.sampled_from(
        ["1", "0x1F", "1.5e-3", "nil", "true", "...", "'s: T'", '"as T"', "[[x :: T]]", "[=[ x! ]] ]=]", "{}"]
    ),
)


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(
        ["+", "-", "..", "<", ">", "<=", ">=", "==", "~=", "<<", ">>", "|", "&", "and", "or", "//"]
    )
    return st.one_of(
        st.tuples(inner, operators, inner).map(" ".join),
        st.tuples(st.sampled_from(["not", "#", "-", "~"]), inner).map(" ".join),
        st.tuples(NAMES, st.lists(inner, max_size=3).map(", ".join)).map("{0[0]}({0[1]})".format),
        st.tuples(NAMES, PLAIN_NAMES, inner).map("{0[0]}:{0[1]}({0[2]})".format),
        st.lists(inner, max_size=3).map(lambda items: "{as = 1, " + ", ".join(items) + "}"),
        inner.map("({})".format),
        inner.map("function(a, as, ...) return {} end".format),
    )


EXPRESSIONS = st.recursive(ATOMS, _compound, max_leaves=8)


def _blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    body = st.lists(inner, max_size=3).map("\n".join)
    return st.one_of(
        body.map("do {} end".format),
        st.tuples(EXPRESSIONS, body, body).map("if {0[0]} then {0[1]} else {0[2]} end".format),
        st.tuples(EXPRESSIONS, body).map("while {0[0]} do {0[1]} end".format),
        st.tuples(body, EXPRESSIONS).map("repeat {0[0]} until {0[1]}".format),
        body.map("for type, as in pairs(is) do {} end".format),
        body.map("function x.type.fun:is(as, ...) {} end".format),
        body.map("local function interface() {} end".format),
    )


SIMPLE = st.one_of(
    st.tuples(NAMES, EXPRESSIONS).map("{0[0]} = {0[1]}".format),
    EXPRESSIONS.map("local a <const>, type, as = {}".format),
    EXPRESSIONS.map("as({})".format),
    EXPRESSIONS.map("type({}) -- x: T".format),
    st.just("local as, is"),
    st.just("do ::fun:: end"),
    st.just("--[[ x as T ]]"),
)
STATEMENTS = st.recursive(SIMPLE, _blocks, max_leaves=6)


@settings(max_examples=150, deadline=None)
@given(st.lists(STATEMENTS, max_size=6))
def test_generated_plain_lua_stays_as_it_is(statements: list[str]) -> None:
    source = "\n".join(statements)
    assert erase_types(source) == source


PIECES = st.sampled_from(
    [
        *[
            "local",
            "function",
            "type",
            "interface",
            "end",
            "as",
            "::",
            ":",
            "!",
            "?",
            "?:",
            "(",
            ")",
            "{",
            "}",
            "[",
            "]",
            "<",
            ">",
            ">>",
            "->",
            "|",
            "&",
            ",",
            "=",
            "x",
            "Foo",
            "fun",
            "readonly",
            "keyof",
        ],
        *[
            "typeof",
            "asserts",
            "is",
            "extends",
            "...",
            "@v",
            "@v(",
            "'a'",
            '"',
            "[[",
            "]]",
            "--[[",
            "--[==[",
            "\\z",
            "1",
            "0x",
        ],
        *"\n\r",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES).map(" ".join), st.lists(PIECES).map("".join)))
def test_any_text_keeps_its_length_and_line_ends(source: str) -> None:
    erased = erase_types(source)
    assert len(erased) == len(source)
    assert [c for c in erased if c in "\r\n"] == [c for c in source if c in "\r\n"]
    assert all(after in (before, " ") for before, after in zip(source, erased, strict=True))


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "[=",
        "--[=",
        "'",
        "'\\z ",
        "(",
        "::a",
        "=",
        "x as a<",
        "x as T ",
        "x as A @v(",
        "local x: {",
        "local x: fun(): (",
    ],
)
def test_time_is_linear(piece: str) -> None:
    def seconds(count: int) -> float:
        """Return the time computed: what the machine does meanwhile is not in it."""
        started = time.process_time()
        erase_types(piece * count)
        return time.process_time() - started

    few = max(min(seconds(500) for _ in range(3)), 0.001)
    assert any(seconds(10_000) < 200 * few for _ in range(3)), (
        "what takes the square of the time takes 400 times as long"
    )
