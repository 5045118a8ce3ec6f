"""What all scripts have in common."""

from __future__ import annotations

from pydantic import Field

from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Imports, Names
from actorflow.registry.kinds.security import Security

LUA_IMPORTS = ("library.lua", "function.lua", "module.lua")
PYTHON_IMPORTS = ("library.py", "function.py")


class Script(Config):
    """Modules by name, libraries by alias; `security`: as whom it runs, whoever starts or calls it."""

    modules: Names = ()
    imports: Imports = Field(default_factory=dict)
    security: Security | None = None
