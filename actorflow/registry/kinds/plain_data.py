"""Kinds that are data and nothing else: kept as written, served by the registry, never started."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

from actorflow.registry.kind import Kind


class PlainData(BaseModel):
    """Whatever is written."""

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)


REGISTRY_ENTRY: Final = Kind("registry.entry", PlainData)
NS_REQUIREMENT: Final = Kind("ns.requirement", PlainData)
NS_DEPENDENCY: Final = Kind("ns.dependency", PlainData)
NS_DEFINITION: Final = Kind("ns.definition", PlainData)
