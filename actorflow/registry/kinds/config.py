"""The base of every kind's model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """Fields of an entry: immutable, strictly typed, unknown keys found (they become notices, not errors)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)
