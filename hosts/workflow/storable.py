"""Names that every store can keep: well-formed text without NUL characters, which PostgreSQL has no text with.

They are refused where they come in, with the same words whatever the store is, for a run may move to another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.errors import invalid
from actorflow.script.argument import text

if TYPE_CHECKING:
    from hosts.workflow.driver import JournalDriver


def check_name(what: str, value: str) -> None:
    """Do nothing if every store can keep a name.

    Raises:
        Error: kind Invalid, for a lone surrogate or a NUL character.
    """
    if value.isprintable():
        return
    text("name", what, value)
    if "\0" in value:
        raise invalid(
            f"{what}: got {value!r:.80}, expected text without NUL characters, which not every store can keep"
        )


def check_recorded(driver: JournalDriver, kind: str, target: str, name: str) -> None:
    """Do nothing if a record of this kind and target may have a name: else the script's call ends, not a commit.

    What the journal has already was allowed when it was recorded.

    Raises:
        Error: as `check_name` does.
    """
    if not name.isprintable():
        known = driver.next_recorded()
        if known is None or (known.kind, known.target) != (kind, target):
            check_name(kind, name)


def check_target(driver: JournalDriver, kind: str, target: object) -> None:
    """Do nothing if something may be the id of a function.

    Raises:
        Error: kind Invalid.
    """
    if not isinstance(target, str) or ":" not in target or target.startswith(":") or target.endswith(":"):
        raise invalid(f"not a function id: got {target!r}, expected 'namespace:name'")
    check_recorded(driver, kind, target, target)
