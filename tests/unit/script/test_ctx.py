"""Context values in processes and in functions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from actorflow.errors import INVALID, NOT_FOUND, Error
from actorflow.script import channel, ctx
from actorflow.script.ctx import CALL, CallContext
from tests.unit.script.bench import Bench


@contextmanager
def called(context: CallContext) -> Iterator[None]:
    token = CALL.set(context)
    try:
        yield
    finally:
        CALL.reset(token)


def test_a_process_reads_what_it_inherited() -> None:
    bench = Bench(
        """
        async def main():
            values = ctx.all()
            values["tenant"] = "changed"
            seen = [ctx.get("tenant"), ctx.cancelled()]
            for key in ("tenat", "", "invocation_id"):
                try:
                    ctx.get(key)
                except Error as error:
                    seen.append([error.kind, error.message])
            try:
                ctx.invocation_id
            except Error as error:
                seen.append(error.kind)
            return seen
    """,
        identity={"context": {"tenant": "acme"}},
    )
    tenant, cancelled, typo, empty, missing, attribute = bench.value
    assert (tenant, cancelled, attribute) == ("acme", False, NOT_FOUND)
    assert typo[0] == NOT_FOUND
    assert "did you mean 'tenant'?" in typo[1]
    assert empty[0] == INVALID
    assert missing[0] == NOT_FOUND


def test_a_function_knows_its_call() -> None:
    with called(CallContext("call-7", 2, {"tenant": "acme"}, cancelled=lambda: True)):
        assert (ctx.invocation_id, ctx.attempt, ctx.cancelled()) == ("call-7", 2, True)
        assert (ctx.get("invocation_id"), ctx.get("attempt"), ctx.get("tenant")) == ("call-7", 2, "acme")
        assert ctx.all() == {"tenant": "acme"}
    with called(CallContext("call-8", values={"attempt": "mine"})):
        assert ctx.get("attempt") == "mine"
        assert not ctx.cancelled()


def test_nowhere_there_is_no_context() -> None:
    assert not ctx.cancelled()
    with pytest.raises(Error, match="no process runs here"):
        ctx.all()
    with pytest.raises(AttributeError):
        ctx.nothing  # noqa: B018
    with pytest.raises(Error, match="move the call into `main`"):
        channel.new()
