"""Modules: the source of an entry, executed once per content hash and node. Their globals are constants."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from actorflow.bundle import Bundle
from actorflow.errors import Error, invalid
from actorflow.language.lint import lint_python
from actorflow.language.python.failing import failure_in
from actorflow.language.python.guard import PREFIX, restricted_builtins


class Modules:
    """The executed sources of one node; they stay, for a run may be pinned to any of them."""

    def __init__(self) -> None:
        """Make an empty set."""
        self._modules: dict[str, ModuleType] = {}

    def of(self, bundle: Bundle, *, durable: bool) -> ModuleType:
        """Return the module of a bundle.

        Raises:
            Error: kind Invalid, naming file and line, when the source breaks a rule or fails to run.
        """
        module = self._modules.get(bundle.hash)
        check(bundle, durable=durable)
        if module is None:
            module = self._modules[bundle.hash] = self._executed(bundle, durable=durable)
        return module

    def _executed(self, bundle: Bundle, *, durable: bool) -> ModuleType:
        libraries = {alias: self.of(library, durable=durable) for alias, library in bundle.imports.items()}
        module = ModuleType(PREFIX + bundle.hash[:16], f"The source of {bundle.id}.")
        module.__file__ = bundle.file
        vars(module)["__builtins__"] = restricted_builtins(libraries, _allowed(bundle))
        sys.modules[module.__name__] = module  # dataclasses look their module up there
        try:
            code = compile("\n" * bundle.line + bundle.source, bundle.file or bundle.id, "exec", dont_inherit=True)
            exec(code, vars(module))  # noqa: S102 - running registered sources is what this is for
        except Exception as error:
            del sys.modules[module.__name__]
            if isinstance(error, Error):
                raise
            failure = failure_in(error)
            raise invalid(f"{bundle.id}: loading failed: {failure.message}", stack=failure.stack) from error
        return module


def check(bundle: Bundle, *, durable: bool) -> None:
    """Do nothing if a source keeps the rules of scripts.

    Raises:
        Error: kind Invalid, with every finding.
    """
    source = "\n" * bundle.line + bundle.source
    found = lint_python(source, bundle.file or bundle.id, allowed=_allowed(bundle), durable=durable)
    errors = [str(finding) for finding in found if finding.severity == "error"]
    if errors:
        raise invalid(f"{bundle.id} cannot run here:\n  " + "\n  ".join(errors), findings=errors)


def _allowed(bundle: Bundle) -> frozenset[str]:
    packages: Any = bundle.options.get("packages") or ()
    return frozenset(bundle.imports) | frozenset(packages)
