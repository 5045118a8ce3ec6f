"""Functions that note every attempt in a ledger and have an effect keyed by their invocation id."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from actorflow.script import ctx, errors


def begin(run: str, name: str) -> None:
    """Append this attempt to the ledger, in one write."""
    line = {"invocation": ctx.get("invocation_id"), "run": run, "name": name, "attempt": ctx.get("attempt")}
    handle = os.open(Path(os.environ["CRASH_PLACE"]) / "ledger.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, json.dumps(line).encode() + b"\n")
    finally:
        os.close(handle)


def once(run: str, name: str) -> None:
    """Have an effect: a file of this invocation's name, made by whichever attempt comes first."""
    invocation = ctx.get("invocation_id").replace("/", "-")
    with suppress(FileExistsError):
        (Path(os.environ["CRASH_PLACE"]) / "effects" / f"{invocation} {run} {name}").touch(exist_ok=False)


async def step(run: str, name: str, value: Any) -> Any:
    """Return the value."""
    begin(run, name)
    once(run, name)
    return value


async def flaky(run: str, name: str, value: Any) -> Any:
    """Fail once, then do as `step`."""
    if ctx.get("attempt") == 1:
        begin(run, name)
        raise ConnectionError("the line broke")
    return await step(run, name, value)


async def refuse(run: str, name: str) -> None:
    """Answer no, for good."""
    begin(run, name)
    raise errors.Rejected("not for sale")


async def undo(done: dict[str, Any]) -> None:
    """Undo a step of a saga: its first argument is the run, its second what it did."""
    run, name, value = done["input"]
    if value != done["result"]:
        raise errors.Rejected(f"{name} gave {done['result']}")
    await step(run, f"undo {name}", done["error"].kind)


async def stock(run: str) -> str:
    """Have something to sell once somebody has put it there."""
    if not (Path(os.environ["CRASH_PLACE"]) / f"stock {run}").exists():
        raise errors.Rejected("sold out")
    return "in stock"
