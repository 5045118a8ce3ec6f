"""The Lua language: compiles a bundle to a program that processes share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from actorflow.bundle import Bundle
from actorflow.errors import invalid
from actorflow.language.erase import erase_types
from actorflow.language.lint import lint_lua, refuse_durable
from actorflow.language.lua.running import Running
from actorflow.language.lua.runtime import Runtime, RuntimeLimits
from actorflow.notice import NoticeSink, drop

if TYPE_CHECKING:
    from actorflow.machine.machine import Machine

_DEFAULT_METHOD: Final = "main"
_BUILT_IN: Final = frozenset({"channel", "coroutine", "errors", "math", "os", "payload", "process", "string", "table"})
_LISTED: Final = frozenset({"ctx", "funcs", "json", "logger", "time", "uuid", "workflow"})


class LuaLanguage:
    """Lua on one node: the runtime that its processes share, and those of isolated entries."""

    modules: Final = _BUILT_IN | _LISTED
    """Names of the modules an entry may list."""

    def __init__(self, notices: NoticeSink = drop, limits: RuntimeLimits | None = None) -> None:
        """Make a language that has compiled nothing; the runtime starts with the first program."""
        self._notices = notices
        self._limits = limits or RuntimeLimits()
        self._shared: Runtime | None = None
        self._chunks: dict[tuple[int, str], int] = {}

    def compile(self, bundle: Bundle, *, durable: bool = False) -> LuaProgram:
        """Return the program of a bundle; `durable` holds it to the rules of durable runs.

        Raises:
            Error: kind Invalid, naming file and line, for a syntax error, a module that does not exist, or one that a
                durable run may not use.
        """
        _check(bundle, durable=durable)
        runtime = self._runtime(bundle)
        lines: list[str] = []
        self._plan(runtime, bundle, lines, {}, entry=True)
        return LuaProgram(bundle, runtime, "\n".join(lines))

    def _runtime(self, bundle: Bundle) -> Runtime:
        if bundle.options.get("isolate"):
            return Runtime(self._limits)
        if self._shared is None:
            self._shared = Runtime(self._limits)
        return self._shared

    def _plan(self, runtime: Runtime, bundle: Bundle, lines: list[str], known: dict[str, int], *, entry: bool) -> int:
        """Append the units of a bundle, libraries first, and return the number of the last; see `load_units`."""
        if not entry and bundle.hash in known:
            return known[bundle.hash]
        aliases = {
            alias: self._plan(runtime, library, lines, known, entry=False) for alias, library in bundle.imports.items()
        }
        chunk = self._chunk(runtime, bundle)
        number = known[bundle.hash] = len(lines) + 1
        imports = ",".join(f"{alias}={unit}" for alias, unit in aliases.items())
        lines.append(f"{number}\t{imports}\t{chunk}\t{','.join(bundle.modules)}" + ("\tentry" if entry else ""))
        return number

    def _chunk(self, runtime: Runtime, bundle: Bundle) -> int:
        key = (id(runtime), bundle.hash)
        chunk = self._chunks.get(key, 0)
        if not chunk:
            source = "\n" * bundle.line + erase_types(bundle.source)
            chunk, problem = runtime.compile(source, bundle.file or bundle.id)
            if problem:
                raise invalid(f"{bundle.id}: {problem}")
            self._chunks[key] = chunk
        return chunk


def _check(bundle: Bundle, *, durable: bool) -> None:
    unknown = [name for name in bundle.modules if name not in LuaLanguage.modules]
    if unknown:
        there = ", ".join(sorted(LuaLanguage.modules))
        raise invalid(f"{bundle.id}: module {unknown[0]!r} does not exist here; there are: {there}")
    if durable:
        refusal = refuse_durable(bundle.modules)
        if refusal:
            raise invalid(f"{bundle.id} cannot run durably: {refusal}")
    name = bundle.file or bundle.id
    findings = lint_lua("\n" * bundle.line + bundle.source, name, durable=durable, modules=tuple(bundle.modules))
    errors = [str(finding) for finding in findings if finding.severity == "error" and finding.code.startswith("durable")]
    if errors:
        raise invalid(f"{bundle.id} cannot run here:\n  " + "\n  ".join(errors))
    for library in bundle.imports.values():
        _check(library, durable=durable)


class LuaProgram:
    """A compiled entry (`ports.Program`)."""

    __slots__ = ("_bundle", "method", "plan", "runtime")

    def __init__(self, bundle: Bundle, runtime: Runtime, plan: str) -> None:
        """Remember what an instance is made of."""
        self._bundle = bundle
        self.runtime = runtime
        self.plan = plan.encode()
        self.method = (bundle.method or _DEFAULT_METHOD).encode()

    def open(self, machine: Machine) -> Running:
        """Return a fresh instance."""
        return Running(self, machine)
