"""uuid, random, json, errors and logger."""

from __future__ import annotations

import logging
import time as clock
import uuid

import pytest

from actorflow.errors import INVALID, Error, not_found
from actorflow.script import errors, json, logger, random, store, time, wait
from actorflow.script import uuid as script_uuid
from actorflow.script.ctx import CALL, CallContext
from tests.unit.script.bench import Bench


def test_uuids_are_drawn_and_well_formed() -> None:
    bench = Bench("""
        async def main():
            await time.sleep(1)
            return [uuid.v4(), uuid.v4(), uuid.v7(), uuid.v5(uuid.NAMESPACE_DNS, "example.org")]
    """)
    bench.driver.time = 0x0123_4567_89AB * 1_000_000
    bench.fire(1)
    one, two, seven, five = map(uuid.UUID, bench.value)
    assert (one.version, two.version, seven.version, five.version) == (4, 4, 7, 5)
    assert {item.variant for item in (one, two, seven, five)} == {uuid.RFC_4122}
    assert one != two
    assert seven.hex.startswith("0123456789ab7")
    assert five == uuid.uuid5(uuid.NAMESPACE_DNS, "example.org")
    assert bench.driver.draws == [("uuid4", 16), ("uuid4", 16), ("uuid7", 16)]


def test_uuid_texts_are_checked() -> None:
    assert script_uuid.validate(script_uuid.NAMESPACE_URL)
    assert not script_uuid.validate("no")
    assert not script_uuid.validate(None)
    assert script_uuid.version(script_uuid.NAMESPACE_URL) == 1
    with pytest.raises(Error, match="got 'no', expected a UUID"):
        script_uuid.v5("no", "name")


def test_random_values_are_in_range_and_use_recorded_draws_only() -> None:
    bench = Bench("""
        async def main():
            deck = list(range(8))
            random.shuffle(deck)
            return {
                "ints": sorted({random.randint(1, 3) for _ in range(60)}),
                "one": random.randint(5, 5),
                "floats": all(0 <= random.random() < 1 for _ in range(50)),
                "uniform": 2 <= random.uniform(2, 3) <= 3,
                "choices": sorted({random.choice("ab") for _ in range(40)}),
                "deck": sorted(deck) == list(range(8)),
                "sample": len(set(random.sample(range(100), 10))),
                "bits": random.getrandbits(4) < 16,
                "bytes": len(random.randbytes(5)),
                "none": random.randbytes(0),
            }
    """)
    assert bench.value == {
        "ints": [1, 2, 3],
        "one": 5,
        "floats": True,
        "uniform": True,
        "choices": ["a", "b"],
        "deck": True,
        "sample": 10,
        "bits": True,
        "bytes": 5,
        "none": b"",
    }
    assert {kind for kind, _ in bench.driver.draws} == {"random"}


@pytest.mark.parametrize("call", ["randint(2, 1)", "choice([])", "sample([1], 2)", "randbytes(-1)"])
def test_random_refuses_what_cannot_be(call: str) -> None:
    bench = Bench(f"""
        async def main():
            random.{call}
    """)
    assert bench.failure.kind == INVALID


def test_json_is_strict_and_says_where() -> None:
    assert json.encode({"ä": [1, None, 2.5]}) == '{"ä":[1,null,2.5]}'
    assert json.decode(json.encode({"a": {"b": []}}, indent=2)) == {"a": {"b": []}}
    for bad in (float("nan"), {1j}, object()):
        with pytest.raises(Error, match=r"json\.encode"):
            json.encode(bad)
    with pytest.raises(Error, match="line 2 column 1"):
        json.decode("[1,\n]")
    for number in ("NaN", "-Infinity", "1e999"):
        with pytest.raises(Error, match=r"json\.decode: .* number"):
            json.decode(number)


def test_json_has_as_many_levels_as_in_lua() -> None:
    fitting, deep = "[" * 128 + "1" + "]" * 128, '{"a":' * 129 + "1" + "}" * 129
    value = json.decode(fitting)
    assert json.encode(value) == fitting
    with pytest.raises(Error, match=r"json\.encode: the value has more than 128 levels"):
        json.encode([value])
    for text in (deep, deep.encode()):
        with pytest.raises(Error, match=r"json\.decode: the value has more than 128 levels"):
            json.decode(text)
    assert len(json.decode("[" + "[]," * 200 + "[]]")) == 201


def test_errors_are_made_and_told_apart() -> None:
    error = errors.new("gone", errors.NOT_FOUND, retryable=False, details={"id": 7})
    assert (error.kind, error.message, error.retryable, error.details) == ("NotFound", "gone", False, {"id": 7})
    assert errors.is_kind(error, errors.NOT_FOUND)
    assert errors.is_kind(error.failure, errors.NOT_FOUND)
    assert not errors.is_kind(ValueError("x"), errors.NOT_FOUND)
    assert errors.new("?").failure.crossing().kind == errors.INTERNAL


def test_log_lines_carry_level_text_and_fields() -> None:
    bench = Bench("""
        async def main():
            log = logger.named("shop").with_fields({"order": 7})
            logger.info("plain", amount=3)
            log.warn("odd", {"a": 1}, b=2)
            log.debug("quiet")
            log.error("bad")
            print("printed", 1, sep="-")
    """)
    shop = {"logger": "shop", "order": 7}
    places = [fields.pop("location", "") for _, _, fields in bench.driver.lines]
    assert [place.rpartition(":")[2] for place in places] == ["6", "7", "8", "9", ""]
    assert bench.driver.lines == [
        ("info", "plain", {"amount": 3}),
        ("warn", "odd", {**shop, "a": 1, "b": 2}),
        ("debug", "quiet", shop),
        ("error", "bad", shop),
        ("info", "printed-1", {}),
    ]


def test_in_a_function_log_lines_go_to_its_host() -> None:
    lines = []
    token = CALL.set(CallContext("id", note=lambda level, text, fields: lines.append((level, text, fields))))
    try:
        logger.info("charged", order=7)
    finally:
        CALL.reset(token)
    ((level, text, fields),) = lines
    assert (level, text, fields["order"]) == ("info", "charged", 7)
    assert fields["location"].startswith(f"{__file__}:")


def test_in_a_function_time_and_chance_are_those_of_the_machine() -> None:
    before, token = clock.time_ns(), CALL.set(CallContext("id"))
    try:
        assert before <= time.now_ns() <= clock.time_ns()
        assert time.now().tzinfo is not None
        assert len(random.randbytes(7)) == 7
        assert random.choice(["a"]) == "a"
    finally:
        CALL.reset(token)
    with pytest.raises(Error, match="no process runs here"):
        time.now()


def test_a_default_stands_for_a_missing_key_and_for_nothing_else_that_is_missing() -> None:
    missing: dict[str, str] = {"key": "k"}

    async def perform(_name: str, _args: object) -> object:
        raise not_found("nothing", **missing)

    token = CALL.set(CallContext("id", perform=perform))
    try:
        assert wait(store.Store("app:store").get("k", 7)) == 7
        missing = {"table": "kv"}
        with pytest.raises(Error, match="nothing"):
            wait(store.Store("app:store").get("k", 7))
    finally:
        CALL.reset(token)


def test_anywhere_else_they_go_to_the_standard_library(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "actorflow.script"):
        logger.warning("odd", a=1)
    assert caplog.record_tuples == [("actorflow.script", logging.WARNING, "odd a=1")]
