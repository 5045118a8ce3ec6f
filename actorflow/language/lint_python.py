"""The linter of Python scripts.

Works on the syntax tree of one file. Names are followed through imports only; a name that the file binds itself is the
script's own business.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Final

from actorflow.language.determinism_python import determinism, shared
from actorflow.language.finding import Finding, Severity
from actorflow.language.python_names import Names
from actorflow.language.script_rules import FORBIDDEN_BUILTINS, REPLACEMENTS, import_refusal, is_importable
from actorflow.language.silence import silenced

_SCRIPT: Final = "actorflow.script."
_AWAITED: Final = frozenset(
    _SCRIPT + name
    for name in [
        "channel.select",
        "funcs.call",
        "process.cancel",
        "process.checkpoint",
        "process.exec",
        "process.gather",
        "process.io",
        "process.link",
        "process.monitor",
        "process.registry.lookup",
        "process.registry.register",
        "process.registry.unregister",
        "process.send",
        "process.spawn",
        "process.spawn_linked",
        "process.spawn_linked_monitored",
        "process.spawn_monitored",
        "process.start",
        "process.terminate",
        "process.unlink",
        "process.unmonitor",
        "process.upgrade",
        "time.sleep",
    ]
)
_CHANNELS: Final = frozenset(
    _SCRIPT + name for name in ("channel.new", "process.events", "process.inbox", "process.listen", "time.after")
)
_CHANNEL_WAITS: Final = frozenset({"send", "receive"})

_DUNDERS_ALLOWED: Final = frozenset({"__init__", "__name__", "__doc__", "__future__", "__all__", "__slots__"})
_BY_NAME: Final = frozenset({"getattr", "hasattr", "setattr", "delattr"})

_CLOCKS: Final = {
    f"datetime.{name}": "use `from actorflow.script import time`: time.now()"
    for name in ("datetime.now", "datetime.today", "datetime.utcnow", "date.today")
}
_CHANCE: Final = ("time", "random", "uuid", "secrets", "os.urandom")
_FOREIGN: Final = frozenset({"asyncio", "trio", "anyio", "curio"})
_FOREIGN_ADVICE: Final = {
    "sleep": "use `await time.sleep(seconds)` of actorflow.script",
    "gather": "use `await process.gather(…)` of actorflow.script",
    "create_task": "use `await process.start(function, *args)` of actorflow.script",
    "TaskGroup": "use process.start and process.gather of actorflow.script",
    "open_nursery": "use process.start and process.gather of actorflow.script",
    "wait_for": "use `async with process.timeout(seconds):` of actorflow.script",
    "timeout": "use `async with process.timeout(seconds):` of actorflow.script",
    "fail_after": "use `async with process.timeout(seconds):` of actorflow.script",
    "move_on_after": "use `async with process.timeout(seconds):` of actorflow.script",
    "Queue": "use `channel.new(size)` of actorflow.script",
    "open_memory_channel": "use `channel.new(size)` of actorflow.script",
    "to_thread": "use a function.py with `run: thread` and `await funcs.call(id, …)`",
    "checkpoint": "use `await process.checkpoint()` of actorflow.script",
}
_FOREIGN_DEFAULT: Final = "put it into a function.py with `run: trio` or `run: asyncio` and `await funcs.call(id, …)`"

_ORDERED: Final = frozenset({"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "next", "reversed"})
_CONTAINERS: Final = frozenset(
    [
        "bytearray",
        "dict",
        "list",
        "set",
        "collections.Counter",
        "collections.OrderedDict",
        "collections.defaultdict",
        "collections.deque",
    ]
)
_DISPLAYS: Final = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


def lint_python(source: str, file: str, *, allowed: frozenset[str], durable: bool) -> list[Finding]:
    """Return the findings for one Python script, in the order of the source.

    Args:
        source: the text of the script.
        file: where it came from, for the findings.
        allowed: aliases of the entry's imports and the third-party packages it lists.
        durable: hold it to the rules of durable runs: no clock, chance, I/O or order of sets.

    A source that does not parse gives one finding, at the line of the error. Raises nothing.
    """
    try:
        tree = ast.parse(source)
        names = Names(tree)
    except SyntaxError as error:
        return [Finding(file, error.lineno or 1, error.offset or 1, "syntax", f"Python cannot read this: {error.msg}")]
    except (ValueError, RecursionError, MemoryError) as error:
        text = str(error) or "it nests too deeply; split the expression"
        return [Finding(file, 1, 1, "syntax", f"Python cannot read this: {text}")]
    linter = _Linter(file, names, allowed, durable=durable)
    linter.run(tree)
    return silenced(linter.findings, source, file)


class _Linter:
    def __init__(self, file: str, names: Names, allowed: frozenset[str], *, durable: bool) -> None:
        self.findings: list[Finding] = []
        self._file = file
        self._names = names
        self._allowed = allowed
        self._durable = durable
        self._rules: dict[type[ast.AST], Callable[..., None]] = {
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.Attribute: self._attribute,
            ast.Name: self._name,
            ast.Call: self._call,
            ast.Global: self._global,
            ast.Expr: self._statement,
            ast.Await: lambda node: self._foreign(node.value),
            ast.AsyncFor: lambda node: self._foreign(node.iter),
            ast.AsyncWith: self._async_with,
            ast.For: lambda node: self._order(node.iter),
            ast.comprehension: lambda node: self._order(node.iter),
            ast.Starred: lambda node: self._order(node.value),
        }

    def run(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            rule = self._rules.get(type(node))
            if rule is not None:
                rule(node)
        for statement in tree.body:
            self._module_level(statement)
        found = [*shared(tree, self._is_container), *(determinism(tree, self._names) if self._durable else ())]
        for node, code, message in found:
            self._add(node, code, message, "warning")

    def _add(self, node: ast.AST, code: str, message: str, severity: Severity = "error") -> None:
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
        self.findings.append(Finding(self._file, line, column, code, message, severity))

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._check_import(node, alias.name)

    def _import_from(self, node: ast.ImportFrom) -> None:
        if node.level:
            advice = "list the library in the entry's `imports:` and import it by its alias"
            self._add(node, "import", f"a script is no package, so it has no relative imports: {advice}")
            return
        module = node.module or ""
        if is_importable(module, self._allowed):
            return
        for alias in node.names:  # `from actorflow import script`, `from urllib import parse`
            dotted = f"{module}.{alias.name}"
            if not is_importable(dotted, self._allowed):
                self._add(node, "import", import_refusal(module, self._allowed))
                return

    def _check_import(self, node: ast.AST, module: str) -> None:
        if not is_importable(module, self._allowed):
            self._add(node, "import", import_refusal(module, self._allowed))

    def _dunder(self, node: ast.AST, name: str) -> None:
        hidden = name.startswith("__") and name.endswith("__") and len(name) > len("____")
        if hidden and name not in _DUNDERS_ALLOWED and name not in FORBIDDEN_BUILTINS:
            advice = "use isinstance, type(x).__name__, or a method of the object"
            self._add(node, "dunder", f"a script may not reach into {name}: {advice}")

    def _attribute(self, node: ast.Attribute) -> None:
        base = node.value
        if isinstance(base, ast.Call) and isinstance(base.func, ast.Name) and base.func.id == "super":
            return
        self._dunder(node, node.attr)

    def _name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and node.id not in self._names.bound:
            self._dunder(node, node.id)

    def _global(self, node: ast.Global) -> None:
        advice = "keep state in a class or in local variables and pass it on; module globals are shared constants"
        self._add(node, "global", f"a script may not change module globals ({', '.join(node.names)}): {advice}")

    def _call(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Name) and function.id not in self._names.bound:
            self._builtin(node, function.id)
        self._recorded(node)

    def _builtin(self, node: ast.Call, name: str) -> None:
        if name in FORBIDDEN_BUILTINS:
            self._add(node, "builtin", f"a script may not call {name}(): {FORBIDDEN_BUILTINS[name]}")
        if name in _BY_NAME and len(node.args) > 1:
            attribute = node.args[1]
            if isinstance(attribute, ast.Constant) and isinstance(attribute.value, str):
                self._dunder(node, attribute.value)
        if name in _ORDERED:
            for argument in node.args:
                self._order(argument)

    def _recorded(self, node: ast.Call) -> None:
        """Refuse what a replay could not repeat."""
        dotted = self._names.dotted(node.func)
        if not self._durable or not dotted:
            return
        advice = _CLOCKS.get(dotted) or self._chance(dotted)
        if advice:
            self._add(node, "recorded", f"{dotted}() is not recorded, so a replay would differ: {advice}")
        if dotted == f"{_SCRIPT}process.io":
            advice = "put it into a function.py and `await funcs.call(id, …)`"
            self._add(node, "io", f"a durable run refuses process.io: {advice}")

    def _chance(self, dotted: str) -> str | None:
        root = dotted.partition(".")[0]
        if not any(dotted == name or dotted.startswith(f"{name}.") for name in _CHANCE):
            return None
        # an import that is refused has its own finding
        return REPLACEMENTS.get(root) if is_importable(root, self._allowed) else None

    def _statement(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Call):
            return
        function = node.value.func
        dotted = self._names.dotted(function)
        waits = dotted in _AWAITED or (isinstance(function, ast.Attribute) and self._is_channel_wait(function))
        if waits:
            text = ast.unparse(function)
            self._add(node, "await", f"call result not awaited, so nothing happens: write `await {text}(…)`")

    def _is_channel_wait(self, function: ast.Attribute) -> bool:
        made = self._names.origin(function.value)
        return function.attr in _CHANNEL_WAITS and made in _CHANNELS

    def _async_with(self, node: ast.AsyncWith) -> None:
        for item in node.items:
            self._foreign(item.context_expr)

    def _foreign(self, node: ast.expr) -> None:
        dotted = self._names.dotted(node.func if isinstance(node, ast.Call) else node)
        root, _, rest = dotted.partition(".")
        if root in _FOREIGN and rest:
            advice = _FOREIGN_ADVICE.get(rest.partition(".")[0], _FOREIGN_DEFAULT)
            self._add(node, "foreign-await", f"a script cannot wait for {dotted}: {advice}")

    def _order(self, node: ast.expr) -> None:
        if self._durable and self._names.is_set(node):
            advice = "iterate over sorted(…), or keep the items in a list or the keys of a dict"
            text = f"the order of a set differs from process to process, so a replay may differ: {advice}"
            self._add(node, "set-order", text, "warning")

    def _module_level(self, statement: ast.stmt) -> None:
        for name, value in _assigned(statement):
            if not self._is_container(value) or name in _DUNDERS_ALLOWED:
                continue
            if name.isupper() and name not in self._names.mutated:
                continue  # spelled as a constant, and nothing here changes it
            advice = "make it a tuple, a frozenset or a constant in capitals that nothing changes, or create it per run"
            text = f"{name!r} is mutable and shared by every process that runs this script: {advice}"
            self._add(statement, "mutable-global", text, "warning")

    def _is_container(self, value: ast.expr) -> bool:
        if isinstance(value, ast.Call):
            return (self._names.dotted(value.func) or self._names.builtin(value.func)) in _CONTAINERS
        return isinstance(value, _DISPLAYS)


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """Yield each name that a statement binds, with its value."""
    if isinstance(statement, ast.Assign):
        yield from ((target.id, statement.value) for target in statement.targets if isinstance(target, ast.Name))
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
        yield statement.target.id, statement.value
