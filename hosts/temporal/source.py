"""The sources that runs are pinned to: in their histories, and those that are too large for one in a database."""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from actorflow.bundle import Bundle
from actorflow.codec import decode, encode
from actorflow.errors import Error, unavailable
from actorflow.notice import Notice
from actorflow.run.document import PutDocument
from actorflow.run.draw import SEED_SIZE
from actorflow.run.rule import NEWEST, rules_of
from actorflow.store.wait import answer
from hosts.temporal.placing import bundle_of

if TYPE_CHECKING:
    from hosts.temporal.worker import TemporalWorker

RIDES_ALONG: Final = 64 * 1024
"""A bundle below this many bytes is kept in the history itself."""
_SOURCE: Final = "temporal.source"
_KEPT: Final = 256


class Sources:
    """The sources that runs of one worker are pinned to, by content hash.

    With `current` every run has the source that is registered now: to find out whether that would change what it does.
    """

    def __init__(self, worker: TemporalWorker) -> None:
        """Know none yet."""
        self._worker = worker
        self._bundles: dict[str, Bundle] = {}
        self._values: dict[str, Any] = {}
        self._answers: dict[str, tuple[Any, dict[str, Any]]] = {}
        self.current = False
        self._store: Any = None
        self._reader: Any = None

    async def open(self, database: str | None) -> None:
        """Open the database that all workers of the task queue share, if there is one."""
        if database is not None:
            self._store = await self._worker.node.open_store(database)

    async def close(self) -> None:
        """Close the database."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        if self._store is not None:
            await self._store.close()
            self._store = None

    def remembered(self, type_name: str) -> dict[str, Any] | None:
        """Return what `pinned` has said if the registry is as it was, with the seed of another run; from any thread."""
        version, answer = self._answers.get(type_name, (None, {}))
        return None if version is None or version != self._version() else answer

    def answered(self, type_name: str) -> dict[str, Any] | None:
        """Return what `pinned` would, if that is known and the registry is as it was then; from any thread."""
        answer = self.remembered(type_name)
        return None if answer is None else {**answer, "seed": token_hex(SEED_SIZE)}

    def _version(self) -> Any:
        """Return the version of the registry, None for one that has none."""
        version = getattr(self._worker.node.registry, "version", None)
        return None if version is None else version.id

    def pinned(self, type_name: str) -> dict[str, Any]:
        """Return what a new run of a type is pinned to: seed, rules, what its entry runs as, and its source if small.

        Raises:
            Error: NotFound or Invalid, when no such entry is served here, or it is broken.
        """
        worker = self._worker
        entry = worker.entry_of(type_name, "workflow")
        worker.check_served(entry)
        bundle = bundle_of(worker.node, entry)
        worker.compiled(bundle)
        self._keep(bundle)
        seed, rules = token_hex(SEED_SIZE), worker.rules
        pinned: dict[str, Any] = {"entry": entry, "hash": bundle.hash, "seed": seed, "format": rules}
        if len(bundle.data) < RIDES_ALONG:
            pinned["bundle"] = self._value(bundle)
        if own := worker.node.guard.own(entry):
            pinned["context"] = dict(own)
        if "bundle" in pinned:  # one that is kept in a database is looked at each time
            self._answers[type_name] = (self._version(), pinned)
        return pinned

    def _value(self, bundle: Bundle) -> Any:
        """Return a source as a value; the same for each run, for nobody changes it."""
        if bundle.hash not in self._values:
            if len(self._values) >= _KEPT:
                self._values.pop(next(iter(self._values)))
            self._values[bundle.hash] = decode(bundle.data)
        return self._values[bundle.hash]

    def bundle(self, pinned: Mapping[str, Any]) -> Bundle:
        """Return the source that a run is pinned to.

        Raises:
            Error: kind Unavailable, when it is neither in the history nor known to this worker, or when the run goes by
                rules of the engine (`actorflow.run.rule`) that this release does not know.
        """
        if rules_of(pinned) > NEWEST:
            message = (
                f"the run of {pinned['entry']} began under rules {rules_of(pinned)} of the engine; this release knows"
                f" those up to {NEWEST}: serve its queue with the release that started it, or a later one"
            )
            raise unavailable(message)
        if self.current:
            return bundle_of(self._worker.node, pinned["entry"])
        found = self._bundles.get(pinned["hash"])
        if found is None and "bundle" in pinned:
            found = Bundle.from_bytes(encode(pinned["bundle"]))
        if found is None:
            found = self._current(pinned) or self._stored(pinned["hash"])
        if found is None:
            name = f"source {pinned['hash'][:16]}… of {pinned['entry']}"
            advice = "name the database of the other workers of this task queue with `sources:`, or register it here"
            raise unavailable(f"worker {self._worker.id} does not have {name}: {advice}")
        self._keep(found)
        return found

    def _current(self, pinned: Mapping[str, Any]) -> Bundle | None:
        try:
            bundle = bundle_of(self._worker.node, pinned["entry"])
        except Error:
            return None
        return bundle if bundle.hash == pinned["hash"] else None

    def _keep(self, bundle: Bundle) -> None:
        if len(self._bundles) >= _KEPT:
            self._bundles.pop(next(iter(self._bundles)))
        self._bundles[bundle.hash] = bundle

    async def store(self, digest: str) -> None:
        """Keep a source that is too large for a history in the database of the entry; raises its `Error`."""
        bundle = self._bundles[digest]
        if self._store is None:
            text = (
                f"{bundle.id} is {len(bundle.data)} bytes with its imports, too large for a history: "
                "name a database that all workers of the task queue share with `sources:`"
            )
            self._worker.node.notices(Notice("source-not-kept", text, self._worker.id))
            return
        item = PutDocument(_SOURCE, bundle.hash, bundle.data)
        await answer(lambda told: self._store.submit(item, told), abandon=False)

    def _stored(self, digest: str) -> Bundle | None:
        """Return a source that was kept in the database, None when there is none."""
        if self._store is None:
            return None
        if self._reader is None:
            self._reader = self._store.reader()
        row = self._reader.document(_SOURCE, digest)
        return None if row is None else Bundle.from_bytes(row.value)
