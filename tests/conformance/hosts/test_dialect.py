"""What scripts compute with: errors, times and types are the same on every host, and in both languages where both have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.hosts.place import Place, same


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_zones_layouts_and_durations(place: Place) -> None:
    lua = place.lua(
        "lua",
        """
        local function main(seconds)
          local berlin = time.load_location("Europe/Berlin")
          local at = time.unix(seconds, 0)
          time.sleep(1)
          local _, unknown = time.load_location("Mars/Olympus")
          local _, empty = time.load_location("")
          local _, soon = time.parse_duration("soon")
          return {
            at:in_location(berlin):format("2006-01-02T15:04:05-07:00"), at:add_date(0, 1, 0):utc():format("2006-01-02"),
            time.parse_duration("1h30m"):minutes(), unknown:kind(), empty:kind(), soon:kind(), soon:retryable(),
          }
        end
        """,
    )
    python = place.python(
        "python",
        """
        from datetime import UTC, datetime

        from actorflow.script import errors, time

        def refused(function, argument):
            try:
                return function(argument)
            except errors.Error as error:
                return error

        async def main(seconds):
            berlin = time.load_location("Europe/Berlin")
            at = datetime.fromtimestamp(seconds, UTC)
            await time.sleep("1ns")
            unknown, empty = refused(time.load_location, "Mars/Olympus"), refused(time.load_location, "")
            soon = refused(time.parse_duration, "soon")
            return [
                at.astimezone(berlin).isoformat(), at.replace(month=at.month + 1).date().isoformat(),
                time.parse_duration("1h30m").total_seconds() / 60, unknown.kind, empty.kind, soon.kind, soon.retryable,
            ]
        """,
    )
    expected = ["2024-07-03T11:46:40+02:00", "2024-08-03", 90, "NotFound", "Invalid", "Invalid", False]
    assert await same(place, (lua, python), 1720000000) == expected


async def test_a_wrapped_error_keeps_what_it_is(place: Place) -> None:
    lua = place.lua(
        "lua",
        """
        local function main()
          local inner = errors.new({message = "full", kind = errors.UNAVAILABLE, retryable = true, details = {free = 0}})
          local err = errors.wrap(errors.wrap(inner, "writing"), "saving")
          time.sleep(1)
          local text = errors.wrap("plain", "around")
          return {
            err:kind(), err:message(), err:retryable(), err:details().free, errors.is(err, "Unavailable"),
            string.match(err:stack(), "^(saving)\\n(writing)") ~= nil, text:kind(), text:message(),
          }
        end
        """,
    )
    python = place.python(
        "python",
        """
        from actorflow.script import errors, time

        async def main():
            inner = errors.new("full", errors.UNAVAILABLE, retryable=True, details={"free": 0})
            err = errors.wrap(errors.wrap(inner, "writing"), "saving")
            await time.sleep("1ns")
            text = errors.wrap("plain", "around")
            return [
                err.kind, err.message, err.retryable, err.details["free"], errors.is_kind(err, "Unavailable"),
                err.failure.stack.startswith("saving\\nwriting"), text.kind, text.message,
            ]
        """,
    )
    expected = ["Unavailable", "full", True, 0, True, True, "", "plain"]
    assert await same(place, (lua, python)) == expected


async def test_types_and_text_on_every_host(place: Place) -> None:
    lua = place.lua(
        "lua",
        """
        type Item = {name: string, price: number @min(0), tags?: {string}}
        type Order = {items: {Item}, note: string?}

        local function main(order: any)
          local checked, problem = Order:is(order)
          time.sleep(1)
          local _, wrong = Order:is({items = {{name = "x", price = -1}}})
          local keys = {}
          for name, field in pairs(Item:fields()) do keys[#keys + 1] = name .. "=" .. field:kind() end
          return {checked ~= nil, problem == nil, wrong:message(), keys, tostring(10 / 4), tostring(9 / 3), string.format("%d", 7.9)}
        end
        """,
    )
    order = {"items": [{"name": "book", "price": 5}], "note": "soon"}
    assert await same(place, (lua,), order) == [
        True,
        True,
        "field 'items[1].price': expected a value that passes @min(0), got -1",
        ["name=string", "price=number", "tags=optional"],
        "2.5",
        "3",
        "7",
    ]


async def test_callbacks_wait_as_anything_else(place: Place) -> None:
    lua = place.lua(
        "lua",
        """
        local function main()
          local list = {5, 3, 9, 1}
          table.sort(list, function(a, b) time.sleep("1ms") return a < b end)
          local text = string.gsub("a1b2", "%d", function(d) time.sleep("1ms") return d * 2 end)
          local gen = coroutine.wrap(function()
            for i = 1, 2 do
              time.sleep("1ms")
              coroutine.yield(i)
            end
          end)
          return {list, text, gen() + gen(), pcall(function() time.sleep("1ms") error("x", 0) end)}
        end
        """,
    )
    assert await same(place, (lua,)) == [[1, 3, 5, 9], "a2b4", 3, False, "x"]
