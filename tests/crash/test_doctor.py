"""`actorflow doctor`: a line for each fault, exit code 1; what it repairs, and what goes on beside a quarantined run."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from actorflow import app
from actorflow.cli.doctor import doctor
from actorflow.cli.failing import FAILED, end_of
from actorflow.node.data import DataDirectory
from actorflow.run.document import PutDocument
from actorflow.run.turn import Delivery
from actorflow.store.dialect import Sqlite
from actorflow.store.examine import Fault, examine
from actorflow.store.sql import SqlStore
from tests.crash.test_old_store import FILES, HOST, KEPT, PATIENCE, unpacked

DAMAGE = {
    "UPDATE journal SET payload = X'01' WHERE run = 4 AND seq = 2": (4, 2, "does not match its digest"),
    "UPDATE journal SET target = 'app:other' WHERE run = 4 AND seq = 2": (4, 2, "chain of checksums is broken here"),
    "DELETE FROM journal WHERE run = 4 AND seq = 2": (4, 2, "there is a gap"),
    "UPDATE run SET result = X'01' WHERE run = 1": (1, 7, "its result is not the one in the last journal event"),
    "UPDATE run SET state = 'completed' WHERE run = 2": (2, 4, "the journal ended with RunFailed"),
    "UPDATE run SET state = 'lost' WHERE run = 4": (4, 0, "got state 'lost'"),
    "UPDATE run SET entry = 'app:other' WHERE run = 4": (4, 1, "got entry 'app:other'"),
    "UPDATE run SET parent = 'somebody' WHERE run = 8": (8, 1, "got parent 'somebody'"),
    "UPDATE timer SET due = 5 WHERE run = 5": (5, 2, "got due at 5"),
    "UPDATE timer SET ref = 7 WHERE run = 5 AND ref > 0": (5, 0, "timer 7: it has a row"),
    "DELETE FROM timer WHERE run = 5": (5, 2, "so nothing fires it"),
    "INSERT INTO call (run, ref, host, attempt, due, failure) VALUES (4, 9, 'app:flows', 1, 5, X'')": (
        4,
        0,
        "call 9: it has a row",
    ),
    "UPDATE inbox SET payload = X'02'": (8, 0, "is not what was written; restore"),
    "UPDATE document SET value = X'02'": (0, 0, "document token 'a' is not what was written"),
    "UPDATE source SET bundle = X'02' WHERE rowid = 1": (0, 0, "it is not what its hash says"),
    "INSERT INTO timer (run, ref, host, due) VALUES (99, 1, 'app:flows', 1)": (
        99,
        0,
        "rows of run 99, which does not exist",
    ),
    "INSERT INTO call (run, ref, host, attempt, due, failure) VALUES (1, 1, 'app:flows', 1, 1, X'')": (
        1,
        0,
        "its call 1 still waits",
    ),
    "DELETE FROM open_run WHERE run = 7": (7, 0, "is held by run none"),
    "UPDATE open_run SET workflow_id = 'other' WHERE run = 7": (7, 0, "is not what the run row says"),
}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with ended and open runs, a delivery in an inbox, and a document."""
    path = unpacked(FILES[0], tmp_path / "runs.db")
    with closing(SqlStore(Sqlite(path))) as opened:
        opened.commit([PutDocument("token", "a", b"\x01")])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE timer SET due = (SELECT at FROM journal WHERE run = timer.run AND seq = 2) + 3600000000000"
        )
    return path


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(sql)


def put_message(path: Path) -> None:
    with closing(SqlStore(Sqlite(path))) as opened:
        assert opened.commit([Delivery("parent-py/1", "MessageReceived", "go", "", b"\x82\x60\x80")])[0].accepted


def found(path: Path) -> list[Fault]:
    return list(examine(Sqlite(path)))


@pytest.mark.parametrize("damage", DAMAGE)
def test_each_kind_of_damage_is_named(store: Path, damage: str) -> None:
    put_message(store)
    assert found(store) == []
    change(store, damage)
    run, seq, what = DAMAGE[damage]
    faults = [fault for fault in found(store) if (fault.run, fault.seq) == (run, seq) and what in fault.what]
    assert faults, found(store)
    assert faults[0].advice
    assert faults[0].file == str(store)


def test_an_index_that_lost_a_row_is_found_and_made_again(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(store)) as connection:
        roots = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'journal_by_run'")
        ((root,),) = roots.fetchall()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(store.read_bytes())
    page = (root - 1) * 4096
    data[page + 3 : page + 5] = (int.from_bytes(data[page + 3 : page + 5], "big") - 1).to_bytes(2, "big")
    store.write_bytes(data)
    assert any(fault.cure == "index" for fault in found(store))
    run_doctor(store.parent, repair=True)
    assert "made the indexes again" in capsys.readouterr().out
    assert found(store) == []


def run_doctor(data: Path, **more: Any) -> int:
    try:
        doctor(directory=KEPT / "registry", data=data, **more)
    except Exception as error:  # noqa: BLE001 - as the command line does
        return end_of(error)
    return 0


def test_a_sound_store_is_said_to_be_so(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_doctor(store.parent) == 0
    assert run_doctor(store.parent, as_json=True) == 0
    output = capsys.readouterr()
    assert f"{store}: sound" in output.err
    assert json.loads(output.out) == {"repaired": [], "faults": []}


def test_repair_needs_the_data_directory_for_itself(store: Path) -> None:
    with DataDirectory.claim(store.parent):
        assert run_doctor(store.parent) == 0, "looking needs nothing"
        assert run_doctor(store.parent, repair=True) == 6


async def test_a_quarantined_run_is_paused_and_the_others_go_on(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(store, "UPDATE journal SET payload = X'01' WHERE run = 4 AND seq = 2")
    change(store, "DELETE FROM open_run WHERE run = 7")
    change(store, "INSERT INTO timer (run, ref, host, due) VALUES (99, 1, 'app:flows', 1)")
    assert run_doctor(tmp_path) == FAILED
    before = capsys.readouterr().out.splitlines()
    assert any("run 4 (waiting-py): event 2: journal event 2" in line for line in before)
    assert run_doctor(tmp_path, repair=True) == FAILED, "a damaged journal stays damaged"
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("repaired: ") for line in lines) >= 3
    assert [line for line in lines if "run 7" in line and not line.startswith("repaired")] == []
    async with app.boot(KEPT / "registry", data=tmp_path) as booted:
        row = await booted.stores.about("waiting-py", lambda reader: reader.find("waiting-py"))
        assert row is not None
        assert row.state == "paused"
        assert "corrupt" in row.reason
        await booted.node.send(f"{{local@{HOST}|parent-py/1}}", "go", "later")
        result = await booted.node.wait(f"{{local@{HOST}|parent-py}}", timeout=PATIENCE)
        assert result == ["child", [41, "later", 42, 36]]


def test_a_file_that_is_no_database_is_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs.db").write_bytes(b"x" * 4096)
    assert run_doctor(tmp_path) == FAILED
    assert "not an SQLite database" in capsys.readouterr().out
