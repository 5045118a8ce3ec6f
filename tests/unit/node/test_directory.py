"""The directory of names."""

from __future__ import annotations

import pytest

from actorflow.errors import ALREADY_EXISTS, NOT_FOUND, Error
from actorflow.node.directory import Directory

ONE, OTHER = "{local@app:p|0x00001}", "{local@app:p|0x00002}"


def test_a_name_stands_for_one_pid() -> None:
    directory = Directory()
    directory.register("n", ONE)
    directory.register("n", ONE)
    assert directory.lookup("n") == directory.find("n") == ONE
    with pytest.raises(Error, match=r"name already registered: 'n' is \{local@app:p\|0x00001\}") as caught:
        directory.register("n", OTHER)
    assert caught.value.kind == ALREADY_EXISTS


def test_a_pid_may_have_many_names_and_loses_them_all_at_its_end() -> None:
    directory = Directory()
    for name in ("a", "b"):
        directory.register(name, ONE)
    directory.register("c", OTHER)
    directory.release(ONE)
    directory.release(ONE)
    assert [directory.find(name) for name in "abc"] == [None, None, OTHER]
    assert len(directory) == 1


def test_anybody_may_free_a_name() -> None:
    directory = Directory()
    directory.register("a", ONE)
    directory.register("b", ONE)
    assert directory.unregister("a")
    assert not directory.unregister("a")
    directory.release(ONE)
    assert len(directory) == 0


def test_an_unknown_name_is_not_found_with_the_nearest() -> None:
    directory = Directory()
    directory.register("session-manager", ONE)
    with pytest.raises(Error, match="name not registered: 'session-manger'; did you mean 'session-manager'") as caught:
        directory.lookup("session-manger")
    assert caught.value.kind == NOT_FOUND
