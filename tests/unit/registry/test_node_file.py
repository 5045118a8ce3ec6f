"""The section `node` of node.yaml: what it says, what it may not, and the variables that win over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorflow.registry.load import open_registry
from actorflow.registry.node_file import NodeSection

SECRET = "0123456789abcdef"  # noqa: S105 - of a test


def read(directory: Path, text: str, **environment: str) -> tuple[NodeSection, list[str]]:
    (directory / "node.yaml").write_text(text)
    registry = open_registry(
        directory, overrides=(), environment=environment, modules={"lua": frozenset(), "py": frozenset()}
    )
    return registry.node, [str(fault).partition("node.yaml")[2] or str(fault) for fault in registry.fatal]


def test_a_node_without_the_section_is_alone(tmp_path: Path) -> None:
    section, faults = read(tmp_path, "directories: {src: .}\n")
    assert (section, faults) == (NodeSection(), [])
    assert (section.name, section.listen) == ("local", "")


def test_what_is_written_is_read_with_placeholders(tmp_path: Path) -> None:
    text = """
node:
  name: shop-1
  listen: 0.0.0.0:7400
  advertise: 10.0.0.7:7400
  seeds: [10.0.0.8:7400, "${env:SEED}"]
  secret: ${env:MESH_SECRET}
  heartbeat: 500ms
  down_after: 3s
  tls: {ca: ca.pem, certificate: a.pem, key: a.key}
"""
    section, faults = read(tmp_path, text, MESH_SECRET=SECRET, SEED="10.0.0.9:7400")
    assert faults == []
    assert (section.name, section.advertise, section.secret) == ("shop-1", "10.0.0.7:7400", SECRET)
    assert section.seeds == ("10.0.0.8:7400", "10.0.0.9:7400")
    assert (section.heartbeat, section.down_after) == (500_000_000, 3_000_000_000)
    assert section.tls is not None
    assert section.tls.key == "a.key"


def test_variables_win_over_what_is_written(tmp_path: Path) -> None:
    section, faults = read(
        tmp_path,
        "node: {name: a, listen: '127.0.0.1:1', secret: short}\n",
        ACTORFLOW_NODE_NAME="b",
        ACTORFLOW_NODE_LISTEN="127.0.0.1:0",
        ACTORFLOW_NODE_SEEDS="127.0.0.1:7, 127.0.0.1:8",
        ACTORFLOW_NODE_SECRET=SECRET,
    )
    assert faults == []
    assert (section.name, section.listen, section.seeds) == ("b", "127.0.0.1:0", ("127.0.0.1:7", "127.0.0.1:8"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("node: [1]", ":1  node  got a list, expected a map such as {name: shop-1"),
        ("node: {nmae: x}", "node.nmae  got an unknown key, expected one of name, listen"),
        ("node: {name: 'a@b'}", "node.name  got 'a@b', expected letters, digits"),
        ("node: {name: 7}", "node.name  got 7, expected text"),
        ("node: {listen: here}", "node.listen  got 'here', expected host:port"),
        ("node: {seeds: ['x y']}", "node.seeds  got a list, expected host:port"),
        ("node: {heartbeat: 5}", "did you mean '5s'?"),
        ("node: {listen: '127.0.0.1:7'}", "node.name  got 'local', expected a name of its own"),
        ("node: {name: a, listen: '127.0.0.1:7'}", "node.secret  got nothing, expected at least 16 characters"),
        ("node: {name: a, listen: '127.0.0.1:7', secret: short}", "node.secret  got 5 characters"),
        (f"node: {{name: a, listen: '0.0.0.0:7', secret: {SECRET}}}", "node.advertise  got nothing"),
        (f"node: {{name: a, listen: 'h:7', secret: {SECRET}, down_after: 1s}}", "expected at least twice `heartbeat`"),
        ("node: {secret: '${env:NOT_SET}'}", "node.secret  got"),
        ("node: {tls: {ca: x}}", "node.tls.certificate  got nothing"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    _, faults = read(tmp_path, text)
    assert any(told in fault for fault in faults), faults
