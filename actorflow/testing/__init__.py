"""What tests of applications use: conformance suites of the ports, and the replay of runs that were exported."""

from __future__ import annotations

from actorflow.testing.replaying import replay_capsule

__all__ = ["replay_capsule"]
