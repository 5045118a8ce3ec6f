"""Python scripts: `async def main`, driven op by op.

The guard here is against mistakes, not against attackers: untrusted code belongs into Lua, or into a process of its
own.
"""

from __future__ import annotations

from actorflow.language.python.language import PythonLanguage

__all__ = ["PythonLanguage"]
