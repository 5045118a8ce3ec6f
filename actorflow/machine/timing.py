"""Ops on time: sleeping, timers as channels, tickers, and time-out scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actorflow.errors import TIMEOUT, Failure, invalid
from actorflow.machine.channel import Channel, OpTuple, push
from actorflow.machine.parking import forbid
from actorflow.machine.task import BLOCKED, Task
from actorflow.value import Opaque

if TYPE_CHECKING:
    from actorflow.machine.machine import Machine

_TICK_BUFFER = 16


class Timer(Opaque):
    """A timer that delivers the time on its channel: once, or every `period` nanoseconds when that is not 0.

    `ref` is the machine's request while it runs, else 0. A frame that does not fit the buffer is dropped.
    """

    __slots__ = ("channel", "due", "period", "ref")

    def __init__(self, period: int = 0) -> None:
        self.channel = Channel(_TICK_BUFFER if period else 1)
        self.period = period
        self.ref = 0
        self.due = 0


class Scope(Opaque):
    """A time-out scope of one task: `fired` tells whether it ran out before the task left it."""

    __slots__ = ("failure", "fired", "ref", "task")

    def __init__(self, task: Task, ref: int, failure: Failure) -> None:
        self.task = task
        self.ref = ref
        self.fired = False
        self.failure = failure


def op_sleep(machine: Machine, task: Task, op: OpTuple) -> Any:
    """SLEEP duration → None; zero or less returns at once."""
    if op[1] <= 0:
        return None
    task.wait = _arm(machine, op[1], task)
    return BLOCKED


def op_after(machine: Machine, _task: Task, op: OpTuple) -> Channel:
    """AFTER duration → a channel that gets the time once."""
    return _started(machine, Timer(), _positive(op[1])).channel


def op_timer(machine: Machine, _task: Task, op: OpTuple) -> Timer:
    """TIMER duration → a timer."""
    return _started(machine, Timer(), _positive(op[1]))


def op_ticker(machine: Machine, _task: Task, op: OpTuple) -> Timer:
    """TICKER duration → a timer that repeats; ticks nobody takes are dropped."""
    period = _positive(op[1])
    return _started(machine, Timer(period), period)


def op_timer_stop(machine: Machine, _task: Task, op: OpTuple) -> bool:
    """TIMER_STOP timer → was it running."""
    return _stop(machine, op[1])


def op_timer_reset(machine: Machine, _task: Task, op: OpTuple) -> bool:
    """TIMER_RESET timer, duration → was it running; it runs anew either way."""
    delay = _positive(op[2])
    was_running = _stop(machine, op[1])
    if op[1].period:
        op[1].period = delay
    _started(machine, op[1], delay)
    return was_running


def op_timeout_enter(machine: Machine, task: Task, op: OpTuple) -> Scope:
    """TIMEOUT_ENTER duration → a scope that interrupts this task's wait when it runs out."""
    scope = Scope(task, 0, Failure("timed out", TIMEOUT))
    if op[1] <= 0:
        scope.fired = True
        forbid(machine)
        task.interrupt = scope.failure
    else:
        scope.ref = _arm(machine, op[1], scope)
    return scope


def op_timeout_exit(machine: Machine, task: Task, op: OpTuple) -> bool:
    """TIMEOUT_EXIT scope → did it run out."""
    scope = op[1]
    if scope.ref:
        machine.drop_request(scope.ref)
        scope.ref = 0
    if task.interrupt is scope.failure:
        task.interrupt = None
    return bool(scope.fired)


def fired(machine: Machine, target: Timer | Scope) -> None:
    """Do what a timer or scope does when its time has come."""
    target.ref = 0
    if isinstance(target, Scope):
        target.fired = True
        machine.interrupt(target.task, target.failure)
        return
    now = machine.driver.now()
    channel = target.channel
    if not channel.closed and (channel.receivers or len(channel.buffer or ()) < channel.size):
        push(machine, channel, now)
    if target.period:  # relative to when it was due, so that it does not drift; a jump of the clock costs one period
        wait = min(max(target.due + target.period - now, 1), target.period)
        _started(machine, target, wait, now + wait)


def _arm(machine: Machine, delay: int, target: Any) -> int:
    ref = machine.request(target)
    machine.driver.timer(ref, delay)
    return ref


def _started(machine: Machine, timer: Timer, delay: int, due: int = 0) -> Timer:
    timer.due = due or machine.driver.now() + delay
    timer.ref = _arm(machine, delay, timer)
    return timer


def _stop(machine: Machine, timer: Timer) -> bool:
    if not timer.ref:
        return False
    machine.drop_request(timer.ref)
    timer.ref = 0
    return True


def _positive(delay: int) -> int:
    if delay <= 0:
        message = f"a timer's duration must be greater than 0, got {delay} ns"
        raise invalid(message)
    return delay
