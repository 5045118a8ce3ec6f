"""An event is sound if nothing of it has changed since it was sealed."""

from __future__ import annotations

import pytest

from actorflow.run import event as events
from actorflow.run.event import OFFLOADED, JournalEvent, chain, is_sound, salted, sealed, sealed_together, source_of

SALT = b"0190a1b2-0000-7000-8000-000000000000"
FIRST = sealed(b"", SALT, 1, events.RUN_STARTED, 0, "app:order", b"\xa0", b"", 5)
SECOND = sealed(FIRST.checksum, SALT, 2, events.FUNCTION_COMPLETED, 7, "app:f", b"\x01", b"\x81\x00", 6)


def test_what_was_sealed_is_sound() -> None:
    assert is_sound(b"", SALT, FIRST)
    assert is_sound(FIRST.checksum, SALT, SECOND)
    assert chain(FIRST.checksum, SECOND) == SECOND.checksum


@pytest.mark.parametrize("drawn", [b"", b"\x81\x00"])
def test_events_that_are_sealed_together_are_those_that_are_sealed_one_by_one(drawn: bytes) -> None:
    rows = [
        ("FunctionCompleted", 1, "", b"\x05"),
        ("FunctionCalled", 2, "app:\u00e9", b"x" * 300),
        ("RunCompleted", 0, "", b""),
    ]
    previous, expected = FIRST.checksum, []
    for seq, row in enumerate(rows, 2):
        expected.append(sealed(previous, SALT, seq, *row, drawn if seq == 2 else b"", 9))
        previous = expected[-1].checksum
    keyed = salted(SALT)
    assert sealed_together(FIRST.checksum, keyed, 1, rows, drawn, 9) == expected
    assert sealed_together(FIRST.checksum, keyed, 1, rows, drawn, 9) == expected  # it may be used for ever


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seq", 3),
        ("kind", events.FUNCTION_FAILED),
        ("ref", 8),
        ("target", "app:g"),
        ("payload", b"\x02"),
        ("drawn", b""),
        ("at", 7),
        ("digest", bytes(16)),
        ("checksum", bytes(16)),
    ],
)
def test_a_change_of_any_field_is_noticed(field: str, value: object) -> None:
    changed: JournalEvent = SECOND._replace(**{field: value})
    assert not is_sound(FIRST.checksum, SALT, changed)


def test_another_run_and_another_predecessor_are_noticed() -> None:
    assert not is_sound(FIRST.checksum, SALT[::-1], SECOND)
    assert not is_sound(b"", SALT, SECOND)


def test_a_payload_that_is_kept_elsewhere_counts_by_its_digest() -> None:
    apart = SECOND._replace(payload=OFFLOADED + SECOND.digest + (1).to_bytes(8, "big"))
    assert is_sound(FIRST.checksum, SALT, apart)
    assert not is_sound(FIRST.checksum, SALT, apart._replace(payload=OFFLOADED + bytes(16) + (1).to_bytes(8, "big")))


def test_what_was_drawn_and_is_scrubbed_counts_by_its_digest() -> None:
    scrubbed = SECOND._replace(drawn=events.SCRUBBED + events.payload_digest(b"drawn", SECOND.drawn))
    assert is_sound(FIRST.checksum, SALT, scrubbed)


def test_the_source_of_a_journal_is_the_last_that_it_was_pinned_to() -> None:
    assert source_of("one", [FIRST, SECOND]) == "one"
    pinned = [SECOND._replace(kind=events.RUN_REPINNED, target=name) for name in ("two", "three")]
    assert source_of("one", [FIRST, *pinned]) == "three"
