"""Clients of a running node: what other programs of the same user ask it over its control socket.

`ControlClient` blocks and needs no event loop; `Client` is the same for trio and asyncio. A request is sent once and
never again by itself: when the node goes away before it answers, the caller is told and decides.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import pynng

from actorflow.errors import TIMEOUT, UNAVAILABLE, Error, Failure, unavailable
from actorflow.node.control_frame import MAX_FRAME, decode_reply, encode_request
from actorflow.node.data import find_control
from actorflow.value import Value

DEFAULT_TIMEOUT: Final = 30.0
"""Seconds that a request may take when the caller does not say."""
_MARGIN: Final = 5.0
"""Seconds a client waits longer than it allows the node, so that the node's own time-out is what is seen."""
_NEVER: Final = -1

T = TypeVar("T")


class _Requests(ABC):
    """The requests of both flavours, as what `_ask` gets: verb, arguments, seconds."""

    @abstractmethod
    def _ask(self, verb: str, args: Mapping[str, Value], timeout: float) -> Any: ...

    def request(self, verb: str, args: Mapping[str, Value], timeout: float = DEFAULT_TIMEOUT) -> Any:
        """Ask for a control verb by name.

        Raises:
            Error: what the node answered; kind Unavailable without a node; kind Timeout after `timeout` seconds.
        """
        return self._ask(verb, {"timeout": timeout, **args}, timeout + _MARGIN)

    def call(
        self,
        target: str,
        args: Sequence[Value] = (),
        *,
        timeout: float = DEFAULT_TIMEOUT,
        actor: Mapping[str, Value] | None = None,
        scope: Sequence[str] | None = None,
    ) -> Any:
        """Call a registered function and return its value.

        With an `actor` in a `scope` it runs as that one, if policies allow `funcs.call`.
        """
        return self.request("call", {"target": target, "args": list(args), **_asker(actor, scope)}, timeout)

    def spawn(self, entry: str, host: str = "", args: Sequence[Value] = (), **more: Any) -> Any:
        """Start a process and return its PID.

        Args:
            entry: registry id of what to run.
            host: registry id of the host.
            args: positional arguments.
            more: `name`, `messages` (pairs of topic and payloads), `options` (e.g. `workflow.id`), `actor` and `scope`
                (whom it runs as, if policies let that one start it).

        Raises:
            Error: kind Invalid for an option that does not exist, naming the closest one that does; else as `request`.
        """
        return self.request("spawn", {"entry": entry, "host": host, "args": list(args), **more})

    def send(self, pid: str, topic: str, *payloads: Value) -> Any:
        """Send a message to a PID or name; returns once it is as safe as its host makes it."""
        return self.request("send", {"pid": pid, "topic": topic, "payloads": list(payloads)})

    def start(self, entry: str, host: str = "", args: Sequence[Value] = (), **more: Any) -> Any:
        """Start a process like `spawn`, and return a map of `pid`, `run_id` and `how`.

        `how` is `started`, `held`, `queued`, `replaced`, `existing` or `skipped`, as its options say.
        """
        return self.request("start", {"entry": entry, "host": host, "args": list(args), **more})

    def wait(self, pid: str, *, until: str = "", timeout: float = DEFAULT_TIMEOUT) -> Any:
        """Wait until a process has ended and return its result.

        With `until` wait for a state of a durable run, by PID, workflow id or run id, and return the run as `run` does:
        at once when it is or was in that state; kind Conflict when it has ended without.
        """
        if until:
            return self.request("run.wait", {"run": pid, "until": until}, timeout)
        return self.request("wait", {"pid": pid}, timeout)

    def runs(self, **which: Any) -> Any:
        """List durable runs, newest first: all that equal `state`, `entry`, `host`, `prefix`, `queue`, `attributes`.

        At most `limit`. With `view`, luno, pikku or workflowable, in the words and numbers of that system.
        """
        return self.request("runs", which)

    def run(self, reference: str, *, view: str = "") -> Any:
        """Return one durable run, by PID, workflow id or run id, as `actorflow run show` prints it; `view` as there."""
        return self.request("run.show", {"run": reference, "view": view})

    def cancel(self, pid: str, reason: str = "") -> Any:
        """Ask a process to stop."""
        return self.request("cancel", {"pid": pid, "reason": reason})

    def terminate(self, pid: str) -> Any:
        """End a process without running any more of its code."""
        return self.request("terminate", {"pid": pid})

    def query(
        self,
        run: str,
        name: str,
        *args: Value,
        timeout: float = DEFAULT_TIMEOUT,
        actor: Mapping[str, Value] | None = None,
        scope: Sequence[str] | None = None,
    ) -> Any:
        """Ask a durable run something that changes nothing; `run` is a PID, a workflow id or a run id.

        Of an `actor` in a `scope`, policies are asked for `workflow.query`.
        """
        request = {"run": run, "name": name, "args": list(args), **_asker(actor, scope)}
        return self.request("run.query", request, timeout)

    def update(  # noqa: PLR0913 - what an update is, and who asks
        self,
        run: str,
        name: str,
        *args: Value,
        id: str = "",  # noqa: A002 - what it is called everywhere
        wait_for: str = "completed",
        timeout: float = DEFAULT_TIMEOUT,
        actor: Mapping[str, Value] | None = None,
        scope: Sequence[str] | None = None,
    ) -> Any:
        """Ask a durable run to do something and return its answer; the same `id` again gives the same answer.

        Of an `actor` in a `scope`, policies are asked for `workflow.update`.
        """
        request = {"run": run, "name": name, "args": list(args), "id": id, "wait_for": wait_for}
        request |= _asker(actor, scope)
        return self.request("run.update", request, timeout)

    def backup(self, target: str | os.PathLike[str], *, timeout: float = DEFAULT_TIMEOUT) -> Any:
        """Copy the stores of the node into a new file (`*.db`) or directory; returns the bytes of each file.

        The node writes them: a relative path is the node's.
        """
        return self.request("backup", {"target": os.fspath(target)}, timeout)

    def export_run(
        self,
        run: str,
        file: str | os.PathLike[str],
        *,
        redact: bool = False,
        redact_keys: Sequence[str] = (),
        key: bytes = b"",
    ) -> Any:
        """Write all that is known of a durable run into a new file (`*.afrun`), as `actorflow run export` does.

        The node writes it: a relative path is the node's. `redact` withholds all values, `redact_keys` what these keys
        of maps hold; `key` is 32 bytes that the file is put under.
        """
        request = {"run": run, "file": os.fspath(file), "redact": redact, "redact_keys": list(redact_keys), "key": key}
        return self.request("run.export", request)

    def change_run(self, verb: str, run: str, **more: Any) -> Any:
        """Change the state of a durable run and return what became of it: `pid`, `state` before, `to`.

        Args:
            verb: release, pause, resume, cancel, terminate, retry, delete-data or purge.
            run: a PID, a workflow id or a run id.
            more: `reason` and `by`; for retry `since`, for resume `keep_attempts`.
        """
        return self.request("run.change", {"verb": verb, "run": run, **more})

    def accept_run(self, run: str, **more: Any) -> Any:
        """Let a paused run go on with a source that does not repeat its journal: what differs is dropped, and said.

        Args:
            run: a PID, a workflow id or a run id.
            more: `source` and `bundle`, `dry_run`, `revision`, `reason` and `by`, as `Operator.accept` has them.
        """
        return self.request("run.accept", {"run": run, **more})

    def change_runs(self, verb: str, **more: Any) -> Any:
        """Change all runs that match and take the verb, and return a line for each, as `change_run` does.

        Args:
            verb: as in `change_run`.
            more: the filter, `state`, `entry`, `host`, `prefix`, `queue` and `older_than` (nanoseconds since the last
                change), for release `due` (all that may begin by now), `dry_run`, and what `change_run` takes.
        """
        return self.request("runs.change", {"verb": verb, **more})

    def fork(self, run: str, **more: Any) -> Any:
        """Start a run that begins with what another one has done, and return its `pid`, `run_id`, `kept` and `cut`.

        Args:
            run: a PID, a workflow id or a run id.
            more: `since`, `args`, `results`, `source`, `workflow_id` and `dry_run`, as `node.fork` has them.
        """
        return self.request("run.fork", {"run": run, **more})

    def wake(self, run: str, data: Value = None) -> Any:
        """Let a durable run go on that has suspended itself, with `data`."""
        return self.request("run.wake", {"run": run, "data": data})

    def approve(  # noqa: PLR0913 - the parts of an answer
        self,
        run: str,
        name: str,
        data: Value = None,
        *,
        reject: bool = False,
        reason: str = "",
        by: str = "",
        actor: Mapping[str, Value] | None = None,
        scope: Sequence[str] | None = None,
    ) -> Any:
        """Answer an approval that a durable run asks for, or will ask for; `by`, or an `actor`, says who does.

        Of an `actor` in a `scope`, and always on a strict node, policies are asked for `workflow.approve`.
        """
        request = {"run": run, "name": name, "data": data, "reject": reject, "reason": reason, "by": by}
        request |= _asker(actor, scope)
        return self.request("run.approve", request)

    def tokens(self, run: str) -> Any:
        """List every value that each token of a run has had, oldest first."""
        return self.request("run.tokens", {"run": run})

    def approvals(self, run: str = "", *, only_open: bool = True) -> Any:
        """List the approvals that runs wait for."""
        return self.request("approvals", {"run": run, "all": not only_open})

    def processes(self) -> Any:
        """List what is alive."""
        return self.request("ps", {})

    def services(self) -> Any:
        """List the services and their states."""
        return self.request("services", {})

    def start_service(self, service_id: str, *, timeout: float = DEFAULT_TIMEOUT) -> Any:
        """Start a service with all it needs; see `restart_service`."""
        return self.request("service.start", {"id": service_id}, timeout)

    def stop_service(self, service_id: str, *, timeout: float = DEFAULT_TIMEOUT) -> Any:
        """Stop a service with all that need it; they stay stopped until they are started. See `restart_service`."""
        return self.request("service.stop", {"id": service_id}, timeout)

    def restart_service(self, service_id: str, *, timeout: float = DEFAULT_TIMEOUT) -> Any:
        """Stop a service with all that need it, and start it and those of them that ran.

        Returns once that is over, or after `timeout` seconds with `over` false while the node goes on with it:
        `stopped` and `started` name services in order, `services` has the line of each, `waits_for` what is not up.
        """
        return self.request("service.restart", {"id": service_id}, timeout)


class ControlClient(_Requests):
    """A blocking client of the node that uses one data directory."""

    def __init__(self, data: str | os.PathLike[str]) -> None:
        """Name the data directory; nothing is connected before the first request."""
        self._data = Path(data)

    def _ask(self, verb: str, args: Mapping[str, Value], timeout: float) -> Value:
        frame = encode_request(verb, args)
        with _socket(timeout) as socket:
            _translate(self._data, lambda: socket.dial(_address(self._data), block=True))
            return decode_reply(_exchange(self._data, socket, frame, timeout))


class Client(_Requests):
    """A client for trio and asyncio: every request is awaited, and several may be open at once.

    Used as an async context manager. It outlives a restart of the node: requests open at that moment fail, later ones
    reach the new one.
    """

    def __init__(self, data: str | os.PathLike[str]) -> None:
        """Name the data directory; nothing is connected before the context is entered."""
        self._data = Path(data)
        self._socket: Any = None

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            Error: kind Unavailable, when no node runs on the data directory.
        """
        address = _address(self._data)
        self._socket = _socket(DEFAULT_TIMEOUT)
        try:
            _translate(self._data, lambda: self._socket.dial(address, block=True))
        except BaseException:
            self._socket.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Disconnect; requests still open fail."""
        self._socket.close()

    async def _ask(self, verb: str, args: Mapping[str, Value], timeout: float) -> Value:  # noqa: ASYNC109 - any loop
        if self._socket is None:
            raise RuntimeError("the client is not connected: use it as `async with Client(…) as client`")
        from actorflow.node.asyncio_bridge import within  # noqa: PLC0415 - commands of the shell need no loop

        frame = encode_request(verb, args)
        with self._socket.new_context() as context:
            try:
                return decode_reply(await within(timeout, _round_trip(context, frame)))
            except (pynng.NNGException, TimeoutError) as error:
                raise _translated(self._data, error) from error


async def _round_trip(context: Any, frame: bytes) -> bytes:
    await context.asend(frame)
    return bytes(await context.arecv())


def _socket(timeout: float) -> Any:
    millis = int(timeout * 1000)
    return pynng.Req0(resend_time=_NEVER, recv_max_size=MAX_FRAME, recv_timeout=millis, send_timeout=millis)


def _exchange(data: Path, socket: Any, frame: bytes, timeout: float) -> bytes:
    """Send and receive in a thread, so that ^C is seen while the reply is awaited."""

    def both() -> bytes:
        socket.send(frame)
        return bytes(socket.recv())

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(both)
        try:
            return _translate(data, lambda: future.result(timeout + _MARGIN))
        except BaseException:
            socket.close()  # ends what the thread waits for
            raise


def _asker(actor: Mapping[str, Value] | None, scope: Sequence[str] | None) -> dict[str, Any]:
    given = {"actor": None if actor is None else dict(actor), "scope": None if scope is None else list(scope)}
    return {name: value for name, value in given.items() if value is not None}


def _address(data: Path) -> str:
    path = find_control(data)
    if path is None:
        raise _absent(data)
    return f"ipc://{path}"


def _translate(data: Path, action: Callable[[], T]) -> T:
    try:
        return action()
    except (pynng.NNGException, TimeoutError) as error:
        raise _translated(data, error) from error


def _translated(data: Path, error: Exception) -> Error:
    if isinstance(error, pynng.Timeout | TimeoutError):
        return Error(f"the node on {data} did not answer in time", TIMEOUT, retryable=True)
    if isinstance(error, pynng.ConnectionRefused | pynng.NoEntry):
        return _absent(data)
    text = f"the node on {data} went away before it answered ({error}): whether it did what was asked is not known"
    return Error(Failure(text, UNAVAILABLE, retryable=None))


def _absent(data: Path) -> Error:
    return unavailable(f"no node runs on data directory {data}: start one with `actorflow up`, or name it with --data")
