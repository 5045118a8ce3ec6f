"""Sagas: steps that are undone, in reverse order, when what follows them fails or is cancelled.

    async with workflow.saga() as saga:
        room = await saga.step("book", "hotel:book", order, compensate="hotel:cancel")
        await saga.step("pay", "bank:charge", order, compensate={"call": "bank:refund", "input": order["card"]})
        saga.defer(lambda: workflow.step("tell", "mail:sorry", order))

What undoes a step is a step itself, `<name>:compensate`: on a durable host it is recorded and retried, and it runs on
cancellation, too.
"""

from __future__ import annotations

import types
from collections.abc import Awaitable, Callable, Generator, Mapping
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeAlias

from actorflow.errors import CANCELED, TIMEOUT, Cancelled, Error, Failure, failure_of, invalid
from actorflow.machine.op import Op
from actorflow.run.step import check_name
from actorflow.script.options import prepared
from actorflow.script.workflow_step import entered, run_step

Undo: TypeAlias = Callable[[BaseException | None], Awaitable[None]]

_UNKNOWN: Final = frozenset({CANCELED, TIMEOUT})
"""Kinds of failures that do not tell whether a step took effect."""
_ERRORS: Final = ("continue", "stop")


class Compensation(NamedTuple):
    """What undoes a step: `what` is called with `args`, or with what is known of the step when that is None."""

    what: Any
    args: tuple[Any, ...] | None
    options: dict[str, Any]


class Saga:
    """Steps with their compensations. `failures` holds, by name, those of compensations that did not succeed."""

    def __init__(self, *, errors: str = "continue") -> None:
        """Begin with no steps. After a compensation that failed the others run, unless `errors` is "stop".

        Raises:
            Error: kind Invalid, when `errors` is neither.
        """
        if errors not in _ERRORS:
            raise invalid(f"workflow.saga: option errors: got {errors!r}, expected 'continue' or 'stop'")
        self._stops = errors == "stop"
        self._undo: list[tuple[str, Undo]] = []
        self.failures: dict[str, Failure] = {}

    async def step(
        self,
        name: str,
        what: str | Callable[..., Any],
        *args: Any,
        compensate: str | Callable[..., Any] | Mapping[str, Any] | None = None,
        returns: Any = None,
        **options: Any,
    ) -> Any:
        """Do a step as `workflow.step` does it, and remember what undoes it.

        Args:
            name: as of `workflow.step`, like `what`, `args`, `returns` and `options`.
            what: what it does.
            args: its arguments.
            returns: what its result is built as.
            options: those of the step.
            compensate: a function id, a function, or a map with `call` (either of them), `input` (its only argument)
                and step options. Without `input` it is called with a map: `name`, `input` (the step's only argument,
                or the list of them), `result`, and `error`, why the saga failed. A step that failed is undone only
                when nobody knows whether it took effect: it timed out or was cancelled.

        Raises:
            Error: what the step failed with; kind Invalid for a wrong name or option.
        """
        check_name(name, "saga.step")
        undo = None if compensate is None else compensation(name, compensate)
        made = prepared(options)
        try:
            result = await run_step(name, what, args, made, returns)
        except (Error, Cancelled) as error:
            if undo is not None and failure_of(error).kind in _UNKNOWN:
                self._remember(name, undo, args, None)
            raise
        if undo is not None:
            self._remember(name, undo, args, result)
        return result

    def defer(self, function: Callable[[], Any]) -> None:
        """Run `function`, `async` or not, in its turn when the saga is undone."""

        async def undo(_error: BaseException | None) -> None:
            await entered(function, ())

        self._undo.append((f"defer {len(self._undo) + 1}", undo))

    def complete(self) -> None:
        """Forget what would undo the steps so far: from here on they stand."""
        self._undo.clear()

    async def compensate(self, error: BaseException | None = None) -> None:
        """Undo everything so far, the newest first; `error` is told to the compensations. A cancel meanwhile waits.

        Raises:
            Error: that of the compensation that failed, if the saga stops there.
        """
        if not self._undo:
            return
        mine = await _shield(begin=True)
        try:
            await self._undo_each(error)
        finally:
            if mine:
                await _shield(begin=False)

    async def _undo_each(self, error: BaseException | None) -> None:
        while self._undo:
            name, undo = self._undo.pop()
            try:
                await undo(error)
            except (Exception, Cancelled) as failed:
                self.failures[name] = failure_of(failed)
                if self._stops:
                    raise

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Undo everything when the body has failed or was cancelled."""
        if error is not None and kind is not GeneratorExit:
            await self.compensate(error)

    def _remember(self, name: str, undo: Compensation, args: tuple[Any, ...], result: Any) -> None:
        async def run(error: BaseException | None) -> None:
            given = undo.args
            if given is None:
                why = None if error is None else failure_of(error)
                asked = args[0] if len(args) == 1 else list(args)
                given = ({"name": name, "input": asked, "result": result, "error": why},)
            await run_step(f"{name}:compensate", undo.what, given, undo.options)

        self._undo.append((name, run))


def compensation(name: str, written: Any) -> Compensation:
    """Return what undoes a step, from what a script has written.

    Raises:
        Error: kind Invalid, when it is none.
    """
    if isinstance(written, str) or callable(written):
        return Compensation(written, None, {})
    if not isinstance(written, Mapping) or not (isinstance(written.get("call"), str) or callable(written.get("call"))):
        expected = "a function id, a function, or a map with `call`, `input` and step options"
        raise invalid(f"saga.step {name}: compensate: got {written!r:.80}, expected {expected}")
    args = (written["input"],) if "input" in written else None
    options = {key: value for key, value in written.items() if key not in {"call", "input"}}
    return Compensation(written["call"], args, prepared(options))


def saga(*, errors: str = "continue") -> Saga:
    """Return a saga, to be used as `async with workflow.saga() as saga:`.

    Raises:
        Error: kind Invalid, when `errors` is neither "continue" nor "stop".
    """
    return Saga(errors=errors)


@types.coroutine
def _shield(*, begin: bool) -> Generator[tuple[Any, ...], Any, bool]:
    """Begin or end a shield against cancellation; tells whether one began."""
    began: bool = yield (Op.SHIELD, begin)
    return began
