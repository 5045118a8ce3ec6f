from __future__ import annotations
from actorflow.machine.op import Op
from actorflow.ports import SpawnRequest
from tests.conformance.process.rig import rig, HOST, OTHER
import trio

def echo():
    inbox = yield (Op.INBOX,)
    m, ok = yield (Op.RECEIVE, inbox)
    yield (Op.SEND_MESSAGE, m.sender, "back", (m.value,))
    return m.value

async def test_echo():
    async with rig() as r:
        r.add("app:echo", echo)
        def main(host):
            ch = yield (Op.LISTEN, "back", False)
            pid = yield (Op.SPAWN, SpawnRequest("app:echo", host))
            yield (Op.SEND_MESSAGE, pid, "hello", ({"a": 1},))
            v, ok = yield (Op.RECEIVE, ch)
            yield (Op.SLEEP, 1000)
            return v
        assert await r.run(main, HOST) == {"a": 1}
        assert await r.run(main, OTHER) == {"a": 1}
