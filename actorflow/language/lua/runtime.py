"""One Lua runtime: the prelude, and the functions of it that Python calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, NoReturn

from lupa import lua54

from actorflow.codec import decode, encode

if TYPE_CHECKING:
    from actorflow.language.lua.running import Running

_CHUNKS: Final = ("codec", "base", "errors", "timing", "api", "json", "pattern", "pattern_program")


@dataclass(frozen=True, slots=True)
class RuntimeLimits:
    """What scripts of a runtime may use.

    Attributes:
        instructions: Lua instructions between two ops. milliseconds: what that is called in messages.
        memory: bytes of the whole runtime. steps: steps of one pattern match.
    """

    instructions: int = 25_000_000
    milliseconds: int = 250
    memory: int = 512 * 1024 * 1024
    steps: int = 250_000


def _refuse_attributes(_thing: Any, _name: Any, _setting: Any) -> NoReturn:
    raise AttributeError("not available")


class Runtime:
    """A Lua runtime with the prelude loaded. `running` maps instance numbers to what runs in them."""

    def __init__(self, limits: RuntimeLimits) -> None:
        """Start a runtime and load the prelude into it."""
        self._lua = lua54.LuaRuntime(
            encoding=None,
            unpack_returned_tuples=True,
            register_eval=False,
            register_builtins=False,
            attribute_filter=_refuse_attributes,
        )
        self.running: dict[int, Running] = {}
        self._instances = 0
        api = self._prelude(limits)
        self.step: Callable[..., Any] = api[b"step"]
        self.close: Callable[[int], None] = api[b"close"]
        self._open: Callable[[int], None] = api[b"open"]
        self.start: Callable[..., int] = api[b"start"]
        self.spawn: Callable[[int, int], int] = api[b"spawn"]
        self.discard: Callable[[int, int], None] = api[b"discard"]
        self.where: Callable[[int, int], bytes] = api[b"where"]
        self.released: Callable[[int], bytes] = api[b"released"]
        self._compile: Callable[[bytes, bytes], Any] = api[b"compile"]
        self.lua_encode: Callable[..., bytes] = api[b"encode"]
        self.lua_decode: Callable[[bytes], Any] = api[b"decode"]

    def new_instance(self, running: Running) -> int:
        """Return the number of a fresh instance."""
        self._instances += 1
        self.running[self._instances] = running
        self._open(self._instances)
        return self._instances

    def end_instance(self, number: int) -> None:
        """Drop an instance and everything in it."""
        if self.running.pop(number, None) is not None:
            self.close(number)

    def compile(self, source: str, name: str) -> tuple[int, str]:
        """Return the number of the compiled chunk, or 0 and Lua's message."""
        answer = self._compile(source.encode(), name.encode())
        if isinstance(answer, tuple):
            return 0, answer[1].decode(errors="replace")
        return int(answer), ""

    def _prelude(self, limits: RuntimeLimits) -> Any:
        lua = self._lua
        load = lua.globals()[b"load"]
        folder = resources.files("actorflow.language.lua") / "prelude"
        make = lua.execute(
            b"return function(load, text, name) return (assert(load(text, name, 't'))) end"
        )
        sources = lua.table()
        for name in _CHUNKS:
            text = (folder / f"{name}.lua").read_bytes()
            sources[name.encode()] = make(load, text, f"=prelude/{name}".encode())
        hooks = lua.table()
        for hook in ("identity", "now", "draw", "note", "dropped"):
            hooks[hook.encode()] = getattr(self, f"_hook_{hook}")
        given = lua.table()
        given[b"instructions"], given[b"milliseconds"] = limits.instructions, limits.milliseconds
        given[b"memory_kib"], given[b"steps"] = limits.memory // 1024, limits.steps
        hooks[b"limits"] = given
        main = make(load, (folder / "runtime.lua").read_bytes(), b"=prelude/runtime")
        api = main(sources, hooks)
        return api

    # ---- what the prelude asks at once; none of these may raise ------------------------------------------------

    def _hook_identity(self, number: int) -> bytes:
        return self.running[number].identity()

    def _hook_now(self, number: int) -> int:
        return self.running[number].machine.driver.now()

    def _hook_draw(self, number: int, kind: bytes, size: int) -> bytes:
        return self.running[number].draw(kind.decode(), size)

    def _hook_note(self, number: int, level: bytes, text: bytes, fields: bytes) -> None:
        self.running[number].machine.driver.note(level.decode(), text.decode(errors="replace"), decode(fields))

    def _hook_dropped(self, number: int, path: bytes) -> None:
        self.running[number].dropped(path.decode(errors="replace"))

    def encoded_twice(self, value: Any) -> bytes:
        """Return what the Lua codec makes of a value that it decoded: for tests that hold the codecs equal."""
        return self.lua_encode(self.lua_decode(encode(value)))
