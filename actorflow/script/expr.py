"""Expressions in the language of expr-lang (https://expr-lang.org): pure, the same on every host.

    expr.eval("price * quantity", {"price": 10, "quantity": 5})    # 50
    rule = expr.compile('user.age >= 18 && "admin" in user.roles')
    rule.run({"user": {"age": 30, "roles": ["admin"]}})            # True

Nothing but the environment is read, and the work of an evaluation is bounded, so those that a user typed are safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actorflow.module import expr
from actorflow.script.argument import mapping
from actorflow.script.record import plain


def eval(text: str, env: Mapping[str, Any] | None = None) -> Any:  # noqa: A001 - the name scripts know
    """Return the value of an expression over the names of `env`; dataclasses in it become maps.

    Raises:
        Error: kind Invalid, with line and column, for what is no expression or reads a name that `env` does not have;
            Internal when it has no value, such as a text plus a number.
    """
    return expr.evaluate_strictly(text, plain(mapping("expr", "env", env)))[0]


def compile(text: str, env: Mapping[str, Any] | None = None) -> Program:  # noqa: A001 - the name scripts know
    """Return an expression to be run often; with `env`, it may read no other names than those in it.

    Raises:
        Error: kind Invalid, with line and column.
    """
    return Program(expr.check(text, env))


class Program:
    """An expression that has been checked; `text` is how it was written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        """Take an expression; raises `Error` Invalid for what is none."""
        self.text = expr.check(text)

    def run(self, env: Mapping[str, Any] | None = None) -> Any:
        """Return the value; a name that `env` does not have is None.

        Raises:
            Error: kind Internal, with line and column, when it has none.
        """
        return expr.evaluate(self.text, plain(mapping("expr", "env", env)))
