"""JSON Schema (jsonschema-rs): drafts 4, 6, 7, 2019-09 and 2020-12; without `$schema`, the last.

Patterns are matched in linear time. References to other documents are not followed: there is no network here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from actorflow.errors import INVALID, Error, invalid
from actorflow.module.octets import text
from actorflow.module.schema_cost import check_cost

_CACHED: Final = 64
"""Compiled schemas that are kept: a memo of a pure function, shared by whoever uses the same schema."""
_SHOWN: Final = 5
"""Faults that one message names."""
_LISTS: Final = frozenset({"required", "enum", "examples", "type", "prefixItems", "allOf", "anyOf", "oneOf"})
_MAPS_OF_SCHEMAS: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})


def validate(schema_text: Any = None, data_text: Any = None, loose_schema: Any = None, loose_data: Any = None) -> bool:
    """Return True when data fits a schema, both given as JSON text.

    What is `loose` was made from tables of Lua, where an empty one may be a list or a map: it fits where either
    would, and in the schema it is what belongs there.

    Raises:
        Error: kind Invalid, for what is no JSON or no schema; and naming the faults, when the data does not fit.
    """
    data = _parsed(data_text, "data")
    given = text(schema_text, "json.validate, schema")
    validator, schema = _compiled(given, bool(loose_schema))
    check_cost(schema, data)
    faults = list(islice(validator.iter_errors(data), _SHOWN + 1))
    if faults and loose_data:
        filled = _filled(data, schema)
        check_cost(schema, filled)
        faults = list(islice(validator.iter_errors(filled), _SHOWN + 1))
    if not faults:
        return True
    shown = "; ".join(_sentence(fault) for fault in faults[:_SHOWN]) + ("; and more" if len(faults) > _SHOWN else "")
    details = {"errors": [{"path": _path(fault), "message": fault.message} for fault in faults[:_SHOWN]]}
    raise Error(f"json.validate: {shown}", INVALID, retryable=False, details=details)


def _sentence(fault: Any) -> str:
    path = _path(fault)
    return f"at {path}: {fault.message}" if path else str(fault.message)


def _path(fault: Any) -> str:
    return "".join(f"/{step}" for step in fault.instance_path)


def _parsed(source: Any, what: str) -> Any:
    given = text(source, f"json.validate, {what}")
    try:
        return json.loads(given)
    except (ValueError, RecursionError) as error:
        raise invalid(f"json.validate, {what}: {error}") from None


@lru_cache(_CACHED)
def _compiled(schema_text: str, loose: bool) -> tuple[Any, Any]:  # noqa: FBT001 - a key of the memo
    """Return the validator of a schema, and the schema."""
    import jsonschema_rs  # noqa: PLC0415 - imported when first used

    written = _parsed(schema_text, "schema")
    schema = _repaired(written, "") if loose else written
    try:
        patterns = jsonschema_rs.RegexOptions()
        return jsonschema_rs.validator_for(schema, pattern_options=patterns, retriever=_no_network), schema
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, TypeError) as error:
        why = getattr(error, "message", None) or str(error).partition("\n")[0]
        raise invalid(f"json.validate: not a schema: {why}") from None


def _no_network(uri: str) -> Any:
    raise ValueError(f"{uri}: references to other documents are not followed")


def _repaired(schema: Any, keyword: str) -> Any:
    """Return a schema whose empty lists are maps where a schema or a map of schemas is expected."""
    if schema == []:
        return [] if keyword in _LISTS else {}
    if isinstance(schema, list):
        return [_repaired(item, "items") for item in schema]
    if not isinstance(schema, dict) or keyword in {"const", "default"}:
        return schema
    inner = keyword in _MAPS_OF_SCHEMAS
    return {name: _repaired(item, "" if inner else name) for name, item in schema.items()}


def _filled(data: Any, schema: Any) -> Any:
    """Return data whose empty lists are maps wherever the schema at that place does not ask for a list."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    if data == []:
        return [] if kind == "array" else {}
    if isinstance(data, list):
        items = schema.get("items") if isinstance(schema, dict) else None
        return [_filled(item, items) for item in data]
    if isinstance(data, dict):
        properties = schema.get("properties") if isinstance(schema, dict) else None
        known = properties if isinstance(properties, dict) else {}
        return {name: _filled(item, known.get(name)) for name, item in data.items()}
    return data


PURE: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType({"schema.validate": validate})
