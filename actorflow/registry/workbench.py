"""The workbench: where drafts are decoded and linked, when files are loaded and whenever entries change later."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from actorflow.registry.decode import Decoder
from actorflow.registry.draft import Draft
from actorflow.registry.fault import Suggester
from actorflow.registry.link import find_mentions, importers, link


class Workbench:
    """Decodes and links drafts with the kinds, files, environment and modules of one load."""

    def __init__(self, decoder: Decoder, modules: Mapping[str, frozenset[str]]) -> None:
        """Take the decoder, and the names that entries may list under `modules`, by language."""
        self._decoder = decoder
        self._modules = modules

    def decode(self, draft: Draft) -> None:
        """Check the fields of a draft by itself."""
        self._decoder.decode(draft)
        draft.decoded = len(draft.faults)
        draft.mentions = find_mentions(draft)

    def link(self, drafts: Mapping[str, Draft], only: Collection[str] | None = None) -> None:
        """Check decoded drafts against each other; `only`: the ids to check when the others have been."""
        link(drafts, self._modules, Suggester(drafts), only)

    def affected(self, drafts: Mapping[str, Draft], changed: Iterable[str]) -> set[str]:
        """Return the ids of the drafts whose faults or code may have changed with those of `changed`."""
        changed = frozenset(changed)
        named = {draft.id for draft in drafts.values() if not draft.mentions.isdisjoint(changed)}
        return {entry for entry in importers(changed | named, drafts) if entry in drafts}
