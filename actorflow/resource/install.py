"""Gives a node the operations of every resource."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import actorflow.resource
from actorflow.node.node import Node


def install(node: Node) -> None:
    """Let each file of this package that has an `install(node)` add its operations, in the order of their names."""
    for found in pkgutil.iter_modules(actorflow.resource.__path__, f"{actorflow.resource.__name__}."):
        module = import_module(found.name)
        if module.__name__ != __name__ and hasattr(module, "install"):
            module.install(node)
