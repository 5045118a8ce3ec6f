"""Nodes hear what others write to a database, and nothing of what they write themselves."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from actorflow.errors import UNAVAILABLE, Error
from actorflow.store.crash import CrashPoint
from actorflow.store.dialect import Sqlite
from actorflow.store.hearing import FileCounter
from actorflow.store.postgres_notice import heard, notices
from actorflow.store.sql import SqlStore
from actorflow.store.telling import Listener
from actorflow.testing.conformance.items import HOST, Book, message
from tests.databases import POSTGRES, SLOW_MARIADB, connected, shared
from tests.databases import store as server_store

PATIENCE = 20.0


def listener_of(store: SqlStore) -> Listener:
    listener = store.listener()
    assert listener is not None
    return listener


def until(listener: Listener, heard_it: Callable[[Any], bool]) -> Any:
    """Wait until something is heard that it is about."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = listener.wait(1.0)
        if heard_it(found):
            return found
    raise AssertionError("nothing was heard")


@pytest.mark.parametrize("kind", [POSTGRES, SLOW_MARIADB, "sqlite"])
def test_what_others_write_is_heard_and_what_we_write_is_not(kind: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        first = SqlStore(Sqlite(tmp_path / "s.db"), CrashPoint()) if kind == "sqlite" else server_store(kind)
        one = stack.enter_context(closing(first))
        other = stack.enter_context(closing(shared(one)))
        book = Book("order/1", lease=one.claim(HOST))
        book.started(one.commit([book.start()])[0])
        listener = listener_of(one)
        stack.callback(listener.close)
        assert listener.wait(0.0) is None  # it begins: something may have been missed
        while listener.wait(0.2) != []:
            pass
        other.commit([message("order/1")])
        assert until(listener, lambda found: found != []) in ([book.run], None)
        if kind != "sqlite":  # a file does not say whose writes it counts
            one.commit([message("order/1"), book.turn()])
            assert listener.wait(0.3) == []


@pytest.mark.parametrize("kind", [POSTGRES])
def test_a_connection_that_is_lost_is_opened_again_and_says_that_it_was(kind: str) -> None:
    with ExitStack() as stack:
        one = stack.enter_context(closing(server_store(kind)))
        other = stack.enter_context(closing(shared(one)))
        book = Book("order/1", lease=one.claim(HOST))
        book.started(one.commit([book.start()])[0])
        listener: Any = listener_of(one)
        stack.callback(listener.close)
        assert listener.wait(0.0) is None
        with connected(one.dialect.url) as admin:  # type: ignore[attr-defined]
            admin.execute("SELECT pg_terminate_backend(%s::int)", (listener._open.info.backend_pid,))  # noqa: SLF001
        with pytest.raises(Error) as caught:
            until(listener, bool)
        assert caught.value.kind == UNAVAILABLE
        assert listener.wait(0.0) is None
        other.commit([message("order/1")])
        assert until(listener, bool) == [book.run]


def test_notices_say_which_runs_or_to_look() -> None:
    assert heard("me", notices("you", [3, 1, 4])) == [3, 1, 4]
    assert heard("me", notices("me", [3, 1, 4])) == []
    assert heard("me", notices("you", [])) is None
    many = notices("you", range(10**6, 10**6 + 5000))
    assert max(map(len, many)) < 8000
    assert heard("me", many) == list(range(10**6, 10**6 + 5000))
    assert notices("you", range(10**6)) == ["you:"]
    assert heard("me", []) == []


def test_a_busy_node_hears_of_others_by_its_own_commits_and_never_of_itself(tmp_path: Path) -> None:
    with (
        closing(SqlStore(Sqlite(tmp_path / "s.db"), CrashPoint())) as one,
        closing(SqlStore(Sqlite(tmp_path / "s.db"), CrashPoint())) as other,
    ):
        counter: Any = listener_of(one)._let_go.__self__  # type: ignore[attr-defined]  # noqa: SLF001 - what it asks
        one.commit([Book("order/0").start()])
        counter.ask()
        one.commit([message("order/0")])
        before = counter.ask()
        for _ in range(20):
            one.commit([message("order/0")])
            assert counter.ask() == before
        other.commit([message("order/0")])
        one.commit([message("order/0")])
        assert counter.ask() != before
        before = counter.ask()
        other.commit([message("order/0")])
        assert counter.ask() != before, "a node that rests hears of others at once"
        counter.close()


def test_whoever_does_not_listen_any_more_has_no_connection_left(tmp_path: Path) -> None:
    with closing(SqlStore(Sqlite(tmp_path / "s.db"), CrashPoint())) as store:
        for is_waiting in (False, True):
            listener: Any = listener_of(store)
            assert listener.wait(0.0) is None
            counter = listener._let_go.__self__  # noqa: SLF001 - what it looks at
            assert counter._open is not None  # noqa: SLF001
            if is_waiting:
                thread = Thread(target=listener.wait, args=(PATIENCE,))
                thread.start()
                listener.close()
                thread.join(PATIENCE)
                assert not thread.is_alive()
            listener.close()
            assert counter._open is None  # noqa: SLF001


def test_a_commit_of_ours_that_is_seen_before_it_is_counted_is_taken_for_ours(tmp_path: Path) -> None:
    """It is on disk as soon as its statement is done, which the thread that has made it says when it goes on."""
    with closing(sqlite3.connect(tmp_path / "s.db")) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE item (name)")
        begun, told = [0], [False]

        def written() -> int:
            count = begun[0]
            if not told[0]:  # the commit happens right after it was asked how many there are
                told[0], begun[0] = True, count + 1
                writer.execute("INSERT INTO item VALUES (1)")
                writer.commit()
            return count

        told[0] = True
        counter = FileCounter(tmp_path / "s.db", written, lambda: 0)
        counter.ask()
        quiet = counter.ask()
        told[0] = False
        assert counter.ask() == quiet
        assert told[0]
        counter.close()


def test_while_we_go_on_writing_nobody_has_to_look_whose_writes_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment, begun = [100.0], [0]
    monkeypatch.setattr("actorflow.store.hearing.time", SimpleNamespace(monotonic=lambda: moment[0]))
    with closing(sqlite3.connect(tmp_path / "s.db")) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE item (name)")
        counter = FileCounter(tmp_path / "s.db", lambda: begun[0], lambda: 0)
        counter.ask()
        moment[0] += 10
        quiet = counter.ask()
        for _ in range(20):
            begun[0] += 1
            writer.execute("INSERT INTO item VALUES (1)")
            writer.commit()
            for _ in range(2):  # the second finds us at rest, for a moment
                moment[0] += 0.1
                assert counter.ask() == quiet
        moment[0] += 1
        assert counter.ask() != quiet, "a rest is long enough to make sure"
        counter.close()
