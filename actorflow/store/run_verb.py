"""The verbs of the control socket that are answered from the stores: the same answers with and without a node."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import trio

from actorflow.errors import TIMEOUT, Error
from actorflow.node import control_args as args_of
from actorflow.node.control import Verb
from actorflow.run.state import TERMINAL
from actorflow.store import approval, called, looking, token, view
from actorflow.store.attribute import attribute_text
from actorflow.store.port import RunFilter
from actorflow.store.reaching import Watched, reached, unwatched
from actorflow.store.stores import Stores
from actorflow.store.why import MESSAGE, Told
from actorflow.value import Value

MOST_RUNS: Final = 20_000
_DEFAULT_RUNS: Final = 100
_DEFAULT_EVENTS: Final = 1000
_FILTERS: Final = ("host", "state", "entry", "prefix", "queue")


Look: TypeAlias = Callable[[str], Awaitable[Told]]
"""Says what is known of a run beside its store; see `why.Told`."""


async def unseen(_reference: str) -> Told:
    """Know nothing beside the store."""
    return Told()


def run_verbs(stores: Stores, *, served: bool, look: Look = unseen, watched: Watched = unwatched) -> dict[str, Verb]:
    """Return the verbs over `stores` by name.

    `served` says whether a node runs on them, `look` what is known beside them, `watched` what
    tells of runs that have moved.
    """

    async def runs(args: Mapping[str, Value]) -> Value:
        wanted = tuple((str(name), attribute_text(value)) for name, value in args_of.table(args, "attributes").items())
        which = RunFilter(**{name: args_of.text(args, name, "") for name in _FILTERS}, attributes=wanted)
        limit = min(args_of.count(args, "limit", _DEFAULT_RUNS), MOST_RUNS)
        return await looking.runs(stores, which, limit, args_of.text(args, "view", ""))

    async def explained(reference: str) -> dict[str, Any]:
        told = await look(reference)
        answer: dict[str, Any] = await stores.about(
            reference, lambda reader: view.why(reader, reference, served=served, told=told)
        )
        return {**answer, "reasons": answer["reasons"] or [MESSAGE]}

    async def why(args: Mapping[str, Value]) -> Value:
        return await explained(args_of.text(args, "run"))

    async def show(args: Mapping[str, Value]) -> Value:
        reference, seen = args_of.text(args, "run"), args_of.text(args, "view", "")
        answer, words = await stores.about(reference, lambda reader: looking.show(reader, reference, seen))
        if answer["state"] not in TERMINAL and not answer["waits"]:
            answer["waits"] = (await explained(reference))["reasons"]
        return {**answer, **words}

    async def history(args: Mapping[str, Value]) -> Value:
        reference, after = args_of.text(args, "run"), args_of.count(args, "after", 0, least=0)
        limit = min(args_of.count(args, "limit", _DEFAULT_EVENTS), _DEFAULT_EVENTS)
        return await stores.about(reference, lambda reader: view.history(reader, reference, after, limit))

    async def backup(args: Mapping[str, Value]) -> Value:
        return await stores.back_up(Path(args_of.text(args, "target")))

    async def chain(args: Mapping[str, Value]) -> Value:
        reference, after = args_of.text(args, "run"), args_of.count(args, "after", 0, least=0)
        limit = min(args_of.count(args, "limit", _DEFAULT_EVENTS), _DEFAULT_EVENTS)
        return await stores.about(reference, lambda reader: view.chain(reader, reference, after, limit))

    async def wait(args: Mapping[str, Value]) -> Value:
        reference, until, seconds = args_of.text(args, "run"), args_of.text(args, "until"), args_of.seconds(args)
        with trio.move_on_after(seconds):
            return await reached(stores.about, reference, until, watched)
        raise Error(f"run {reference!r} was not {until} within {seconds:g} s", TIMEOUT, retryable=True)

    return {
        "run.tokens": _tokens(stores),
        "run.wait": wait,
        "approvals": _approvals(stores),
        "backup": backup,
        "run.chain": chain,
        "run.capsule": _capsule(stores),
        "runs": runs,
        "run.calls": _calls(stores),
        "run.why": why,
        "run.show": show,
        "run.history": history,
    }


def _calls(stores: Stores) -> Verb:
    async def calls(args: Mapping[str, Value]) -> Value:
        reference, limit = args_of.text(args, "run"), args_of.count(args, "limit", _DEFAULT_RUNS)
        return await stores.about(reference, lambda reader: called.calls(reader, reference, min(limit, MOST_RUNS)))

    return calls


def _tokens(stores: Stores) -> Verb:
    async def tokens(args: Mapping[str, Value]) -> Value:
        reference = args_of.text(args, "run")
        return await stores.about(reference, lambda reader: token.tokens(reader, reference))

    return tokens


def _capsule(stores: Stores) -> Verb:
    async def capsule(args: Mapping[str, Value]) -> Value:
        from actorflow.store.capsule import page_of  # noqa: PLC0415 - for who asks for one

        reference, after = args_of.text(args, "run"), args_of.count(args, "after", 0, least=0)
        page: dict[str, Any] = await stores.about(reference, lambda reader: page_of(reader, reference, after))
        return page if after else {**page, "limits": stores.limits_of(page["row"]["host"])}

    return capsule


def _approvals(stores: Stores) -> Verb:
    async def approvals(args: Mapping[str, Value]) -> Value:
        reference, only_open = args_of.text(args, "run", ""), not args.get("all")
        if reference:
            return await stores.about(
                reference, lambda store: approval.approvals(store, reference, only_open=only_open)
            )
        lists = await stores.each(lambda reader: approval.approvals(reader, only_open=only_open))
        return [line for lines in lists for line in lines]

    return approvals
