"""What the workflows of the kept stores call."""

from actorflow.script import ctx


def plus(number: int) -> int:
    """Return one more."""
    return number + 1


def late(number: int) -> int:
    """Fail once: the second attempt is an hour later."""
    if ctx.get("attempt") == 1:
        raise ConnectionError("the line broke")
    return number + 100
