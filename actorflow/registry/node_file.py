"""The section `node` of node.yaml: the name of the node, and how it meets others.

Variables of the operating system, `ACTORFLOW_NODE_NAME`, `_LISTEN`, `_ADVERTISE`, `_SEEDS` (with commas) and `_SECRET`,
win over what is written, so that many nodes can be started from one directory.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError

from actorflow.duration import SECOND
from actorflow.names import STORE
from actorflow.registry.decode import explained
from actorflow.registry.document import Document
from actorflow.registry.fault import Fault, closest, dotted, shown
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Duration, Names, refusal
from actorflow.registry.placeholder import PlaceholderError, resolve

SECTION: Final = "node"
_VARIABLE: Final = "ACTORFLOW_NODE_"
_OVERRIDDEN: Final = ("name", "listen", "advertise", "seeds", "secret")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_SECRET_LENGTH: Final = 16
_LEAST_BEATS: Final = 2


def _named(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise refusal("letters, digits, '.', '_' and '-', at most 63, such as shop-1")
    return value


def _addressed(value: str) -> str:
    if value and not _is_address(value):
        raise refusal("host:port such as 10.0.0.7:7400")
    return value


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(f"//{value}")
        return bool(parts.hostname) and parts.port is not None and parts.netloc == value and "@" not in value
    except ValueError:
        return False


def _all_addressed(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        _addressed(value)
    return values


Address = Annotated[str, AfterValidator(_addressed)]


class TlsSection(Config):
    """The files of TLS, PEM, beside node.yaml: without them nodes talk in the clear, though only with each other."""

    ca: str = Field(min_length=1, description="certificates that are trusted to sign those of other nodes")
    certificate: str = Field(min_length=1, description="the certificate that this node shows, made out to its host")
    key: str = Field(min_length=1, description="its private key")
    server_name: str = Field(
        default="", description="what certificates of other nodes are made out to, if not to their hosts"
    )


class NodeSection(Config):
    """How a node is called and meets others. Without `listen` it is alone."""

    name: Annotated[str, AfterValidator(_named)] = Field(
        default=STORE, description="node part of the PIDs of its actors"
    )
    listen: Address = Field(default="", description="host:port at which other nodes reach it; port 0 takes a free one")
    advertise: Address = Field(default="", description="host:port that others are told, if it is another one")
    seeds: Annotated[Names, AfterValidator(_all_addressed)] = Field(
        default=(), description="addresses to meet others at"
    )
    secret: str = Field(default="", description="what every node of the cluster knows, 16 characters at least")
    cluster: str = Field(default="", description="name of the cluster: nodes of another one are strangers")
    tls: TlsSection | None = None
    heartbeat: Duration = Field(
        default=SECOND, description="how often a node that is not heard of otherwise gives a sign"
    )
    down_after: Duration = Field(default=5 * SECOND, description="how long a node that is not heard of counts as up")
    names: str = Field(
        default="",
        description="id of a db.sql.* entry that all nodes share: it keeps their consistent names; else the database "
        "of ACTORFLOW_DATABASE does",
    )


def read_section(
    document: Document | None, path: Path, environment: Mapping[str, str], faults: list[Fault]
) -> NodeSection:
    """Return what the section says; what is wrong with it is added to the faults, file scope."""
    written = document.value.get(SECTION) if document is not None else None
    if written is not None and not isinstance(written, dict):
        faults.append(_fault(path, document, (), shown(written), "a map such as {name: shop-1, listen: 10.0.0.7:7400}"))
        return NodeSection()
    before = len(faults)
    values = {**_resolved(written or {}, (), path, document, environment, faults), **_overridden(environment)}
    if len(faults) > before:
        return NodeSection()
    try:
        section = NodeSection.model_validate(values)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            place = tuple(problem["loc"])
            got, expected, suggestion = explained(problem)
            if problem["type"] == "extra_forbidden":
                known = list((TlsSection if place[0] == "tls" else NodeSection).model_fields)
                got, expected = "an unknown key", f"one of {', '.join(known)}"
                suggestion = closest(str(place[-1]), known)
            faults.append(_fault(path, document, place, got, expected, suggestion))
        return NodeSection()
    faults.extend(_fault(path, document, *fault) for fault in _contradictions(section))
    return section


def _contradictions(section: NodeSection) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield what does not go together: field, got, expected."""
    if not section.listen:
        return
    if section.name == STORE:
        yield ("name",), f"{STORE!r}", "a name of its own: other nodes know it by that"
    if len(section.secret) < _SECRET_LENGTH:
        got = f"{len(section.secret)} characters" if section.secret else "nothing"
        yield (
            ("secret",),
            got,
            f"at least {_SECRET_LENGTH} characters, the same on every node, e.g. ${{env:MESH_SECRET}}",
        )
    if not section.advertise and _is_anywhere(section.listen):
        yield ("advertise",), "nothing", f"the address at which others reach what listens at {section.listen}"
    if section.down_after < _LEAST_BEATS * section.heartbeat or not section.heartbeat:
        yield ("down_after",), "less than two heartbeats", "at least twice `heartbeat`, which is more than 0"


def _is_anywhere(address: str) -> bool:
    try:
        return ipaddress.ip_address(urlsplit(f"//{address}").hostname or "").is_unspecified
    except ValueError:
        return False


def _overridden(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields that variables of the operating system give."""
    found: dict[str, Any] = {}
    for field in _OVERRIDDEN:
        value = environment.get(_VARIABLE + field.upper())
        if value is not None:
            found[field] = [part.strip() for part in value.split(",") if part.strip()] if field == "seeds" else value
    return found


def _resolved(  # noqa: PLR0913, PLR0917 - where a value stands
    value: Any,
    place: tuple[str | int, ...],
    path: Path,
    document: Document | None,
    environment: Mapping[str, str],
    faults: list[Fault],
) -> Any:
    """Return a value with its placeholders replaced."""
    if isinstance(value, dict):
        return {key: _resolved(item, (*place, key), path, document, environment, faults) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, (*place, at), path, document, environment, faults) for at, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    try:
        return resolve(value, environment)
    except PlaceholderError as error:
        faults.append(_fault(path, document, place, error.got, error.expected))
        return value


def _fault(  # noqa: PLR0913, PLR0917 - the parts of a fault
    path: Path,
    document: Document | None,
    place: tuple[str | int, ...],
    got: str,
    expected: str,
    suggestion: str = "",
) -> Fault:
    full = (SECTION, *place)
    if document is None:
        return Fault(
            "file", f"{_VARIABLE}{str(place[0]).upper()}" if place else SECTION, 0, dotted(full), got, expected
        )
    return Fault("file", str(path), document.mark.at(full).line, dotted(full), got, expected, suggestion)
