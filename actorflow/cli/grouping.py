"""Options that go together: a verb takes them as one parameter, the command line as so many options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import typer

from actorflow.cli.option import Data, Directory, Overrides
from actorflow.cli.place import Place

State = Annotated[str, typer.Option("--state", help="All in this state.", show_default=False)]
Entry = Annotated[str, typer.Option("--entry", help="All of this entry.", show_default=False)]
Host = Annotated[str, typer.Option("--host", help="All of this host.", show_default=False)]
Prefix = Annotated[str, typer.Option("--prefix", help="All whose workflow ids begin so.", show_default=False)]
OlderThan = Annotated[
    str, typer.Option("--older-than", metavar="DURATION", help="All that have not changed for so long, e.g. 30d.")
]


class Filter(dict[str, Any]):
    """The filter that options name, as the control socket takes it; empty without one."""


class FilterOfState(Filter):
    """One of a verb that says itself in which state the runs are."""


def _place(directory: Directory = None, data: Data = None, override: Overrides = None) -> Place:
    return Place.of(directory, data, override)


def _of_state(entry: Entry = "", host: Host = "", prefix: Prefix = "", older_than: OlderThan = "") -> FilterOfState:
    from actorflow.duration import SECOND, to_nanoseconds  # noqa: PLC0415 - only where somebody asks for it

    given: dict[str, Any] = {"entry": entry, "host": host, "prefix": prefix}
    given = {name: value for name, value in given.items() if value}
    if older_than:
        given["older_than"] = to_nanoseconds(older_than, SECOND)
    return FilterOfState(given)


def _filter(
    state: State = "", entry: Entry = "", host: Host = "", prefix: Prefix = "", older_than: OlderThan = ""
) -> Filter:
    return Filter(({"state": state} if state else {}) | _of_state(entry, host, prefix, older_than))


_GROUPS: Final[Mapping[Any, Callable[..., Any]]] = {Place: _place, Filter: _filter, FilterOfState: _of_state}
"""What makes a parameter of a type; its own parameters are the options."""


def grouped(verb: Callable[..., None]) -> Callable[..., None]:
    """Return a verb for the command line, whose parameters of a type in `_GROUPS` are options in their place."""
    signature = inspect.signature(verb, eval_str=True)
    makers = {
        name: _GROUPS[given.annotation] for name, given in signature.parameters.items() if given.annotation in _GROUPS
    }
    options = {name: inspect.signature(make, eval_str=True).parameters for name, make in makers.items()}

    def run(**given: Any) -> None:
        made = {name: make(**{option: given.pop(option) for option in options[name]}) for name, make in makers.items()}
        verb(**made, **given)

    parameters = [
        option.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, given in signature.parameters.items()
        for option in (options[name].values() if name in options else [given])
    ]
    run.__name__, run.__doc__, run.__module__ = verb.__name__, verb.__doc__, verb.__module__
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # what the command line reads
    return run
