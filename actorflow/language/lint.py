"""The linter of scripts: what must not, or should not, be in a Python or Lua source.

Against mistakes, not against malice: it reads sources and resolves names as far as one file shows them. What a host
enforces at run time is enforced there as well.
"""

from __future__ import annotations

from actorflow.language.finding import Finding, Severity
from actorflow.language.lint_lua import DURABLE_LUA_MODULES, lint_lua, refuse_durable
from actorflow.language.lint_python import lint_python
from actorflow.language.script_rules import FORBIDDEN_BUILTINS, STDLIB_WHITELIST, import_refusal, is_importable

__all__ = [
    "DURABLE_LUA_MODULES",
    "FORBIDDEN_BUILTINS",
    "STDLIB_WHITELIST",
    "Finding",
    "Severity",
    "import_refusal",
    "is_importable",
    "lint_lua",
    "lint_python",
    "refuse_durable",
]
