"""`temporal.client`: a connection to a Temporal cluster."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from actorflow.duration import SECOND
from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Duration, Name, refusal
from actorflow.registry.kinds.lifecycle import Lifecycle


def _address(value: object) -> object:
    if not isinstance(value, str):
        return value
    host, colon, port = value.strip().rpartition(":")
    if not colon or not host or not port.isdigit():
        raise refusal("an address, host:port", repr(f"{value.strip().rstrip(':')}:7233") if value.strip() else "")
    return value.strip()


class Auth(Config):
    """Who the client is: nobody, the holder of an API key, or of a certificate.

    `api_key` is the key itself, `api_key_env` the environment variable that has it, `api_key_file` the file.
    `cert_file` and `key_file` are PEM files, `cert_pem` and `key_pem` their text.
    """

    type: Literal["none", "api_key", "mtls"] = "none"
    api_key: str = ""
    api_key_env: str = ""
    api_key_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    cert_pem: str = ""
    key_pem: str = ""


class Tls(Config):
    """How the connection is encrypted; `ca_file` or `ca_pem` in place of the roots of the system."""

    enabled: bool = True
    ca_file: str = ""
    ca_pem: str = ""
    server_name: str = ""
    insecure_skip_verify: bool = False


class HealthCheck(Config):
    """How often the server is asked whether it is there, beside the connection's own keep-alive."""

    enabled: bool = False
    interval: Duration = 30 * SECOND


class TemporalClient(Config):
    """A connection to a Temporal cluster.

    `tq_prefix` goes before the task queues of its workers. `search_attributes` are created when the client starts,
    where the cluster does not have them: name and type (`text`, `keyword`, `int`, `double`, `bool`, `datetime`,
    `keyword_list`).
    """

    address: Annotated[str, BeforeValidator(_address)] = "localhost:7233"
    namespace: Name = "default"
    tq_prefix: str = ""
    auth: Auth = Auth()
    tls: Tls | None = None
    connection_timeout: Duration = 10 * SECOND
    keep_alive_time: Duration = 30 * SECOND
    keep_alive_timeout: Duration = 10 * SECOND
    health_check: HealthCheck = HealthCheck()
    search_attributes: dict[Name, Literal["text", "keyword", "int", "double", "bool", "datetime", "keyword_list"]] = (
        Field(default_factory=dict)
    )
    lifecycle: Lifecycle = Lifecycle()


KIND = Kind("temporal.client", TemporalClient, factory="hosts.temporal:make_client", resource=True)
