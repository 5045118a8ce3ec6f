"""Sanitizing HTML that somebody else wrote: pure, the same on every host.

policy = html.ugc_policy()
policy.sanitize('<b>Hi</b><script>alert(1)</script>')    # "<b>Hi</b>"
html.Policy(elements=["p", "a"], attributes={"a": ["href"]}, schemes=["https"]).sanitize(text)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from actorflow.module import html


class Policy:
    """What may be left of a text: everything that is not allowed is gone, and so is what scripts and styles hold."""

    __slots__ = ("_data",)

    def __init__(  # noqa: PLR0913 - the parts of a policy
        self,
        *,
        elements: Iterable[str] = (),
        attributes: Mapping[str, Iterable[str]] | None = None,
        schemes: Iterable[str] = (),
        relative_urls: bool = False,
        nofollow: bool = False,
        noreferrer: bool = False,
        target_blank: bool = False,
        data_images: bool = False,
    ) -> None:
        """Allow elements, attributes by element (`"*"`: of all), and URLs of some schemes; all else is refused."""
        given = (attributes or {}).items()
        rules = [{"names": list(names), "elements": None if name == "*" else [name]} for name, names in given]
        self._data: dict[str, Any] = {
            "elements": list(elements), "attributes": rules, "schemes": list(schemes), "relative": relative_urls,
            "nofollow": nofollow, "noreferrer": noreferrer, "blank": target_blank, "data_images": data_images,
        }  # fmt: skip

    def allow_attribute(self, name: str, *elements: str, matching: str = "") -> Policy:
        """Allow an attribute of some elements, or of all without any, when its value matches a pattern of RE2.

        Raises:
            Error: kind Invalid, for a pattern that RE2 refuses.
        """
        pattern = html.check_pattern(matching) if matching else ""
        self._data["attributes"].append({"names": [name], "elements": list(elements) or None, "matching": pattern})
        return self

    def sanitize(self, text: str) -> str:
        """Return what is allowed of a text.

        Raises:
            Error: kind Invalid, for what is no text, or more than 1 MiB.
        """
        return html.sanitize(self._data, text)


def strict_policy() -> Policy:
    """Return the policy that leaves text and no element."""
    return Policy()


def ugc_policy() -> Policy:
    """Return the policy for what users write: formatted text, links (`nofollow`), lists, tables and images."""
    policy = Policy()
    policy._data.update(html.ugc())  # noqa: SLF001 - our own class
    return policy
