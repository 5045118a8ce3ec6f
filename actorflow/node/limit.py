"""Reading the `limits` of an entry or host as written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def written_limits(config: Any) -> Mapping[str, Any]:
    """Return the `limits` of an entry's model or mapping as written; empty where there are none."""
    limits = config.get("limits", {}) if isinstance(config, Mapping) else getattr(config, "limits", {})
    plain: Mapping[str, Any] = limits if isinstance(limits, Mapping) else limits.written()
    return plain
