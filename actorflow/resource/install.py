"""Gives a node the operations of every resource."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from actorflow.node.node import Node

INSTALLED: Final = (
    *("activity", "environment", "events", "global_name", "pg", "queues", "registry", "security", "sql", "store"),
    *("subscription", "system", "terminal", "workflow_control", "workflow_waiting"),
)
"""The files of this package that have operations; the others are imported by what uses them."""


def install(node: Node) -> None:
    """Let each file that has an `install(node)` add its operations, in the order of their names."""
    for name in INSTALLED:
        import_module(f"actorflow.resource.{name}").install(node)
