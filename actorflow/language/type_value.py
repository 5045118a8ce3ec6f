"""Types as values: turns the annotation of `type X = T` into the Lua expression that describes it at run time.

The expression is what `__type` of the prelude takes: a primitive is its name as text, everything else a table that
begins with a tag, as written beside each form below. What has no meaning at run time (a conditional type, an expression
inside `typeof`) is `"any"`. Reads only annotations that `Annotations` has recognised, so nothing here can be malformed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from actorflow.language.annotation import Annotations
from actorflow.language.lexer import NAME, NUMBER, STRING, Token

ANY: Final = '"any"'
PRIMITIVES: Final = frozenset(
    ["any", "unknown", "never", "string", "number", "integer", "boolean", "table", "thread", "userdata"]
)
_LITERAL_ARGUMENTS: Final = frozenset({STRING, NUMBER, "true", "false", "nil", "-", ",", "{", "}", "(", ")"})


class TypeValues:
    """Describes the annotations in one list of tokens; each method returns the expression and the index after."""

    def __init__(
        self, tokens: Sequence[Token], annotation: Callable[[str], int | None], parameters: frozenset[str]
    ) -> None:
        """Take the tokens, what finds the annotation of a local (for `typeof`), and the names of type parameters."""
        self._tokens = tokens
        self._grammar = Annotations(tokens)
        self._annotation = annotation
        self._parameters = parameters

    def _kind(self, at: int) -> str:
        return self._grammar.kind(at)

    def type(self, at: int) -> tuple[str, int]:
        """Describe a type: `{"|", …}` a union, `{"&", …}` an intersection, which binds closer."""
        node, after = self._suffixed(at)
        groups = [[node]]
        while self._kind(after) in {"|", "&"}:
            closer = self._kind(after) == "&"
            node, after = self._suffixed(after + 1)
            if closer:
                groups[-1].append(node)
            else:
                groups.append([node])
        if self._grammar.word(after) == "extends":
            return ANY, self._grammar.type(at)
        return _joined("|", [_joined("&", group) for group in groups]), after

    def _suffixed(self, at: int) -> tuple[str, int]:
        """Describe a type with what follows it: `{"[", T}` an array, `{"?", T}` optional, `{"v", T, …}` validated."""
        node, at = self._atom(at)
        while self._kind(at) == "[":
            if self._kind(at + 1) == "]":
                node, at = f'{{"[",{node}}}', at + 2
            else:
                node, at = ANY, self._grammar.type(at + 1) + 1
        node, at = self._validated(node, at)
        while self._kind(at) == "?":
            node, at = self._validated(f'{{"?",{node}}}', at + 1)
        return node, at

    def _validated(self, node: str, at: int) -> tuple[str, int]:
        """Describe `@name(arguments)`: `{"v", T, {"name", arguments…}, …}`; arguments must be literals."""
        checks: list[str] = []
        while self._kind(at) == "@":
            name, at = self._tokens[at + 1].text, at + 2
            arguments: list[Token] = []
            if self._kind(at) == "(":
                after = self._grammar.balanced(at)
                arguments, at = list(self._tokens[at + 1 : after - 1]), after
            plain = all(token.kind in _LITERAL_ARGUMENTS and "\n" not in token.text for token in arguments)
            written = " ".join(token.text for token in arguments) if plain else ""
            checks.append(f'{{"{name}"{"," if written else ""}{written}}}')
        return (f'{{"v",{node},{",".join(checks)}}}' if checks else node), at

    def _atom(self, at: int) -> tuple[str, int]:
        token = self._tokens[at]
        if token.kind == "nil":
            return '"nil"', at + 1
        if token.kind in {"true", "false", STRING, NUMBER}:
            return f'{{"=",{token.text}}}', at + 1
        if token.kind == "{":
            return self._braces(at)
        if token.kind == "(":
            after, _, _ = self._grammar.parameters(at)
            if self._kind(after) == "->":
                return self._function(at, after, "->")
            node, _ = self.type(at + 1)
            return node, after
        return self._named(at)

    def _named(self, at: int) -> tuple[str, int]:
        word = self._tokens[at].text
        if word in {"readonly", "interface"}:
            return self._braces(at + 1)
        if word == "fun":
            after, _, _ = self._grammar.parameters(at + 1)
            return self._function(at + 1, after, ":")
        if word == "typeof":
            return self._typeof(at + 1)
        if word == "keyof":
            node, after = self.type(at + 2)
            return f'{{"k",{node}}}', after + 1
        if word == "asserts":
            return ANY, self._grammar.type(at)
        return self._reference(at)

    def _braces(self, at: int) -> tuple[str, int]:
        """Describe `{"m", K, V}` a map, `{"{", {name, T, optional}, …}` a record, `{"[", T}` an array."""
        if self._kind(at + 1) == "}":
            return '{"{"}', at + 2
        if self._kind(at + 1) == "[":
            key, after = self.type(at + 2)
            value, after = self.type(after + 2)
            return f'{{"m",{key},{value}}}', after + 1
        if self._grammar.field_colon(at + 1):
            return self._record(at + 1)
        node, after = self.type(at + 1)
        return f'{{"[",{node}}}', after + 1

    def _record(self, at: int) -> tuple[str, int]:
        fields: list[str] = []
        while self._kind(at) != "}":
            colon = self._grammar.field_colon(at)
            optional = ",true" if self._kind(at + 1) == "?" else ""
            node, after = self.type(colon)
            fields.append(f'{{"{self._tokens[at].text}",{node}{optional}}}')
            at = after + 1 if self._kind(after) == "," else after
        return f'{{"{{",{",".join(fields)}}}', at + 1

    def _function(self, at: int, after: int, arrow: str) -> tuple[str, int]:
        """Describe `{"f", {parameters…}, {results…}}`."""
        parameters, results = self._items(at), "{}"
        if self._kind(after) == arrow:
            results, after = self._results(after + 1)
        return f'{{"f",{parameters},{results}}}', after

    def _results(self, at: int) -> tuple[str, int]:
        if self._kind(at) == "(":
            after, count, _ = self._grammar.parameters(at)
            if self._kind(after) != "->" and count != 1:
                return self._items(at), after
        node, after = self.type(at)
        return f"{{{node}}}", after

    def _items(self, at: int) -> str:
        """Describe the types between parentheses; the types of `...` are not told apart."""
        nodes: list[str] = []
        at += 1
        while self._kind(at) != ")":
            if self._kind(at) == "...":
                return f"{{{','.join(nodes)}}}"
            named = self._grammar.word(at) and self._kind(at + 1) == ":"
            node, at = self.type(at + 2 if named else at)
            nodes.append(node)
            at += self._kind(at) == ","
        return f"{{{','.join(nodes)}}}"

    def _typeof(self, at: int) -> tuple[str, int]:
        """Describe the declared type of a local, else `{"t", function}`, which looks at the value."""
        after = self._grammar.balanced(at)
        inner = self._tokens[at + 1 : after - 1]
        annotated = self._annotation(inner[0].text) if len(inner) == 1 else None
        if annotated is not None:
            return self.type(annotated)[0], after
        if inner and all(token.kind == (NAME, ".")[place % 2] for place, token in enumerate(inner)):
            return f'{{"t",{_getter([token.text for token in inner[::2]])}}}', after
        return ANY, after

    def _reference(self, at: int) -> tuple[str, int]:
        """Describe `{"$", name}` a parameter, `{"@", name, function}` another type, `{"<", T, …}` one with types."""
        path = [self._tokens[at].text]
        at += 1
        while self._kind(at) == ".":
            path.append(self._tokens[at + 1].text)
            at += 2
        name = ".".join(path)
        if name in self._parameters:
            node = f'{{"$","{name}"}}'
        elif name in PRIMITIVES:
            node = f'"{name}"'
        else:
            node = f'{{"@","{name}",{_getter(path)}}}'
        if self._kind(at) != "<":
            return node, at
        arguments, separator = [], "<"
        while self._kind(at) == separator:
            argument, at = self.type(at + 1)
            arguments.append(argument)
            separator = ","
        return f'{{"<",{node},{",".join(arguments)}}}', at + 1


def _joined(tag: str, nodes: Sequence[str]) -> str:
    return nodes[0] if len(nodes) == 1 else f'{{"{tag}",{",".join(nodes)}}}'


def _getter(path: Sequence[str]) -> str:
    """Return a Lua function that looks up a dotted name where the type is declared; nil when there is none."""
    steps = [".".join(path[: count + 1]) for count in range(len(path))]
    return f"function() return {' and '.join(steps)} end"
