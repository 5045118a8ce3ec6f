"""No text makes the registry raise or hang."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from actorflow.registry.load import load_registry
from actorflow.registry.schema import own_kinds

KINDS = [kind.name for kind in own_kinds()]
KEYS = sorted(
    {name for kind in own_kinds() for name in kind.model.model_fields} | {"import", "data", "restart", "idle"}
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(
        ["10s", "5", "file://x", "file:///../x", "${env:A}", "${env:A|3}", "$${", "app:a", "a", ":", "ns:app"]
    )
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4) | st.integers(), inner, max_size=4)
    ),
    max_leaves=8,
)
entries = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b", "c"]) | scalars, "kind": st.sampled_from(KINDS) | scalars},
    optional={
        "meta": values,
        "data": values,
        "imports": st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["a", "b", "app:c", "d"])),
        "source": st.just("return 1") | scalars,
        **dict.fromkeys(("lifecycle", "host", "process", "database", "limits", "modules", "cache", "input"), values),
    },
)
registries = st.fixed_dictionaries(
    {"namespace": st.just("app") | scalars, "entries": st.lists(entries, max_size=4) | values},
    optional={"meta": values, "version": scalars},
)
yaml_like = st.text(alphabet="ab:-{}[]&*!|>'\"%@#?,\n\t \\0<~x", max_size=60)


def load_text(text: str, name: str, overrides: list[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, name).write_bytes(text.encode("utf-8", "surrogatepass"))
        registry = load_registry(
            Path(directory), overrides=overrides, environment={"A": "4"}, modules={"lua": frozenset({"json"})}
        )
        for fault in registry.faults:
            assert str(fault)
        assert sorted(registry.order) == [entry.id for entry in registry]
        for entry in registry:
            registry.dependencies(entry.id)
            if not entry.broken and getattr(entry.config, "source", None):
                assert registry.bundle(entry.id).hash


@given(yaml_like | st.text(), st.sampled_from(["a.yaml", "node.yaml", "wippy.lock", ".wippy.yaml", "a.json"]))
@settings(max_examples=300)
def test_no_text_makes_loading_raise(text: str, name: str) -> None:
    load_text(text, name, [])


@given(
    registries,
    st.lists(st.text(max_size=20) | st.builds("app:a:{}={}".format, st.sampled_from(KEYS), scalars), max_size=2),
)
@settings(max_examples=200)
def test_no_registry_makes_loading_raise(tree: dict[str, Any], overrides: list[str]) -> None:
    load_text(yaml.safe_dump(tree, allow_unicode=True), "a.yaml", overrides)
