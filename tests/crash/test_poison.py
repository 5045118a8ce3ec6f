"""A call that kills its node: after some deaths its run is paused, its neighbours end, and a person lets it go on."""

from __future__ import annotations

from pathlib import Path

from tests.crash.forking import ForkServer
from tests.crash.living import read_report
from tests.crash.poison import NEIGHBOURS
from tests.crash.rig import error_of, said

LIVES = "tests.crash.poison"
DEATHS = 3
KILLED = 139


def test_a_call_that_kills_its_node_is_paused_and_its_neighbours_end(server: ForkServer, tmp_path: Path) -> None:
    codes = [server.live(tmp_path) for _ in range(DEATHS)]
    assert codes == [KILLED] * DEATHS, error_of(tmp_path)
    assert server.live(tmp_path) == 0, error_of(tmp_path)
    assert (tmp_path / "attempts").read_text() == "x" * DEATHS, "attempts before it is paused: the limit"
    results = dict(said(tmp_path, "result"))
    assert results == {f"good-{number}": ["done"] * 4 for number in range(NEIGHBOURS)}
    ((_, (state, reason)),) = said(tmp_path, "state")
    assert state == "paused"
    assert f"was running {DEATHS} times when its node died; ways out: actorflow run resolve RUN 1" in reason
    (tmp_path / "mended").touch()
    assert server.live(tmp_path) == 0, error_of(tmp_path)
    assert ["result", "poison", "alive"] in read_report(tmp_path)


def test_a_node_that_ends_in_order_makes_no_suspects(server: ForkServer, tmp_path: Path) -> None:
    (tmp_path / "mended").touch()
    for _ in range(DEATHS + 1):
        assert server.live(tmp_path) == 0, error_of(tmp_path)
    assert (tmp_path / "attempts").read_text() == "x"
