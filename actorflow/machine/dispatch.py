"""The table of ops: which function handles which."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from actorflow.machine import changing, request, shielding, subscription, tasking, timing
from actorflow.machine import channel as channels
from actorflow.machine.op import Op
from actorflow.machine.task import Task

if TYPE_CHECKING:
    from actorflow.machine.channel import OpTuple
    from actorflow.machine.machine import Machine

_TABLE: Final[dict[Op, Callable[[Machine, Task, OpTuple], Any]]] = {
    Op.RETURN: tasking.op_return,
    Op.RAISE: tasking.op_raise,
    Op.SPAWN_TASK: tasking.op_spawn_task,
    Op.YIELD: tasking.op_yield,
    Op.JOIN: tasking.op_join,
    Op.CANCEL_TASK: tasking.op_cancel_task,
    Op.CHANNEL: channels.op_channel,
    Op.SEND: channels.op_send,
    Op.RECEIVE: channels.op_receive,
    Op.CLOSE: subscription.op_close,
    Op.SELECT: channels.op_select,
    Op.INBOX: subscription.op_inbox,
    Op.EVENTS: subscription.op_events,
    Op.LISTEN: subscription.op_listen,
    Op.UNLISTEN: subscription.op_unlisten,
    Op.SUBSCRIBE: subscription.op_subscribe,
    Op.UNSUBSCRIBE: subscription.op_unsubscribe,
    Op.SLEEP: timing.op_sleep,
    Op.AFTER: timing.op_after,
    Op.TIMER: timing.op_timer,
    Op.TICKER: timing.op_ticker,
    Op.TIMER_STOP: timing.op_timer_stop,
    Op.TIMER_RESET: timing.op_timer_reset,
    Op.NOW: tasking.op_now,
    Op.DRAW: tasking.op_draw,
    Op.TIMEOUT_ENTER: timing.op_timeout_enter,
    Op.TIMEOUT_EXIT: timing.op_timeout_exit,
    Op.CALL: request.op_call,
    Op.ASYNC: request.op_async,
    Op.FUTURE_CANCEL: request.op_future_cancel,
    Op.FUTURE_STATE: request.op_future_state,
    Op.SPAWN: request.op_spawn,
    Op.EXEC: request.op_exec,
    Op.SEND_MESSAGE: request.op_send_message,
    Op.CONTROL: request.op_control,
    Op.NAME: request.op_name,
    Op.SET_OPTION: tasking.op_set_option,
    Op.GET_OPTION: tasking.op_get_option,
    Op.IDENTITY: tasking.op_identity,
    Op.PERFORM: request.op_perform,
    Op.NOTE: tasking.op_note,
    Op.ATTACH: subscription.op_attach,
    Op.AWAY: tasking.op_away,
    Op.CHANGES: changing.op_changes,
    Op.SHIELD: shielding.op_shield,
}
HANDLERS: Final = [_TABLE[op] for op in sorted(_TABLE)]
"""The handler of each op, by op code: handler(machine, task, op) → answer, `BLOCKED`, or raises `Error`."""
