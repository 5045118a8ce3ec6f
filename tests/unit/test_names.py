"""PIDs and registry ids, taken apart and put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.errors import Error
from actorflow.names import EntryId, Pid, is_pid, parse_id, parse_pid, resolve_id

plain = st.text(st.characters(exclude_characters="@|{}", exclude_categories=["Cs"]), max_size=12)


@given(plain, plain, st.text(max_size=12))
def test_a_pid_is_what_its_text_says(node: str, host: str, number: str) -> None:
    pid = Pid(node, host, number)
    assert is_pid(str(pid))
    assert parse_pid(str(pid)) == pid


@pytest.mark.parametrize(
    ("text", "pid"),
    [
        ("{local@app:host|0x1}", Pid("local", "app:host", "0x1")),
        ("{app:host|1}", Pid("", "app:host", "1")),
        ("{n@h|a|b@c}", Pid("n", "h", "a|b@c")),
    ],
)
def test_spellings_of_pids(text: str, pid: Pid) -> None:
    assert parse_pid(text) == pid


@pytest.mark.parametrize("text", ["", "name", "{}", "{name}", "n@h|1", "{n@h|1", "n@h|1}"])
def test_everything_else_is_a_name(text: str) -> None:
    assert not is_pid(text)
    with pytest.raises(Error, match=r"not a PID: got .*, expected \{node@host\|id\}"):
        parse_pid(text)


@pytest.mark.parametrize(
    ("text", "entry"),
    [("app:order", EntryId("app", "order")), ("order", EntryId("", "order")), ("a.b:c:d", EntryId("a.b", "c:d"))],
)
def test_ids_split_at_the_first_colon(text: str, entry: EntryId) -> None:
    assert parse_id(text) == entry
    assert str(entry) == text


@pytest.mark.parametrize(("reference", "full"), [("order", "app:order"), ("other:order", "other:order")])
def test_a_relative_reference_is_in_its_own_namespace(reference: str, full: str) -> None:
    assert resolve_id(reference, "app") == full
