"""What the script of a run says when no node serves it: found out by a replay, which changes nothing."""

from __future__ import annotations

import pkgutil
from functools import cache, partial
from typing import Final

from actorflow.app import languages
from actorflow.bundle import Bundle
from actorflow.errors import Error
from actorflow.run.state import TERMINAL
from actorflow.run.turn import OpenRun
from actorflow.store.port import Reader
from actorflow.store.run_verb import Look
from actorflow.store.stores import Stores
from actorflow.store.view import find
from actorflow.store.why import Told
from actorflow.value import Value

_STANDING_OF: Final = "hosts.workflow.checking:standing_of"
_QUERY: Final = "hosts.workflow.query_stored:query_stored"


def replaying(stores: Stores) -> Look:
    """Return what tells where the script of a run in `stores` stands."""
    compilers = cache(languages)  # most verbs need neither of these
    standing_of = cache(partial(pkgutil.resolve_name, _STANDING_OF))

    async def look(reference: str) -> Told:
        try:
            held, data = await stores.about(reference, lambda reader: _read(reader, reference))
            if data is None or held.row.state in TERMINAL:
                return Told()
            bundle = Bundle.from_bytes(data)
            program = compilers()[bundle.language].compile(bundle, durable=True)
            told: Told = standing_of()(held, bundle, program)
        except Error:  # what the store says is all there is to say
            return Told()
        return told

    return look


async def query(stores: Stores, reference: str, name: str, args: tuple[Value, ...]) -> Value:
    """Answer a query of a run in `stores`.

    Raises:
        Error: NotFound without such a run or query; Invalid, when the query wants to wait or change something; what it
            raises.
    """
    held, data = await stores.about(reference, lambda reader: _read(reader, reference))
    bundle = None if data is None else Bundle.from_bytes(data)
    program = None if bundle is None else languages()[bundle.language].compile(bundle, durable=True)
    config = {"limits": stores.limits_of(held.row.host)}
    answered: Value = pkgutil.resolve_name(_QUERY)(held, bundle, program, config, name, args)
    return answered


def _read(reader: Reader, reference: str) -> tuple[OpenRun, bytes | None]:
    row = find(reader, reference)
    return reader.load(row.run), reader.bundle(row.bundle_hash)
