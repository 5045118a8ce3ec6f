"""Every pure operation, with whatever a script may hand to it: a value that can cross, or an error that says why not."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import actorflow.module
from actorflow.codec import encode
from actorflow.errors import Error, Failure
from actorflow.module.table import call
from actorflow.value import Limits

ALL: dict[str, Callable[..., Any]] = {}
for found in pkgutil.iter_modules(actorflow.module.__path__):
    ALL |= getattr(import_module(f"actorflow.module.{found.name}"), "PURE", {})
OURS = re.compile(
    r"(TypeError|ValueError|AttributeError|KeyError|IndexError|RecursionError|OverflowError|0x[0-9a-f]{8})"
)
WORDS = st.sampled_from(
    [
        "recursive",
        "markdown",
        "aes",
        "HS256",
        "json",
        "(a",
        "a+",
        "$1",
        "{}",
        "[]",
        '{"type": "object"}',
        "a: [1",
        "k" * 32,
    ]
)
SCALARS = (
    *(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=20)),
    *(st.binary(max_size=40), WORDS, st.integers(-2, 40), st.builds(Failure, st.text(max_size=5))),
)
KEYS = (
    st.text(max_size=5)
    | st.integers(-3, 3)
    | st.sampled_from(
        [
            "chunk_size",
            "separators",
            "level",
            "max_size",
            "_header",
            "exp",
            "content",
            "metadata",
            "operation",
            "text",
            "indent",
        ]
    )
)
VALUES = st.recursive(
    st.one_of(*SCALARS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
UNASKED = {
    *("splitter.split", "splitter.split_batch", "crypto.picked", "uuid.v1", "uuid.v4", "uuid.v7"),
    *("regexp.num_subexp", "regexp.subexp_names", "regexp.subexp_index"),
    *("workflow.step_call", "workflow.step_misspelt", "workflow.step_wait"),
}
"""Operations whose arguments a script does not choose: the prelude hands over what another operation has checked."""


def arity(function: Callable[..., Any]) -> int:
    bound = function.args if isinstance(function, partial) else ()
    plain = function.func if isinstance(function, partial) else function
    return len(inspect.signature(plain).parameters) - len(bound)


def outcome(name: str, args: list[Any]) -> Any:
    try:
        return call(name, args)
    except Error as error:
        return error


@pytest.mark.parametrize("name", sorted(set(ALL) - UNASKED))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_any_arguments_give_a_value_or_an_error_that_helps(name: str, data: st.DataObject) -> None:
    args = data.draw(st.lists(VALUES, min_size=arity(ALL[name]), max_size=arity(ALL[name])))
    if name == "crypto.pbkdf2" and isinstance(args[2], int | float):
        args[2] = min(args[2], 1000)
    answer = outcome(name, args)
    if isinstance(answer, Error):
        assert answer.retryable is False
        assert not OURS.search(answer.message), answer.message
    else:
        encode(answer, Limits(depth=200, size=32 << 20))
