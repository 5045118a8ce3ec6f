from actorflow.script import channel, errors


async def main():
    box = channel.new(1)
    box.close()
    try:
        await box.send(1)
    except errors.Error:
        sent = False
    try:
        await box.receive()
    except channel.Closed:
        return [sent, True, True, False]
