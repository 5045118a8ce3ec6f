"""One suite of scripts, in Lua and in Python, on every kind of host: what comes of them is the same.

Results, messages and the order of effects are compared with what `cases.json` says of all hosts. In what a host differs
stands there too, and with its reason in SEMANTICS.md.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.portability.trials import HERE, HOSTS, LANGUAGES, Trials, trials, twins
from tests.temporal.conftest import server  # noqa: F401 - its fixture
from tests.unit.resource.test_servers import on_server

CASES: Mapping[str, Mapping[str, Any]] = json.loads((HERE / "cases.json").read_text())
_SEMANTICS = Path(__file__).parents[2] / "SEMANTICS.md"
_AT_LEAST = 60
_AT_A_TIME = 6
_SAMPLE = 2
_SHARES = 6
_SLOW_WITH_TIME = re.compile(
    r"timer_|condition_given_up|call_tried_again|call_out_of_time|step_tried_again|upgrade_|child_"
)
"""Twins that wait for timers or several workflow tasks of a cluster: not every day."""


def test_there_are_sixty_twins_and_each_has_a_case() -> None:
    assert len(twins()) >= _AT_LEAST
    assert sorted(CASES) == twins()


def test_every_difference_is_a_row_of_the_semantics() -> None:
    told = _SEMANTICS.read_text()
    for name, case in CASES.items():
        for host in [*case.get("different", {}), *(["app:cluster"] if case.get("together") else [])]:
            row = rf"^\| [^|]*`{name}`[^|]* \| {host.partition(':')[2]} \|"
            assert re.search(row, told, re.MULTILINE), f"SEMANTICS.md says nothing of {name} on {host}"


@pytest.mark.slow
@on_server
@pytest.mark.parametrize("share", range(_SHARES))
async def test_every_twin_on_every_host(server: str, tmp_path: Path, share: int) -> None:  # noqa: F811
    await _all(twins()[share::_SHARES], server, tmp_path)


@on_server
async def test_some_twins_on_every_host(server: str, tmp_path: Path, seed: int) -> None:  # noqa: F811
    quick = [name for name in twins() if not _SLOW_WITH_TIME.match(name)]
    await _all(random.Random(seed).sample(quick, _SAMPLE), server, tmp_path)


async def _all(names: list[str], server: str, path: Path) -> None:  # noqa: F811
    wrong: list[str] = []
    limit = trio.CapacityLimiter(_AT_A_TIME)
    async with trials(path, server) as tried, trio.open_nursery() as nursery:
        for wanted in product(names, HOSTS, LANGUAGES):
            nursery.start_soon(_one, tried, wanted, limit, wrong)
    assert not wrong, "\n".join(wrong)


async def _one(tried: Trials, wanted: tuple[str, str, str], limit: trio.CapacityLimiter, wrong: list[str]) -> None:
    name, host, language = wanted
    case = CASES[name]
    expected = {**case, **case.get("different", {}).get(host, {})}
    async with limit:
        seen = await tried.tried(name, language, host, expected)
    got: dict[str, Any] = seen._asdict()
    want = {"result": expected["result"], **{part: expected.get(part, []) for part in ("effects", "messages")}}
    if case.get("together") and host == "app:cluster":
        got["effects"], want["effects"] = sorted(got["effects"]), sorted(want["effects"])
    wrong.extend(
        f"{name} ({language}) on {host}, {part}: got {got[part]}, expected {want[part]}"
        for part in want
        if got[part] != want[part]
    )
