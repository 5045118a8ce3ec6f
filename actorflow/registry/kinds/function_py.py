"""`function.py`: a function written in Python, given as source or as something importable."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.fields import Database, Names, Source, refusal
from actorflow.registry.kinds.function import Function
from actorflow.registry.kinds.script import PYTHON_IMPORTS

_IMPORT: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def _import_path(value: str) -> str:
    if value and not _IMPORT.fullmatch(value):
        module, dot, name = value.rpartition(".")
        likely = f"{module}:{name}" if dot else ""
        raise refusal("package.module:callable", repr(likely) if _IMPORT.fullmatch(likely) else "")
    return value


class FunctionPy(Function):
    """A function written in Python.

    `run` says where it runs; None: `trio` for an `async def`, `thread` for a `def`. `packages` are the third-party
    modules its source may import. `transactional`: a `def` that gets the transaction in which the completion of its
    call is committed, in the database that keeps the run; `database` says which that must be.
    """

    source: Source | None = None
    import_path: Annotated[str, AfterValidator(_import_path)] = Field("", alias="import")
    run: Literal["trio", "thread", "asyncio", "process"] | None = None
    packages: Names = ()
    transactional: bool = False
    database: Database | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.source is None) == (not self.import_path):
            raise refusal("one of `source` and `import`", got="neither" if self.source is None else "both")
        return self


KIND = Kind("function.py", FunctionPy, references={"imports": PYTHON_IMPORTS, "database": ("db.sql.*",)})
