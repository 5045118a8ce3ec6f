"""The verbs of the control socket by which an operator acts on runs: the same answers with and without a node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actorflow.errors import INTERNAL, Failure, invalid
from actorflow.node import control_args as args_of
from actorflow.node.control import Verb
from actorflow.ports import Outcome
from actorflow.store.operator import ASKED, Operator
from actorflow.store.port import RunFilter
from actorflow.value import Value

_FILTERS: Final = ("host", "state", "entry", "prefix", "queue")


def operator_verbs(operator: Operator) -> dict[str, Verb]:
    """Return the verbs by name: those of one run begin with `run.`, those of all that match with `runs.`."""

    async def change(args: Mapping[str, Value]) -> Value:
        verb, run = args_of.text(args, "verb"), args_of.text(args, "run")
        return await operator.change(
            verb,
            run,
            reason=args_of.text(args, "reason", ""),
            by=args_of.text(args, "by", ""),
            since=args_of.text(args, "since", ""),
            keep_attempts=args.get("keep_attempts") is True,
        )

    async def change_all(args: Mapping[str, Value]) -> Value:
        verb = args_of.text(args, "verb")
        if verb not in ASKED:
            message = f"no verb {verb!r} of runs: expected one of {', '.join(ASKED)}"
            raise invalid(message)
        return await operator.change_all(
            verb,
            _filter(args),
            older_than=args_of.count(args, "older_than", 0, least=0),
            dry_run=args.get("dry_run") is True,
            due=args.get("due") is True,
            reason=args_of.text(args, "reason", ""),
            by=args_of.text(args, "by", ""),
            since=args_of.text(args, "since", ""),
            keep_attempts=args.get("keep_attempts") is True,
        )

    async def resolve(args: Mapping[str, Value]) -> Value:
        run, ref = args_of.text(args, "run"), args_of.count(args, "ref", 0)
        return await operator.resolve(run, ref, _outcome(args), by=args_of.text(args, "by", ""))

    async def repin(args: Mapping[str, Value]) -> Value:
        bundle = args.get("bundle")
        run, source = args_of.text(args, "run"), args_of.text(args, "source")
        return await operator.repin(
            run, source, bundle if isinstance(bundle, bytes) else b"", by=args_of.text(args, "by", "")
        )

    async def accept(args: Mapping[str, Value]) -> Value:
        bundle, revision = args.get("bundle"), args.get("revision")
        return await operator.accept(
            args_of.text(args, "run"),
            source=args_of.text(args, "source", ""),
            bundle=bundle if isinstance(bundle, bytes) else b"",
            dry_run=args.get("dry_run") is True,
            revision=revision if isinstance(revision, int) else None,
            reason=args_of.text(args, "reason", ""),
            by=args_of.text(args, "by", ""),
        )

    async def accept_all(args: Mapping[str, Value]) -> Value:
        older_than, dry_run = args_of.count(args, "older_than", 0, least=0), args.get("dry_run") is True
        reason, by = args_of.text(args, "reason", ""), args_of.text(args, "by", "")
        return await operator.accept_all(_filter(args), older_than=older_than, dry_run=dry_run, reason=reason, by=by)

    async def export(args: Mapping[str, Value]) -> Value:
        key, keys = args.get("key", b""), [str(name) for name in args_of.items(args, "redact_keys")]
        if not isinstance(key, bytes):
            raise invalid(f"run export: got a key that is {type(key).__name__}, expected 32 bytes")
        run, file = args_of.text(args, "run"), args_of.text(args, "file")
        return await operator.export(run, file, redact=args.get("redact") is True, redact_keys=keys, key=key)

    return {
        "run.accept": accept,
        "runs.accept": accept_all,
        "run.export": export,
        "run.repin": repin,
        "run.change": change,
        "runs.change": change_all,
        "run.resolve": resolve,
    }


def _filter(args: Mapping[str, Value]) -> RunFilter:
    host, state, entry, prefix, queue = (args_of.text(args, name, "") for name in _FILTERS)
    return RunFilter(host, state, entry, prefix, queue=queue)


def _outcome(args: Mapping[str, Value]) -> Outcome | None:
    given = [name for name in ("retry", "result", "error") if name in args]
    if len(given) != 1:
        raise invalid(f"run resolve: got {' and '.join(given) or 'nothing'}, expected one of retry, result and error")
    if given == ["retry"]:
        return None
    if given == ["result"]:
        return Outcome(args["result"])
    return Outcome(failure=Failure(args_of.text(args, "error"), INTERNAL, retryable=False))
