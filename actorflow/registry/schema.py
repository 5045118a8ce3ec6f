"""The JSON Schema of registry files, for editors, made from the models of the kinds.

`python -m actorflow.registry.schema` prints the document that is checked in as docs/schema/registry.schema.json, and
with the argument `node` the one for node.yaml.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from actorflow.duration import format_duration
from actorflow.registry.kind import Kind, installed_kinds
from actorflow.registry.meta import Meta
from actorflow.registry.node_file import SECTION, NodeSection

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PLACEHOLDER: Final = {"type": "string", "pattern": r"\$\{"}
_ZERO: Final = {"const": 0}
"""What of the bare numbers only a duration allows."""

_TYPED: Final = frozenset({"integer", "number", "boolean"})


def own_kinds() -> list[Kind]:
    """Return the kinds that come with actorflow, by name."""
    kinds, _ = installed_kinds()
    return [kind for _, kind in sorted(kinds.items()) if kind.model.__module__.startswith("actorflow.")]


def registry_schema(kinds: Iterable[Kind]) -> dict[str, Any]:
    """Return the JSON Schema of one registry file with entries of these kinds; other kinds may hold anything."""
    kinds = list(kinds)
    models: list[type[BaseModel]] = [*(kind.model for kind in kinds), Meta]
    refs, document = models_json_schema([(model, "validation") for model in dict.fromkeys(models)])
    definitions = {name: _as_written(schema) for name, schema in document["$defs"].items()}
    branches = []
    for kind in kinds:
        reference = refs[kind.model, "validation"]["$ref"]
        definitions[reference.rpartition("/")[2]]["properties"] |= _frame()
        branches.append({"if": _is(kind), "then": {"$ref": reference}})
    definitions["Entry"] = {
        "type": "object",
        "required": ["name", "kind"],
        "properties": _frame() | {"kind": _kind_names(kinds)},
        "allOf": branches,
    }
    return _file_schema(definitions)


def _frame() -> dict[str, Any]:
    """Return the properties that every entry has."""
    text = {"type": "string", "minLength": 1}
    return {"name": text, "kind": text, "meta": {"$ref": "#/$defs/Meta"}}


def _is(kind: Kind) -> dict[str, Any]:
    """Return the condition for an entry of this kind whose fields are not below `data`."""
    return {"properties": {"kind": {"const": kind.name}}, "not": {"required": ["data"]}}


def _kind_names(kinds: list[Kind]) -> dict[str, Any]:
    return {"anyOf": [{"enum": [kind.name for kind in kinds]}, {"type": "string", "minLength": 1}]}


def _file_schema(definitions: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": _DIALECT,
        "title": "actorflow registry file",
        "type": "object",
        "required": ["namespace"],
        "properties": {
            "version": {},
            "namespace": {"type": "string", "pattern": "^[^:]*[^:\\s][^:]*$"},
            "meta": {"type": "object"},
            "entries": {"type": "array", "items": {"$ref": "#/$defs/Entry"}},
        },
        "if": {"not": {"required": ["entries"]}},
        "then": {"$ref": "#/$defs/Entry"},
        "$defs": dict(sorted(definitions.items())),
    }


def _as_written(schema: Any) -> Any:
    """Return `schema` as people write values: `${…}` for any number or boolean, defaults of durations with units."""
    if isinstance(schema, list):
        return [_as_written(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: _as_written(item) for key, item in schema.items()}
    if "$ref" in changed:
        changed.pop("default", None)
    if _ZERO in changed.get("anyOf", ()) and isinstance(changed.get("default"), int):
        changed["default"] = format_duration(changed["default"])
    if not isinstance(changed.get("type"), str) or changed["type"] not in _TYPED:
        return changed
    outside = {key: changed.pop(key) for key in ("title", "default") if key in changed}
    return {"anyOf": [changed, _PLACEHOLDER]} | outside


def schema_text() -> str:
    """Return the schema of our own kinds as it is checked in."""
    return json.dumps(registry_schema(own_kinds()), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def node_schema_text() -> str:
    """Return the schema of node.yaml as it is checked in; what else it may hold is not checked."""
    schema = _as_written(NodeSection.model_json_schema(ref_template="#/$defs/{model}"))
    definitions = schema.pop("$defs", {}) | {"Node": schema}
    whole = {
        "$schema": _DIALECT,
        "title": "actorflow node.yaml",
        "type": "object",
        "properties": {SECTION: {"$ref": "#/$defs/Node"}},
        "$defs": definitions,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(node_schema_text() if "node" in sys.argv[1:] else schema_text())
