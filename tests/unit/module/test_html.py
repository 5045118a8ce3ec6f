"""Sanitized HTML: what scripts could run in is gone."""

from __future__ import annotations

import pytest

from actorflow.errors import INVALID, Error
from actorflow.module import html as module
from actorflow.script import html

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\tscript:alert(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    "<iframe src='https://x'></iframe>",
    "<style>@import 'https://x'</style>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<form action='https://x'><input name=a>",
    "<<script>script>alert(1)<</script>/script>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_runs_is_left(text: str) -> None:
    policy = html.ugc_policy()
    clean = policy.sanitize(text)
    assert not any(
        part in clean.lower() for part in ("<script", "onerror=a", "javascript:", "<iframe", "<style", "data:")
    )
    assert policy.sanitize(clean) == clean
    assert "<" not in html.strict_policy().sanitize(text)


def test_a_policy_says_what_is_left() -> None:
    policy = html.Policy(
        elements=["a", "img"], attributes={"a": ["href", "target"], "img": ["src"]}, schemes=["https"], target_blank=True,
        data_images=True,
    )  # fmt: skip
    assert policy.sanitize("<a href='https://x/' target='top'>1</a>") == (
        '<a href="https://x/" target="_blank" rel="noopener">1</a>'
    )
    assert policy.sanitize("<img src='data:image/png;base64,AAAA'>") == '<img src="data:image/png;base64,AAAA">'
    assert policy.sanitize("<img src='data:image/svg+xml;base64,AAAA'>") == "<img>"
    assert policy.allow_attribute("id", matching="^x").sanitize("<a id=x1></a>") == (
        '<a id="x1" target="_blank" rel="noopener"></a>'
    )


def test_what_is_no_policy_or_too_long_is_refused() -> None:
    for policy, text in (({"elements": 5}, ""), (5, ""), ({"attributes": [5]}, ""), ({}, 5), ({}, "x" * 2_000_000)):
        with pytest.raises(Error) as caught:
            module.sanitize(policy, text)
        assert caught.value.kind == INVALID
