"""What is done to a store beside its nodes, on servers: examined, mended, put under another key, collected."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import make_url

from actorflow.codec import encode
from actorflow.errors import INVALID, UNAVAILABLE, Error
from actorflow.run.document import PutDocument
from actorflow.run.state import PAUSED
from actorflow.store.backup import targets
from actorflow.store.crash import CrashPoint
from actorflow.store.examine import examine
from actorflow.store.keyring import Keyring
from actorflow.store.mend import mend
from actorflow.store.rotate import rotate
from actorflow.store.server import ServerStore
from actorflow.store.vault import Vault
from actorflow.testing.conformance.items import EPOCH, Book, message
from tests.databases import POSTGRES, SLOW_MARIADB, connected, database, emptied

KEYS = {"one": bytes(32), "two": bytes(range(32))}
SECRET = encode("nobody else may read this")


@pytest.fixture(params=[POSTGRES, SLOW_MARIADB])
def url(request: pytest.FixtureRequest) -> Any:
    return emptied(request.param)


def kept(url: Any, active: str = "", large: int = 100) -> Any:
    """Return the database with its values under a key."""
    found = database(url)
    found.vault = Vault(Keyring(KEYS, active) if active else None, large)
    return found


def filled(of: Any) -> Book:
    with closing(ServerStore(of, CrashPoint())) as store:
        book = Book("order/1")
        letters = [message("", SECRET), message("", SECRET * 20)]
        book.started(store.commit([book.start(messages=letters), PutDocument("kind", "key", SECRET)])[0])
        events = [book.event("FunctionCalled", SECRET, "app:x", 1), book.event("Long", SECRET * 20)]
        turn = book.turn(events=events, waits=SECRET)
        assert store.commit([turn])[0].accepted
    return book


def test_keys_are_changed(url: Any) -> None:
    book = filled(kept(url, "one"))
    assert rotate(kept(url, "two")) > 0
    assert rotate(kept(url, "two")) == 0
    only = kept(url)
    only.vault = Vault(Keyring({"two": KEYS["two"]}, "two"), 100)
    with closing(ServerStore(only, CrashPoint())) as store:
        held = store.load(book.run)
        assert [event.payload for event in held.events[1:]] == [SECRET, SECRET * 20]
        assert [item.payload for item in held.inbox] == [SECRET, SECRET * 20]
        document = store.document("kind", "key")
        assert document is not None
        assert document.value == SECRET
        assert store.verify(book.run) == []


def test_damage_is_found_and_paused(url: Any) -> None:
    book = filled(database(url))
    sick = list(examine(database(url)))  # the source of these runs is none
    with connected(url) as connection:
        connection.execute("UPDATE journal SET payload = 'x' WHERE seq = 2")
        connection.execute("DELETE FROM open_run")
        connection.execute("INSERT INTO timer (run, ref, host, due) VALUES (77, 1, 'x', 5)")
    found = [fault for fault in examine(database(url)) if fault not in sick]
    assert {fault.run for fault in found} == {book.run, 77}
    mend(database(url), found, EPOCH)
    with closing(ServerStore(database(url), CrashPoint())) as store:
        row = store.find("order/1")
        assert row is not None
        assert row.state == PAUSED
        assert row.reason.startswith("corrupt: ")
        assert store.next_due("x") is None
        assert store.collect_sources() == []


def test_a_server_that_is_away_is_no_damage() -> None:
    faults = list(examine(database(make_url("postgresql://nobody@127.0.0.1:1/x"))))
    assert [fault.cure for fault in faults] == [""]
    assert "cannot be reached" in faults[0].what
    assert faults[0].advice.startswith("nothing was looked at")
    with pytest.raises(Error) as caught:
        database(make_url("mysql://nobody@127.0.0.1:1/x")).connect()
    assert (caught.value.kind, caught.value.retryable) == (UNAVAILABLE, True)


def test_a_backup_names_the_tools_of_the_server(url: Any, tmp_path: Any) -> None:
    with pytest.raises(Error, match="pg_dump") as caught:
        targets({"app:db": database(url)}, tmp_path)
    assert caught.value.kind == INVALID
