"""What the names of one Python file stand for, as far as the file itself shows."""

from __future__ import annotations

import ast
from typing import Final

_SET_CALLS: Final = frozenset({"set", "frozenset"})
_SET_METHODS: Final = frozenset({"union", "intersection", "difference", "symmetric_difference", "copy"})
_SET_OPERATORS: Final = (ast.BitOr, ast.BitAnd, ast.BitXor, ast.Sub)
_MUTATORS: Final = frozenset(
    [
        "add",
        "append",
        "appendleft",
        "clear",
        "discard",
        "extend",
        "extendleft",
        "insert",
        "pop",
        "popitem",
        "popleft",
        "remove",
        "reverse",
        "setdefault",
        "sort",
        "update",
    ]
)
_MAX_CHAIN: Final = 50


class Names:
    """The names of one module.

    Attributes:
        bound: names that the file binds by assignment, definition or parameter, in any scope.
        mutated: names whose value the file changes in place.
    """

    def __init__(self, tree: ast.Module) -> None:
        """Collect what the tree says about its names."""
        self.bound: set[str] = set()
        self.mutated: set[str] = set()
        self._imported: dict[str, str] = {}
        self._values: dict[str, list[ast.expr | None]] = {}
        self._sets: dict[str, bool] = {}
        for node in ast.walk(tree):
            self._collect(node)

    def _collect(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._bind(node.name, None)
        elif isinstance(node, ast.arg):
            self._bind(node.arg, None)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            self.bound.add(node.id)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr | ast.For | ast.AugAssign):
            self._assign(node)
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            self._mutate(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _MUTATORS:
            self._mutate(node.func.value)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                self._imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            elif alias.asname:
                self._imported[alias.asname] = alias.name
            else:
                root = alias.name.partition(".")[0]
                self._imported[root] = root

    def _assign(self, node: ast.Assign | ast.AnnAssign | ast.NamedExpr | ast.For | ast.AugAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        value = None if isinstance(node, ast.For | ast.AugAssign) else node.value
        for target in targets:
            if isinstance(target, ast.Name):
                self._bind(target.id, value)
                if isinstance(node, ast.AugAssign):
                    self.mutated.add(target.id)

    def _bind(self, name: str, value: ast.expr | None) -> None:
        self.bound.add(name)
        self._values.setdefault(name, []).append(value)

    def _mutate(self, node: ast.expr) -> None:
        if isinstance(node, ast.Name):
            self.mutated.add(node.id)

    def dotted(self, node: ast.expr) -> str:
        """Return the full dotted name of `node` if it goes back to an import, else ""."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id in self.bound or node.id not in self._imported:
            return ""
        return ".".join([self._imported[node.id], *reversed(parts)])

    def builtin(self, node: ast.expr) -> str:
        """Return the name of `node` if nothing in the file gives it another meaning, else ""."""
        if not isinstance(node, ast.Name) or node.id in self.bound or node.id in self._imported:
            return ""
        return node.id

    def origin(self, node: ast.expr) -> str:
        """Return the imported function whose call gives `node`, directly or through one name, else ""."""
        if isinstance(node, ast.Name):
            values = self._values.get(node.id, [])
            made = {self.dotted(value.func) if isinstance(value, ast.Call) else "" for value in values}
            return made.pop() if len(made) == 1 else ""
        return self.dotted(node.func) if isinstance(node, ast.Call) else ""

    def is_set(self, node: ast.expr, chain: int = 0) -> bool:
        """Tell whether `node` is certainly a set: a display, a call, an operation on one, or a name for only these."""
        if chain > _MAX_CHAIN:
            return False
        if isinstance(node, ast.Set | ast.SetComp):
            return True
        if isinstance(node, ast.Call):
            return self._gives_set(node, chain)
        if isinstance(node, ast.BinOp) and isinstance(node.op, _SET_OPERATORS):
            return self.is_set(node.left, chain + 1) or self.is_set(node.right, chain + 1)
        if isinstance(node, ast.Name):
            return self._names_set(node.id, chain)
        return False

    def _names_set(self, name: str, chain: int) -> bool:
        """Tell whether every value that the file gives `name` is a set; each name is looked at once."""
        if name not in self._sets:
            self._sets[name] = False  # while it is looked at: a name defined by itself alone is no set
            values = self._values.get(name, [])
            self._sets[name] = bool(values) and all(
                value is not None and self.is_set(value, chain + 1) for value in values
            )
        return self._sets[name]

    def _gives_set(self, node: ast.Call, chain: int) -> bool:
        if self.builtin(node.func) in _SET_CALLS:
            return True
        is_method = isinstance(node.func, ast.Attribute) and node.func.attr in _SET_METHODS
        return is_method and isinstance(node.func, ast.Attribute) and self.is_set(node.func.value, chain + 1)
