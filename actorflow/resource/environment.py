"""Environment variables for scripts: the operations `env.get`, `env.set`, `env.get_all`.

Scripts see the variables that `env.variable` entries declare, and no others of the operating system.
"""

from __future__ import annotations

from actorflow.errors import PERMISSION_DENIED, Error, invalid, not_found
from actorflow.module.octets import described
from actorflow.node.node import Node
from actorflow.node.operation import Caller
from actorflow.node.suggest import did_you_mean
from actorflow.registry.environment import Environment, Variable
from actorflow.value import Value


class Variables:
    """The operations, on the environment that the registry of a node declares."""

    def __init__(self, node: Node) -> None:
        """Serve the scripts of `node`."""
        self._node = node

    def get(self, _caller: Caller, name: Value = None) -> str:
        """`env.get` name → the value as text.

        Raises:
            Error: Invalid for a name that is no text or empty, NotFound when it is not declared or has no value.
        """
        variable = self._declared(name)
        value = self._environment.read(variable)
        if value is None:
            raise not_found(f"environment variable {name!r} has no value and no default", variable=name)
        return value

    def set(self, _caller: Caller, name: Value = None, value: Value = None) -> bool:
        """`env.set` name, text → True.

        Raises:
            Error: Invalid for a name or value that is no text, NotFound when the name is not declared, PermissionDenied
                when the variable or its storage is read-only.
        """
        variable = self._declared(name)
        if not isinstance(value, str):
            raise invalid(f"env.set: got {described(value)} for {name}, expected text")
        if variable.config.fixed:
            message = f"environment variable {name!r} is read-only: its entry {variable.id} says `readonly: true`"
            raise Error(message, PERMISSION_DENIED, retryable=False)
        self._environment.storage(variable).set(variable.key, value)
        return True

    def get_all(self, _caller: Caller) -> dict[str, str]:
        """`env.get_all` → the values of all declared variables that have one, by public name, else by id.

        A variable whose storage cannot be read has none here; `env.get` says why.
        """
        values = {item.config.variable or item.id: self._value(item) for item in self._environment.variables}
        return {name: value for name, value in values.items() if value is not None}

    def _value(self, variable: Variable) -> str | None:
        try:
            return self._environment.read(variable)
        except Error:
            return None

    @property
    def _environment(self) -> Environment:
        return self._node.environment

    def _declared(self, name: Value) -> Variable:
        if not isinstance(name, str) or not name:
            got = "an empty name" if name == "" else described(name)
            raise invalid(f"env: got {got}, expected the name of a variable or the id of its entry")
        variable = self._environment.declared(name)
        if variable is None:
            known = [item.config.variable or item.id for item in self._environment.variables]
            hint = did_you_mean(name, known)
            raise not_found(f"no env.variable entry declares {name!r}{hint}", variable=name)
        return variable


def install(node: Node) -> None:
    """Add the operations."""
    variables = Variables(node)
    node.operations.add("env.get", variables.get)
    node.operations.add("env.set", variables.set)
    node.operations.add("env.get_all", variables.get_all)
