"""The `pool` of a database: how many connections there are."""

from __future__ import annotations

from actorflow.duration import SECOND
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Count, Duration


class Pool(Config):
    """The connections of a database. Durations are nanoseconds.

    At most `max_open` are open at once (0: the default), of which `max_idle` are kept when nobody uses them; one older
    than `max_lifetime` is replaced (0: never). Who finds none free waits `timeout` and is then refused.
    """

    max_open: Count = 0
    max_idle: Count = 5
    max_lifetime: Duration = 0
    timeout: Duration = 30 * SECOND
