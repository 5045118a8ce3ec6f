"""Operations for Python functions: the same ones that processes have, asked for from trio, a thread or asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import trio

from actorflow.errors import failure_of
from actorflow.node.operation import Caller
from actorflow.ports import CallRequest, Identity, Outcome
from actorflow.value import Limits, copy_value

if TYPE_CHECKING:
    from actorflow.node.node import Node

Perform: TypeAlias = Callable[[str, tuple[Any, ...]], Awaitable[Any]]


def caller_of(request: CallRequest, node: Node) -> Caller:
    """Return who a Python function is for operations: it has no PID, and inherits from who called it."""
    return Caller(Identity("", request.target, "", request.context, parent=request.caller), node.notices)


async def from_trio(node: Node, caller: Caller, name: str, args: tuple[Any, ...]) -> Any:
    """Do an operation for a function that runs on trio."""
    done = trio.Event()
    outcomes: list[Outcome] = []

    def reply(outcome: Outcome) -> None:
        outcomes.append(outcome)
        done.set()

    give_up = _begin(node, caller, name, args, reply)
    try:
        await done.wait()
    finally:
        if not outcomes:
            give_up()
    return outcomes[0].unwrap()


async def from_thread(node: Node, caller: Caller, name: str, args: tuple[Any, ...]) -> Any:
    """Do an operation for a function in a worker thread: it blocks, so whoever drives this gets its end at once."""
    return trio.from_thread.run(from_trio, node, caller, name, args)


def from_asyncio(node: Node, token: trio.lowlevel.TrioToken, caller: Caller) -> Perform:
    """Return what does operations for a function that runs on the asyncio thread; `token` is that of the node."""

    async def perform(name: str, args: tuple[Any, ...]) -> Any:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Outcome] = loop.create_future()
        given_up: list[Callable[[], None]] = []

        def reply(outcome: Outcome) -> None:
            loop.call_soon_threadsafe(_resolve, answer, outcome)

        token.run_sync_soon(lambda: given_up.append(_begin(node, caller, name, args, reply)))
        try:
            return (await answer).unwrap()
        except asyncio.CancelledError:
            token.run_sync_soon(_give_up, given_up)
            raise

    return perform


def performer(way: str, node: Node, caller: Caller) -> Perform:
    """Return what does operations for a function that runs in this way."""
    if way == "asyncio":
        return from_asyncio(node, trio.lowlevel.current_trio_token(), caller)
    return partial(from_thread if way == "thread" else from_trio, node, caller)


def beater(way: str, beat: Callable[[Any], None], limits: Limits) -> Callable[[Any], None]:
    """Return what takes the heartbeats of a function that runs in this way, from any thread of its."""
    if way == "trio":
        return lambda details: beat(copy_value(details, limits))
    token = trio.lowlevel.current_trio_token()

    def soon(details: Any) -> None:
        with suppress(trio.RunFinishedError):  # the node is gone: nobody listens
            token.run_sync_soon(beat, copy_value(details, limits))

    return soon


def _begin(
    node: Node, caller: Caller, name: str, args: tuple[Any, ...], reply: Callable[[Outcome], None]
) -> Callable[[], None]:
    try:
        copied = tuple(copy_value(value, node.limits, node.notices) for value in args)
    except Exception as error:  # noqa: BLE001 - the answer
        reply(Outcome(failure=failure_of(error)))
        return _nothing
    return node.operations.perform(name, caller, copied, reply)


def _give_up(begun: list[Callable[[], None]]) -> None:
    begun[0]()


def _resolve(answer: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not answer.done():
        answer.set_result(outcome)


def _nothing() -> None:
    """Give up what has already been answered."""
