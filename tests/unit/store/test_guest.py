"""SQL of transactional functions on servers, as it is read before the server gets it."""

from __future__ import annotations

import pytest

from actorflow.errors import Error
from actorflow.resource.sql_text import MYSQL, POSTGRES
from actorflow.store.guest import names_own_table, prepared

WORDS = frozenset({"select", "insert", "update", "with"})


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("SELECT ?, ?", [1, 2], ("SELECT %s, %s", (1, 2))),
        ("-- so\n /* and */ SELECT $2, $1", [1, 2], ("SELECT %s, %s", (2, 1))),
        ("SELECT :b::text, ':a', :a, :b", {"a": 1, "b": 2, "c": 3}, ("SELECT %s::text, ':a', %s, %s", (2, 1, 2))),
        ("SELECT '%'", [], ("SELECT '%%'", ())),
    ],
)
def test_placeholders_are_those_of_sqlite(text: str, given: object, expected: object) -> None:
    assert prepared(text, given, POSTGRES, WORDS) == expected  # type: ignore[arg-type] # lists and maps


@pytest.mark.parametrize(
    ("text", "given", "says"),
    [
        ("COMMIT", [], "PermissionDenied"),
        (" /* a */ -- b\n rollback", [], "PermissionDenied"),
        ("/*! COMMIT */", [], "PermissionDenied"),
        ("(SELECT 1)", [], "PermissionDenied"),
        ("  -- nothing", [], "Invalid"),
        ("SELECT ?", [], "Invalid"),
        ("SELECT :a", {}, "Invalid"),
    ],
)
def test_what_is_no_statement_of_its_own_is_refused(text: str, given: object, says: str) -> None:
    with pytest.raises(Error) as caught:
        prepared(text, given, MYSQL, WORDS)  # type: ignore[arg-type]
    assert caught.value.kind == says


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("INSERT INTO journal VALUES (1)", True),
        ("insert ignore `Journal` (a) select 1", True),
        ('REPLACE INTO shop . "run" VALUES (1)', True),
        ("UPDATE booking b JOIN run r SET r.state = 1", True),
        ("UPDATE LOW_PRIORITY turnstile SET number = 0", True),
        ("DELETE FROM booking USING booking, inbox WHERE 1", True),
        ("DELETE b, timer FROM booking b, timer", True),
        ("WITH a AS (SELECT 1) DELETE FROM call", True),
        ("INSERT INTO booking (run, call) SELECT run, 'x' FROM run", False),
        ("INSERT INTO booking VALUES ('journal') -- journal", False),
        ("UPDATE booking SET run = 1 WHERE call = 2", False),
        ("DELETE FROM booking WHERE run IN (SELECT run FROM run)", False),
        ("SELECT * FROM journal", False),
        ("WITH a AS (SELECT * FROM run) SELECT * FROM a", False),
    ],
)
def test_a_table_of_the_store_is_found_where_a_text_writes(text: str, own: bool) -> None:  # noqa: FBT001 - a case
    assert names_own_table(text) is own
