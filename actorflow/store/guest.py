"""SQL of transactional functions on servers: read as on SQLite, kept from ending the transaction and from our tables.

What SQLite refuses by itself is found out here: a text has to begin with a word that begins no end of a transaction,
and the database, or the text where that cannot tell, says which of our tables was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from actorflow.errors import PERMISSION_DENIED, Error, invalid
from actorflow.resource.sql_text import Flavor, statements
from actorflow.store import tables
from actorflow.store.server import TryAgain

if TYPE_CHECKING:
    from actorflow.store.server import Server
    from actorflow.store.transact import Watch

OWN: Final = tuple(sorted({*tables.metadata.tables, *tables.server.tables}))
"""The tables of a store."""
_BLANK: Final = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*(?![!M])(?:[^*]|\*(?!/))*\*/)*")
_WORD: Final = re.compile(r"[A-Za-z]+")
_NAME: Final = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")


class Guest:
    """The cursor that the work of a `Transact` gets on a server.

    Attributes:
        type: what kind of database it is of. place: what to call that in messages.
        lost: why nothing of the transaction remains, None as long as it does.
    """

    type: ClassVar[str]
    place: Final = "the database of the run"
    _flavor: ClassVar[Flavor]
    _words: ClassVar[frozenset[str]]

    watch: Watch

    def __init__(self, server: Server, connection: Any) -> None:
        """Run statements in the open transaction of a connection, as long as `watch`, to be set, allows."""
        self.lost: Error | None = None
        self._server = server
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        """Run one statement and return the driver's cursor, which has its rows and counts.

        Raises:
            Error: kind PermissionDenied, when it would end the transaction or write to the tables of the store; what
                the driver raises otherwise. One that fails leaves nothing, and the transaction as it was.
        """
        if self.lost is not None:
            raise self.lost
        text, values = prepared(sql, parameters, self._flavor, self._words)
        self._check_text(text)
        try:
            return self.watch.interruptible(lambda: self._run(text, values), self._interrupt)
        except Exception as error:
            meaning = self._server.explain(error)
            if isinstance(meaning, TryAgain) or self._server.is_lost(self._connection):
                self.lost = meaning or TryAgain(f"{self.place}: the connection was lost ({error})")
            raise

    def check(self) -> None:
        """Raise `Error` PermissionDenied, if a table of the store is not what it was."""

    def _check_text(self, text: str) -> None:
        """Raise `Error` PermissionDenied, if a text says that it writes to a table of the store."""

    def _run(self, text: str, values: tuple[Any, ...]) -> Any:
        """Run a statement."""
        raise NotImplementedError

    def _interrupt(self) -> None:
        """End the statement that runs, from another thread."""
        raise NotImplementedError


def prepared(
    sql: str, values: Sequence[Any] | Mapping[str, Any], flavor: Flavor, words: frozenset[str]
) -> tuple[str, tuple[Any, ...]]:
    """Return a statement and its values as the driver takes them; it begins with one of `words`.

    Placeholders are `?` or `$1` for a list and `:name` for a map, as on SQLite.

    Raises:
        Error: PermissionDenied for another word, Invalid for no statement or a wrong number of values.
    """
    text = sql[_BLANK.match(sql).end() :]  # type: ignore[union-attr] # it matches nothing, too
    if not text:
        raise invalid("got an empty statement, expected SQL")
    word = _WORD.match(text)
    if word is None or word[0].lower() not in words:
        said = word[0].upper() if word else f"{text:.20}"
        allowed = ", ".join(sorted(words)).upper()
        message = f"a transactional function may not end its transaction: got {said!r}, expected one of {allowed}"
        raise Error(message, PERMISSION_DENIED, retryable=False)
    if isinstance(values, Mapping):
        text, values = _numbered(text, values, flavor)
    found = statements(text, values, flavor)
    if len(found) != 1:
        raise invalid("got several statements, expected one")
    return found[0].text, found[0].values


def _numbered(text: str, values: Mapping[str, Any], flavor: Flavor) -> tuple[str, list[Any]]:
    """Return a text with `$1`, `$2`… in place of `:name`, and the values in that order."""
    order: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise invalid(f"the statement has the parameter :{match[1]}, and no value is given for it")
        return f"${order.setdefault(match[1], len(order) + 1)}"

    pieces, at = [], 0
    for match in flavor.parts.finditer(text):
        pieces += [_NAME.sub(number, text[at : match.start()]), match[0]]
        at = match.end()
    pieces.append(_NAME.sub(number, text[at:]))
    return "".join(pieces), [values[name] for name in order]


# ---- what a text writes, for a database that does not say it ---------------------------------------------------------

_TOKEN: Final = re.compile(
    r"""'(?:[^'\\]|''|\\.)*' | --[^\n]* | \#[^\n]* | /\*(?:[^*]|\*(?!/))*\*/ | "(?P<double>[^"]*)" | `(?P<back>[^`]*)`
      | (?P<word>[A-Za-z_$][\w$]*) | (?P<other>[^\s'"`\w])""",
    re.VERBOSE | re.DOTALL,
)
_MODIFIERS: Final = frozenset({"low_priority", "delayed", "high_priority", "ignore", "into", "quick", "from"})
_ENDS: Final = {"update": frozenset({"set"}), "delete": frozenset({"where", "order", "limit", "returning"})}


def names_own_table(text: str) -> bool:
    """Tell whether a statement of MySQL names a table of the store where it says what it writes.

    It takes too much for a table rather than too little: an alias, and what an UPDATE joins.
    """
    tokens = list(_tokens(text))
    verb = next((name for name, quoted in tokens if not quoted), "")
    if verb == "with":
        written = [name for name, _ in tokens] if {("update", False), ("delete", False)} & set(tokens) else []
    elif verb in _ENDS:
        written = list(_until(tokens, _ENDS[verb]))
    elif verb in {"insert", "replace"}:
        rest = [name for name, quoted in tokens[1:] if quoted or name not in _MODIFIERS]
        written = rest[: 3 if rest[1:2] == ["."] else 1]
    else:
        written = []
    return not set(OWN).isdisjoint(written)


def _tokens(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the names and signs of a text in lower case, and whether each is a quoted name."""
    for match in _TOKEN.finditer(text):
        quoted = match["double"] if match["double"] is not None else match["back"]
        if quoted is not None:
            yield quoted.lower(), True
        elif match["word"] or match["other"]:
            yield (match["word"] or match["other"]).lower(), False


def _until(tokens: list[tuple[str, bool]], ends: frozenset[str]) -> Iterator[str]:
    for name, quoted in tokens:
        if not quoted and name in ends:
            return
        yield name
