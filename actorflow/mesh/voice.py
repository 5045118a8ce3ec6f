"""What one side of a session says: frames, numbered, under the key of the cluster or of its conversation."""

from __future__ import annotations

from typing import Any

from actorflow.mesh.frame import NOBODY, SECRETLY, Frame, Kind, write_frame


class Voice:
    """Writes the frames of one side, and keeps them until they are taken.

    Attributes:
        source: session id of this side. target: that of the other side, and key: of the conversation of both; both
            `NOBODY` without one.
    """

    def __init__(self, name: str, cluster: bytes) -> None:
        """Speak as `name`; `cluster` is the key of the cluster."""
        self.source = self.target = self.key = NOBODY
        self._name = name
        self._cluster = cluster
        self._number = 0
        self._frames: list[bytes] = []

    @property
    def is_heard(self) -> bool:
        """Whether `take` would give something."""
        return bool(self._frames)

    def written(self, kind: Kind, fields: list[Any], target: bytes | None = None) -> bytes:
        """Return the next frame, to `target` or the other side of the conversation."""
        self._number += 1
        frame = Frame(kind, self._name, self.source, self.target if target is None else target, self._number, fields)
        return write_frame(frame, self._cluster if kind in SECRETLY else self.key)

    def say(self, kind: Kind, fields: list[Any], target: bytes | None = None) -> None:
        """Keep the next frame until it is taken."""
        self._frames.append(self.written(kind, fields, target))

    def take(self) -> list[bytes]:
        """Return the frames that were kept, in the order said, and keep them no longer."""
        frames, self._frames = self._frames, []
        return frames
