from __future__ import annotations

from pathlib import Path

from actorflow.registry.schema import node_schema_text, own_kinds, registry_schema, schema_text

CHECKED_IN = Path(__file__).parents[3] / "docs" / "schema" / "registry.schema.json"


def test_the_checked_in_schema_is_current() -> None:
    assert CHECKED_IN.read_text() == schema_text(), "run: python -m actorflow.registry.schema > docs/schema/…"


def test_the_schema_of_node_yaml_is_current() -> None:
    checked_in = CHECKED_IN.with_name("node.schema.json")
    assert checked_in.read_text() == node_schema_text(), "run: python -m actorflow.registry.schema node > docs/schema/…"


def test_every_kind_is_in_the_schema_with_its_fields() -> None:
    schema = registry_schema(own_kinds())
    branches = schema["$defs"]["Entry"]["allOf"]
    assert [branch["if"]["properties"]["kind"]["const"] for branch in branches] == [kind.name for kind in own_kinds()]
    assert "database" in schema["$defs"]["WorkflowHost"]["properties"]
    assert "import" in schema["$defs"]["FunctionPy"]["properties"]


def test_durations_are_written_with_a_unit() -> None:
    schema = registry_schema(own_kinds())
    timeout = schema["$defs"]["Lifecycle"]["properties"]["start_timeout"]
    assert timeout["default"] == "10s"
    assert {"const": 0} in timeout["anyOf"]
