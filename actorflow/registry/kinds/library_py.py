"""`library.py`: Python code that others import."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.fields import Names, Source
from actorflow.registry.kinds.script import PYTHON_IMPORTS, Script


class LibraryPy(Script):
    """Python code that others import; `packages` are the third-party modules it may import itself."""

    source: Source
    packages: Names = ()


KIND = Kind("library.py", LibraryPy, references={"imports": PYTHON_IMPORTS})
