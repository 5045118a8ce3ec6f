"""Types that a script uses as values: which declarations stay, and as what."""

from __future__ import annotations

import time

import pytest
from lupa import lua54

from actorflow.language.erase import erase_types


def compiled(source: str) -> str:
    """Return what is left of `source`, which must compile."""
    left = erase_types(source)
    lua = lua54.LuaRuntime()
    answer = lua.eval("function(text) return load(text, 'x', 't') end")(left)
    assert not isinstance(answer, tuple), answer
    assert left.count("\n") == source.count("\n")
    return left


def test_a_type_that_no_code_uses_is_erased() -> None:
    assert compiled("type A = string\nlocal x: A = 1").strip() == "local x    = 1"


def test_a_type_that_code_uses_becomes_a_local() -> None:
    assert compiled("type A = string\nreturn A") == 'local A;A=__type("A","string");\nreturn A'


def test_what_a_used_type_refers_to_stays_too() -> None:
    left = compiled("type A = {b: B}\ntype B = C?\ntype C = number\ntype D = A\nreturn {A = A}")
    assert '__type("C"' in left
    assert '__type("D"' not in left


def test_a_member_or_field_of_the_same_name_is_no_use() -> None:
    assert "__type" not in compiled("type A = string\nreturn x.A, x:A()")


def test_later_types_of_the_same_block_are_declared_with_the_first_that_needs_them() -> None:
    left = compiled("type A = {b: B?}\ndo type B = {c: C} x = B end\ntype B = {a: A}\nreturn A, B")
    lines = left.split("\n")
    assert lines[0].startswith("local A,B;A=")
    assert lines[1].startswith("do local B;B=")
    assert lines[2].startswith("B=")


def test_lines_stay_where_they_are() -> None:
    left = compiled("local before = 1\ntype A = {\n  a: string,\n\n  b: 'x' |\n     'y',\n}\nreturn A(after)")
    assert left.split("\n")[7] == "return A(after)"


@pytest.mark.parametrize(
    ("written", "described"),
    [
        ("nil | true | 'x' | -1", None),
        ("nil | true | 'x' | 1.5", '{"|","nil",{"=",true},{"=",\'x\'},{"=",1.5}}'),
        ("A1 & {} | string", '{"|",{"&",{"@","A1",function() return A1 end},{"{"}},"string"}'),
        ("{string}?", '{"?",{"[","string"}}'),
        ("integer[][]", '{"[",{"[","integer"}}'),
        ("readonly {x: any, end?: never}", '{"{",{"x","any"},{"end","never",true}}'),
        ("{[string]: {n: number}}", '{"m","string",{"{",{"n","number"}}}'),
        ("() -> ()", '{"f",{},{}}'),
        ("(a: string, number, ...any) -> (string, nil)", '{"f",{"string","number"},{"string","nil"}}'),
        ("(() -> string) | number", '{"|",{"f",{},{"string"}},"number"}'),
        ("fun(x: string): boolean", '{"f",{"string"},{"boolean"}}'),
        ("m.n<string>", '{"<",{"@","m.n",function() return m and m.n end},"string"}'),
        ("m.n.T", '{"@","m.n.T",function() return m and m.n and m.n.T end}'),
        ("B<B<nil>>", '{"<",{"@","B",function() return B end},{"<",{"@","B",function() return B end},"nil"}}'),
        ('string @min_len(1) @pattern("^a") @own @odd(f(x))?',
         '{"?",{"v","string",{"min_len",1},{"pattern","^a"},{"own"},{"odd"}}}'),
        ("keyof({a: string})", '{"k",{"{",{"a","string"}}}'),
        ("typeof(a.b)", '{"t",function() return a and a.b end}'),
        ("typeof(f(x))", '"any"'),
        ("A extends string ? number : nil", '"any"'),
        ("T['x']", '"any"'),
    ],
)  # fmt: skip
def test_how_a_type_is_described(written: str, described: str | None) -> None:
    if described is None:
        assert "type X" in erase_types(f"type X = {written}\nreturn X")
    else:
        assert compiled(f"type X = {written}\nreturn X") == f'local X;X=__type("X",{described});\nreturn X'


def test_parameters_of_a_generic_type_are_named() -> None:
    left = compiled("type Pair<K, V: string> = {k: K, v: V}\nreturn Pair")
    assert '{"k",{"$","K"}},{"v",{"$","V"}}},{"K","V"})' in left


def test_typeof_a_local_is_its_declared_type() -> None:
    left = compiled("local x: {a: string}, y = {}, 2\ntype X = typeof(x)\ntype Y = typeof(y)\nreturn X, Y")
    assert 'X=__type("X",{"{",{"a","string"}});' in left
    assert "function() return y end" in left


def test_many_types_take_time_in_proportion() -> None:
    def seconds(count: int) -> float:
        source = "".join(f"type T{n} = {{a: T{n + 1}, b: typeof(x{n})}}\nlocal x{n}: T{n} = 1\n" for n in range(count))
        began = time.perf_counter()
        erase_types(source + "return T0")
        return time.perf_counter() - began

    seconds(100)
    assert seconds(2000) < 5
