"""A program that keeps what was handed over to it longer than there is anything left of who sent it."""

from __future__ import annotations

import gc
from typing import Any

from actorflow.language.lua import LuaLanguage
from actorflow.ports import Carried
from tests.unit.lua.world import POSTABLE, World

SENDERS = 300
SOURCE = f"return function(n) return process.send('{POSTABLE}', 't', {{n = n, text = 'text'}}) end"
IDLE = "return function() local kept = {} for n = 1, 2000 do kept[n] = {n} end return #kept end"


class Keeper(World):
    def post(self, dest: str, topic: str, payloads: tuple[Any, ...]) -> bool:
        self.asked.append(("post", dest, topic, payloads))
        return True


def main() -> None:
    language = LuaLanguage()
    carried = []
    for number in range(SENDERS):
        world = Keeper()
        world.start(language, SOURCE, number)
        ((*_, (value,)),) = world.asked
        assert type(value) is Carried
        carried.append(value)
    for _ in range(20):  # Lua collects what the senders ran in, and uses its memory for others
        World().start(language, IDLE)
    assert [dict(value.value)[b"n"] for value in carried] == list(range(SENDERS))
    carried.clear()
    gc.collect()
    print("kept")  # noqa: T201 - what its parent waits for


if __name__ == "__main__":
    main()
