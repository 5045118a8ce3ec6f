"""A program that offers signals to a workflow at a rate: `signalling.py ADDRESS WORKFLOW_ID RATE SECONDS MOST`.

So many a second are due, from senders that each wait for one before the next; whoever is behind sends at once. It ends
after `SECONDS` when a line has come, or after `MOST` signals; then it prints how many each has sent.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Final

from temporalio.client import Client

_SENDERS: Final = 50


async def main(address: str, workflow_id: str, rate: int, seconds: int, most: int) -> None:
    """Send."""
    handle = (await Client.connect(address)).get_workflow_handle(workflow_id)
    sent, began = [0] * _SENDERS, time.monotonic()
    enough = asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)

    async def send(sender: int) -> None:
        while sum(sent) < most and not (enough.done() and time.monotonic() - began > seconds):
            due = began + (sent[sender] * _SENDERS + sender) / rate
            await asyncio.sleep(max(due - time.monotonic(), 0))
            await handle.signal("n", [sender, sent[sender]])
            sent[sender] += 1

    await asyncio.gather(*map(send, range(_SENDERS)))
    print(json.dumps({"sent": sent, "seconds": time.monotonic() - began}), flush=True)  # noqa: T201 - its answer
    await enough


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3], *map(int, sys.argv[3:6])))
