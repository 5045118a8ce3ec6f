"""How a workflow host keeps its runs: under which keys, and for how long."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Count, Duration, refusal


def _place(value: str) -> str:
    way, separator, name = value.partition(":")
    if way not in {"env", "file"} or not separator or not name:
        raise refusal("where the key is, env:NAME or file:PATH; a key itself never stands in a registry", got="a text")
    return value


class Encryption(Config):
    """Keys of the values of a database, by id; new values are put under the active one.

    A key is 32 bytes, in base64 or hexadecimal, in a variable of the environment (`env:NAME`) or a file (`file:PATH`).
    """

    keys: dict[str, Annotated[str, AfterValidator(_place)]]
    active: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.active not in self.keys:
            raise refusal(f"`active` to be one of the keys: {', '.join(sorted(self.keys)) or 'there are none'}")
        return self


class Retention(Config):
    """How long runs are kept after their end, by how they ended, and how many of the newest ones are kept anyway.

    What is not written is kept for ever.
    """

    completed: Duration | None = None
    failed: Duration | None = None
    cancelled: Duration | None = None
    keep: Count = 0
