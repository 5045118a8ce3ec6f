"""The operations that the journaling driver serves itself, by name.

Each is a function of the driver, the request number and the script's arguments. It answers at once, or opens a request
with `driver.ask` and returns `PENDING`. What it does must follow from the journal alone: it runs again on every replay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hosts.workflow.own import approval, awaiting, pausing, sleep, step, suspend, token
from hosts.workflow.own.attrs import attrs
from hosts.workflow.own.continuing import continue_as_new
from hosts.workflow.own.version import version

if TYPE_CHECKING:
    from actorflow.ports import Answer
    from hosts.workflow.driver import JournalDriver

Own: TypeAlias = "Callable[[JournalDriver, int, tuple[Any, ...]], Answer]"

OWN: Final[Mapping[str, Own]] = MappingProxyType(
    {
        "workflow.attrs": attrs,
        "workflow.approval": approval.ask,
        "workflow.cancel": pausing.cancel,
        "workflow.pause": pausing.pause,
        "workflow.suspend": suspend.suspend,
        "workflow.wait_for": awaiting.wait_for,
        "workflow.sleep": sleep.sleep,
        "workflow.step_begin": step.begin,
        "workflow.step_end": step.end,
        "workflow.token_all": token.current,
        "workflow.token_get": token.get,
        "workflow.token_history": token.history,
        "workflow.token_set": token.put,
        "upgrade": continue_as_new,
        "workflow.version": version,
    }
)
