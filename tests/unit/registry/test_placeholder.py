from __future__ import annotations

from typing import Any

import pytest

from actorflow.registry.placeholder import PlaceholderError, has_placeholder, resolve

ENVIRONMENT = {"HOST": "box", "PORT": "81", "EMPTY": "", "FLAG": "false"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${env:HOST}", "box"),
        ("${env:PORT}", "81"),
        ("${env:PORT|80}", 81),
        ("${env:NONE|80}", 80),
        ("${env:NONE|1.5}", 1.5),
        ("${env:FLAG|true}", False),
        ("${env:NONE|some text}", "some text"),
        ("${env:NONE|}", ""),
        ("${env:EMPTY|x}", ""),
        ("${HOST|x}", "box"),
        ("${NONE|x}", "x"),
        ("http://${env:HOST}:${env:PORT|80}/", "http://box:81/"),
        ("$${env:HOST}", "${env:HOST}"),
        ("a $${b", "a ${b"),
        ("${HOST}", "${HOST}"),
        ("${lower|x}", "${lower|x}"),
        ("plain $HOST", "plain $HOST"),
    ],
)
def test_placeholders_are_replaced(text: str, value: Any) -> None:
    assert resolve(text, ENVIRONMENT) == value
    assert type(resolve(text, ENVIRONMENT)) is type(value)
    assert has_placeholder(text) == (text != value or "$${" in text)


@pytest.mark.parametrize("text", ["${env:NONE}", "a ${env:NONE} b", "${env:}", "${env:a b}", "${env:HOST"])
def test_a_placeholder_without_a_value_is_refused(text: str) -> None:
    with pytest.raises(PlaceholderError) as caught:
        resolve(text, ENVIRONMENT)
    assert "env:" in caught.value.got
