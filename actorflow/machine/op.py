"""The ops: everything a script can ask of its machine.

A task answers each resume with one op, a tuple `(Op.X, *operands)`. Both languages make the same tuples; the machine
answers each with a value, with a failure, or later. Durations and times are integer nanoseconds. A channel, timer,
future or task operand is the machine's own object; a channel item is opaque to the machine.
"""

from __future__ import annotations

from enum import IntEnum


class Op(IntEnum):
    """The op codes; the comment gives operands → answer. The numbers are internal and may change."""

    # the end of a task
    RETURN = 0  # value → (never resumed)
    RAISE = 1  # failure, fatal → (never resumed); a fatal failure ends the process even if the task is owned
    # tasks
    SPAWN_TASK = 2  # function, owned → task; the new task runs first, until it waits. The failure of an owned task goes
    # to who joins it, any other uncaught failure ends the process
    YIELD = 3  # turn? → None, after every other ready task has run; with `turn` the process's turn is over, too
    JOIN = 4  # task → its result, or its failure
    CANCEL_TASK = 5  # task → None; the task is interrupted at its wait, its children first
    # channels
    CHANNEL = 6  # size → channel
    SEND = 7  # channel, item → True; fails on a closed channel
    RECEIVE = 8  # channel → (item, True), or (None, False) when closed and drained
    CLOSE = 9  # channel → None
    SELECT = 10  # cases, has_default → (index, item, ok); index -1 is the default. case: (channel, is_send, item)
    # mailbox
    INBOX = 11  # → channel of Message
    EVENTS = 12  # → channel of event maps
    LISTEN = 13  # topic, as_message → channel of values, or of Message
    UNLISTEN = 14  # channel → bool
    SUBSCRIBE = 15  # topic, channel → True
    UNSUBSCRIBE = 16  # channel → bool
    # time
    SLEEP = 17  # duration → None
    AFTER = 18  # duration → channel that gets one time (int nanoseconds)
    TIMER = 19  # duration → timer
    TICKER = 20  # duration → timer that repeats
    TIMER_STOP = 21  # timer → bool: was it running
    TIMER_RESET = 22  # timer, duration → bool: was it running
    NOW = 23  # → int
    DRAW = 24  # kind, size → bytes
    TIMEOUT_ENTER = 25  # duration → scope: the task is interrupted when it ends before TIMEOUT_EXIT
    TIMEOUT_EXIT = 26  # scope → bool: did it fire
    # functions
    CALL = 27  # target, args, options → value
    ASYNC = 28  # target, args, options → future
    FUTURE_CANCEL = 29  # future → bool
    FUTURE_STATE = 30  # future → ("pending"|"done"|"failed"|"canceled", value or failure)
    # processes
    SPAWN = 31  # SpawnRequest → pid
    EXEC = 32  # SpawnRequest → its result
    SEND_MESSAGE = 33  # dest, topic, payloads → True
    CONTROL = 34  # verb, target, detail → answer
    NAME = 35  # verb, name, pid → answer
    SET_OPTION = 36  # name, value → True
    GET_OPTION = 37  # name → value
    IDENTITY = 38  # → Identity
    PERFORM = 39  # operation, args → answer
    NOTE = 40  # level, text, fields → None
    ATTACH = 41  # topic of the system's own, size → channel of what the node sends there
    # the engine
    AWAY = 42  # → nothing: the task computes in another thread until `Machine.back`; its next resume gives its next op
    # conditions
    CHANGES = 43  # name → channel that a select receives from whenever another task of the process has run
    # shields
    SHIELD = 44  # begin → whether a shield began: a cancellation of the task waits until it ends (`begin` false)
