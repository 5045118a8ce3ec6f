"""The table of all pure operations: `call("base64.encode", ("text",))`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib import import_module, util
from typing import Final, TypeAlias

from actorflow.errors import INTERNAL, Error, failure_of, not_found
from actorflow.value import Value

Pure: TypeAlias = Callable[..., Value]
_KNOWN: Final = 512
_PACKAGE: Final = __name__.rpartition(".")[0]


@lru_cache(_KNOWN)
def operation(name: str) -> Pure:
    """Return the function of an operation `module.name`; the module is imported when first used.

    What was found is remembered: it never changes.

    Raises:
        Error: kind NotFound, when there is none.
    """
    module = name.partition(".")[0]
    path = f"{_PACKAGE}.{module}"
    if not module.isidentifier() or util.find_spec(path) is None:
        raise not_found(f"no pure operation {name!r}: there is no module {module!r}")
    table: Mapping[str, Pure] = getattr(import_module(path), "PURE", {})
    function = table.get(name)
    if function is None:
        raise not_found(f"no pure operation {name!r}; module {module!r} has {', '.join(sorted(table)) or 'none'}")
    return function


def call(name: str, args: Sequence[Value]) -> Value:
    """Call an operation.

    Raises:
        Error: what the operation refuses; whatever else it raises is a bug of ours and becomes Internal.
    """
    function = operation(name)
    try:
        return function(*args)
    except Error:
        raise
    except Exception as error:
        raise internal(name, error) from error


def internal(name: str, error: Exception) -> Error:
    """Return the error for what an operation should not have raised; trying again gives the same."""
    return Error(f"{name}: {failure_of(error).message}", INTERNAL, retryable=False)
