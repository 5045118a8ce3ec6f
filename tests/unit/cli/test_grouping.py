"""Options that go together: one parameter of a verb, so many options on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from actorflow.cli.grouping import Filter, FilterOfState, grouped
from actorflow.cli.place import Place

MINUTE = 60_000_000_000


def told(arguments: list[str], kind: type[Filter] = Filter) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def verb(name: str = "", *, which: Any, place: Place, loud: bool = False) -> None:
        """Do it."""
        seen.update(name=name, which=which, place=place, loud=loud)

    verb.__annotations__["which"] = kind
    app = typer.Typer()
    app.command()(grouped(verb))
    ended = CliRunner().invoke(app, arguments)
    return seen | {"code": ended.exit_code, "out": ended.output}


def test_options_make_the_parameters_they_stand_for(tmp_path: Path) -> None:
    given = ["--state", "failed", "--older-than", "1m", "-C", str(tmp_path), "-o", "a:b:c=1", "--loud", "--name", "x"]
    seen = told(given)
    assert seen["which"] == {"state": "failed", "older_than": MINUTE}
    assert seen["place"] == Place.of(tmp_path, None, ["a:b:c=1"])
    assert (seen["name"], seen["loud"], seen["code"]) == ("x", True, 0)
    assert told(["-C", str(tmp_path)])["which"] == {}


@pytest.mark.parametrize(("kind", "code"), [(Filter, 0), (FilterOfState, 2)])
def test_a_verb_that_says_itself_in_which_state_has_no_option_for_it(kind: type[Filter], code: int) -> None:
    assert told(["--state", "failed"], kind)["code"] == code
    assert told(["--prefix", "a"], kind)["which"] == {"prefix": "a"}
    assert "Do it." in told(["--help"], kind)["out"]
