"""One Lua runtime: the prelude, and the functions of it that Python calls."""

from __future__ import annotations

import weakref
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import thread_time
from typing import TYPE_CHECKING, Any, Final, NoReturn

from lupa import lua54

from actorflow.codec import encode
from actorflow.lane import Lane
from actorflow.language.lua.asking import text_of
from actorflow.language.lua.chunk import RUNTIME, prelude
from actorflow.language.lua.modules import FOUND, PARTS
from actorflow.value import Value, copy_value

if TYPE_CHECKING:
    from actorflow.language.lua.program import LuaProgram
    from actorflow.language.lua.running import Running

_HOOKS: Final = ("identity", "now", "draw", "note", "dropped", "pure", "post", "look", "heavy", "burst")
_LOADER: Final = b"local load = load; return function(code) return (assert(load(code, nil, 'b'))) end"
_OWN: Final = b"return function(value) return value end"
"""Gives back what it is given. What Python gets from a coroutine may be kept no longer than Lua keeps the coroutine,
for it is freed through that; the same thing got from here is good as long as the runtime."""
_SLACK: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class RuntimeLimits:
    """What the scripts of a runtime may use.

    Attributes:
        memory: bytes of the whole runtime, without garbage. steps: steps of one pattern match.
        isolated: it belongs to one entry.
    """

    memory: int = 512 << 20
    steps: int = 250_000
    isolated: bool = False


def _refuse_attributes(_thing: Any, _name: Any, _setting: Any) -> NoReturn:
    raise AttributeError("not available")


class Runtime:
    """A Lua runtime with the prelude loaded; `running` maps the numbers of instances to what runs in them.

    One thread at a time may enter it; of an isolated entry's the `lane` says whether one is there. Once it is
    `poisoned`, for it has failed outside a script, those that run in it go on and no other begins there.

    Scripts are ended beyond `limits.memory` at the next look. Lua's allocator refuses only a quarter and 64 MiB above:
    in between there is always room for what Python hands over, for a refusal there would end the whole process.
    """

    def __init__(self, limits: RuntimeLimits) -> None:
        """Start a runtime and load the prelude into it."""
        self._lua = lua54.LuaRuntime(
            encoding=None,
            unpack_returned_tuples=True,
            register_eval=False,
            register_builtins=False,
            attribute_filter=_refuse_attributes,
            max_memory=0,
        )
        self.running: dict[int, Running] = {}
        self.lane = Lane()
        self.poisoned = False
        self._instances = 0
        self._workers = 0
        self._chunks: dict[str, int] = {}
        self._users: Counter[str] = Counter()
        self._unused: deque[tuple[int, frozenset[str]]] = deque()
        self._own: Callable[[Any], Any] = self._lua.execute(_OWN)
        api = self._prelude(limits)
        self.step: Callable[..., Any] = api[b"step"]
        self.begin: Callable[..., Any] = api[b"begin"]
        self.dismiss: Callable[[int], None] = api[b"dismiss"]
        self.spawn: Callable[[int, int], int] = api[b"spawn"]
        self.discard: Callable[[int, int], None] = api[b"discard"]
        self.where: Callable[[int, int], bytes] = api[b"where"]
        self.inspect: Callable[[int, int], bytes] = api[b"inspect"]
        self.shown: Callable[[int, int], bytes] = api[b"shown"]
        self.handlers: Callable[[int, bytes], bytes] = api[b"handlers"]
        self.handle: Callable[[int, bytes, bytes, bytes], int] = api[b"handle"]
        self.loading: Callable[[int], bool] = api[b"loading"]
        self.released: Callable[[int, bytes], bytes] = api[b"released"]
        self.lua_encode: Callable[..., bytes] = api[b"encode"]
        self.lua_decode: Callable[[bytes], Any] = api[b"decode"]
        self._close: Callable[[int], None] = api[b"close"]
        self._compile: Callable[[bytes, bytes, bytes], Any] = api[b"compile"]
        self._prepare: Callable[[bytes, bytes, Any], int] = api[b"prepare"]
        self._drop: Callable[[int, int], None] = api[b"drop"]
        self._lua.set_max_memory(limits.memory + limits.memory // 4 + _SLACK)

    @property
    def memory(self) -> int:
        """Bytes that Lua has allocated, garbage included."""
        return int(self._lua.get_memory_used())

    def enter(self, running: Running) -> int:
        """Return the number of a fresh instance."""
        self._instances += 1
        self.running[self._instances] = running
        return self._instances

    def worker(self) -> int:
        """Return the number of a new worker."""
        self._workers += 1
        return self._workers

    def leave(self, number: int) -> None:
        """Drop an instance and everything in it; one that is gone already is none."""
        if self.running.pop(number, None) is not None:
            self._close(number)

    def compile(self, key: str, source: str, entry_id: str, file: str) -> tuple[int, str]:
        """Return the number of the compiled chunk, or 0 and Lua's message; the same `key` is compiled once.

        Messages of the script name the entry, which is the same on every machine; those of the compiler name the file.
        """
        known = self._chunks.get(key)
        if known is not None:
            return known, ""
        answer = self._compile(source.encode(), entry_id.encode(), file.encode())
        if isinstance(answer, tuple):
            return 0, answer[1].decode(errors="replace")
        self._chunks[key] = int(answer)
        return self._chunks[key], ""

    def keep(self, program: LuaProgram, keys: frozenset[str]) -> None:
        """Keep a program and its chunks, which have these keys, until nothing refers to it any more."""
        self._users.update(keys)
        weakref.finalize(program, self._unused.append, (program.number, keys)).atexit = False

    def forget_unused(self) -> None:
        """Drop what belongs to programs that are gone."""
        while self._unused:
            number, keys = self._unused.popleft()
            self._drop(0, number)
            for key in keys:
                self._users[key] -= 1
                if not self._users[key]:
                    del self._users[key]
                    self._drop(self._chunks.pop(key), 0)

    def opened(self, table: Any) -> Value:
        """Return a map of scalars that was handed over as any other language has it; see `ports.Carried`."""
        pairs = table.items()
        return copy_value({key.decode(): text_of(item) if type(item) is bytes else item for key, item in pairs})

    @property
    def chunk_count(self) -> int:
        """How many compiled sources it has."""
        return len(self._chunks)

    def prepare(self, plan: str, method: str, bounds: Mapping[str, int]) -> int:
        """Return the number of a program; for the form of the plan and the bounds see `prepare` of the prelude."""
        given = self._lua.table_from({name.encode(): bound for name, bound in bounds.items()})
        return self._prepare(plan.encode(), method.encode(), given)

    def _prelude(self, limits: RuntimeLimits) -> Any:
        lua = self._lua
        load, chunks = lua.execute(_LOADER), prelude()
        sources = lua.table()
        for name, code in chunks.items():
            if name != RUNTIME:
                sources[name.encode()] = load(code)()
        hooks = lua.table()
        for hook in _HOOKS:
            hooks[hook.encode()] = getattr(self, f"_hook_{hook}")
        given = lua.table()
        given[b"memory_kib"], given[b"steps"] = limits.memory // 1024, limits.steps
        given[b"isolated"] = limits.isolated
        given[b"modules"] = lua.table(*[name.encode() for name in sorted(FOUND)])
        given[b"parts"] = lua.table(*[name.encode() for name in sorted(PARTS)])
        return load(chunks[RUNTIME])(sources, hooks, given)

    # ---- what the prelude asks at once; none of these may raise ------------------------------------------------

    def _hook_identity(self, number: int) -> bytes:
        return self.running[number].identity()

    def _hook_now(self, number: int) -> int:
        return self.running[number].now()

    def _hook_draw(self, number: int, kind: bytes, size: int) -> bytes:
        return self.running[number].draw(kind.decode(), size)

    def _hook_note(self, number: int, level: bytes, text: bytes, fields: bytes) -> None:
        self.running[number].note(level.decode(), text.decode(errors="replace"), fields)

    def _hook_post(self, number: int, dest: bytes, topic: bytes, form: bool | int, payload: Any) -> bool:  # noqa: FBT001
        if type(form) is int:  # a map: Python knows it by the coroutine that it came from, and frees it through that
            payload = self._own(payload)
        return self.running[number].post(dest, topic, form, payload)

    def _hook_pure(self, number: int, name: bytes, args: bytes) -> tuple[bool, bytes]:
        return self.running[number].pure(name.decode(errors="replace"), args)

    def _hook_look(self, number: int) -> float:
        running = self.running.get(number)
        return -1.0 if running is None or running.stopped else thread_time()

    def _hook_dropped(self, number: int, path: bytes) -> None:
        self.running[number].dropped(path.decode(errors="replace"))

    def _hook_burst(self, number: int, text: bytes) -> bool:
        return self.running[number].burst(text.decode())

    def _hook_heavy(self, number: int, kib: float) -> None:
        self.running[number].heavy(int(kib))

    def encoded_twice(self, value: Any) -> bytes:
        """Return what the Lua codec makes of a value that it decoded: for tests that hold the codecs equal."""
        return self.lua_encode(self.lua_decode(encode(value)))
