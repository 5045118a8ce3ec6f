"""`env.storage.file`: environment variables in a file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Name

_OWNER_ONLY = 0o600
_MODES = 0o777


class EnvStorageFile(Config):
    """Environment variables in a file of `NAME=value` lines; `file_path` is relative to the registry's directory.

    With `auto_create` a missing file counts as empty, and the first variable that is set makes it, with `file_mode`.
    """

    file_path: Name
    auto_create: bool = False
    file_mode: Annotated[int, Field(ge=0, le=_MODES)] = _OWNER_ONLY


KIND = Kind("env.storage.file", EnvStorageFile)
