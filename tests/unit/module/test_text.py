"""Regular expressions, diffs and splitters: Go's answers, linear time, and what is refused."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.errors import INVALID, Error
from actorflow.module import diff, regexp, splitter
from actorflow.module.table import call


@pytest.mark.parametrize(
    ("pattern", "subject", "most", "pieces"),
    [  # the examples of Go's regexp.Split
        ("a", "banana", -1, [b"b", b"n", b"n", b""]),
        ("a", "banana", 0, []),
        ("a", "banana", 1, [b"banana"]),
        ("a", "banana", 2, [b"b", b"nana"]),
        ("z+", "pizza", -1, [b"pi", b"a"]),
        ("z+", "pizza", 2, [b"pi", b"a"]),
        ("a*", "abaabaccadaaae", 5, [b"", b"b", b"b", b"c", b"cadaaae"]),
        ("", "äb", None, ["ä".encode(), b"b"]),
        (",", "", None, [b""]),
    ],
)
def test_split_is_that_of_go(pattern: str, subject: str, most: Any, pieces: list[bytes]) -> None:
    assert regexp.split(pattern, subject, most) == pieces


@pytest.mark.parametrize(
    ("pattern", "subject", "replacement", "made"),
    [  # the examples of Go's ReplaceAllString
        ("a(x*)b", "-ab-axxb-", "T", b"-T-T-"),
        ("a(x*)b", "-ab-axxb-", "$1", b"--xx-"),
        ("a(x*)b", "-ab-axxb-", "$1W", b"---"),
        ("a(x*)b", "-ab-axxb-", "${1}W", b"-W-xxW-"),
        ("(?P<first>\\w+) (\\w+)", "hello world", "$2 ${first} $$ $9 $ ${", b"world hello $  $ ${"),
        ("a*", "baac", "x", b"xbxcx"),
        ("", "äb", "-", "-ä-b-".encode()),
    ],
)
def test_replace_is_that_of_go(pattern: str, subject: str, replacement: str, made: bytes) -> None:
    assert regexp.replace(pattern, subject, replacement) == made


def test_places_count_bytes_from_one() -> None:
    assert regexp.find_place("\\d+", "ä123d") == [3, 5]
    assert regexp.find_all_places("\\d", "1a2") == [[1, 1], [3, 3]]
    assert regexp.find_place("x", "abc") is None


def test_groups_and_their_names() -> None:
    pattern = "(?P<year>\\d+)-(\\d+)(x)?"
    assert regexp.find_groups(pattern, "on 2024-05") == [b"2024-05", b"2024", b"05", b""]
    assert regexp.find_all_groups("(a)(b)?", "ab a", 1) == [[b"ab", b"a", b"b"]]
    assert regexp.group_count(pattern) == 3
    assert regexp.group_names(pattern) == ["", "year", "", ""]
    assert [regexp.group_index(pattern, name) for name in ("year", "month", "")] == [1, -1, -1]


@pytest.mark.parametrize("pattern", ["(a", "a{1001}", "(?=a)", "\\1", "[z-a]", 5, None, b"\xff"])
def test_a_pattern_that_re2_refuses_is_invalid(pattern: Any, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Error) as caught:
        regexp.check(pattern)
    assert caught.value.kind == INVALID
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(.*)*x", "(a?){50}a{50}"])
def test_a_hostile_pattern_takes_no_longer_than_any(pattern: str) -> None:
    began = time.thread_time()
    regexp.match(pattern, "a" * 50_000 + "b")
    assert time.thread_time() - began < 10


def test_more_matches_than_a_slice_has_time_for_are_refused() -> None:
    with pytest.raises(Error, match="more than 100,000 matches"):
        regexp.find_all(".", "a" * 100_001)
    assert len(regexp.find_all(".", "a" * 100_001, 3)) == 3


@given(st.text(), st.text(max_size=20))
def test_splitting_and_joining_at_a_plain_text_gives_it_back(subject: str, separator: str) -> None:
    import re2  # noqa: PLC0415 - as the module does it

    pattern = re2.escape(separator.replace("\0", ""))
    if separator and "\0" not in separator:
        assert separator.encode().join(regexp.split(pattern, subject)) == subject.encode()


def test_a_diff_leads_from_one_text_to_the_other() -> None:
    steps = diff.compare(None, "hello world", "hello there world")
    assert steps == [
        {"operation": "equal", "text": "hello "},
        {"operation": "insert", "text": "there "},
        {"operation": "equal", "text": "world"},
    ]
    assert diff.summarize(steps) == {"equals": 11, "insertions": 6, "deletions": 0}
    assert "<ins" in diff.pretty_html(steps)
    assert diff.pretty_text(steps) == "hello \x1b[32mthere \x1b[0mworld"


@given(st.text(alphabet="ab \nä"), st.text(alphabet="ab \nä"))
def test_patches_lead_from_one_text_to_the_other(old: str, new: str) -> None:
    assert diff.patch_apply(None, diff.patch_make(None, old, new), old) == [new, True]


def test_a_patch_without_a_place_is_told() -> None:
    patches = diff.patch_make(None, "the quick brown fox jumps", "the slow brown fox jumps")
    assert diff.patch_apply(None, patches, "nothing of that is here at all, sorry")[1] is False


def test_a_diff_of_texts_without_likeness_ends_soon() -> None:
    began = time.thread_time()
    diff.compare(None, "ab" * 20_000, "cdd" * 20_000)
    assert time.thread_time() - began < 10


def test_chunks_are_cut_at_the_coarsest_separator() -> None:
    options = splitter.check("recursive", {"chunk_size": 20, "chunk_overlap": 5})
    chunks = splitter.split("recursive", options, "the quick brown fox jumps over the lazy dog\n\nand then more")
    assert chunks == ["the quick brown fox", "fox jumps over the", "the lazy dog", "and then more"]
    kept = splitter.check("recursive", {"chunk_size": 5, "separators": ["|"], "keep_separator": True})
    assert splitter.split("recursive", kept, "aaaa|bbbb|cc") == ["aaaa", "|bbbb", "|cc"]


@given(st.text(), st.integers(1, 30), st.integers(0, 10))
def test_no_chunk_is_longer_than_asked_for(subject: str, size: int, overlap: int) -> None:
    options = splitter.check("recursive", {"chunk_size": size, "chunk_overlap": min(overlap, size - 1)})
    assert all(0 < len(chunk) <= size for chunk in splitter.split("recursive", options, subject))


@pytest.mark.parametrize(
    ("kind", "options", "subject"),
    [
        ("recursive", {"chunk_size": 100_000, "chunk_overlap": 99_999}, "a " * 100_000),
        ("markdown", {"heading_hierarchy": True}, "# " + "x" * 50_000 + "\n" + "## y\n" * 5_000),
    ],
)
def test_chunks_that_would_fill_the_memory_are_refused(kind: str, options: dict[str, Any], subject: str) -> None:
    with pytest.raises(Error, match="repeat so much") as caught:
        splitter.split(kind, splitter.check(kind, options), subject)
    assert caught.value.kind == INVALID


def test_replacements_that_would_fill_the_memory_are_refused() -> None:
    with pytest.raises(Error, match="more than 16,777,216 bytes"):
        regexp.replace("(a*)", "a" * 1_000_000, "$1" * 100)
    with pytest.raises(Error, match="more than 16,777,216 bytes"):
        regexp.replace("", "a" * 90_000, "b" * 3_000)
    with pytest.raises(Error, match="more than 100,000 matches"):
        regexp.find_all_groups("(a*)" * 50, "a b" * 20_000)


def test_markdown_is_cut_at_headings_outside_of_code() -> None:
    options = splitter.check("markdown", {"chunk_size": 60, "heading_hierarchy": True})
    source = "intro\n# A\ntext a\n## B\ntext b\n```\n# no heading\n```\n# C\nend"
    assert splitter.split("markdown", options, source) == [
        "intro",
        "# A\ntext a",
        "# A\n## B\ntext b\n```\n# no heading\n```",
        "# C\nend",
    ]
    page = {"content": "# A\nx", "metadata": {"page": 3}}
    assert splitter.split_batch("markdown", options, [page]) == [{"content": "# A\nx", "metadata": {"page": 3}}]


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("splitter.check", ("recursive", {"chunk_size": 0})),
        ("splitter.check", ("recursive", {"chunk_size": 5, "chunk_overlap": 5})),
        ("splitter.check", ("recursive", {"size": 5})),
        ("splitter.check", ("markdown", 5)),
        ("splitter.split_batch", ("recursive", {}, [5])),
        ("diff.check", ({"speed": 1},)),
        ("diff.compare", (None, "a")),
        ("diff.summarize", ([{"operation": "move", "text": ""}],)),
        ("diff.patch_apply", (None, [{"text": "no patch"}], "x")),
        ("regexp.match_string", ("a", 5)),
        ("regexp.find_all_string", ("a", "b", "c")),
    ],
)
def test_what_is_refused_is_invalid(name: str, args: tuple[Any, ...]) -> None:
    with pytest.raises(Error) as caught:
        call(name, args)
    assert (caught.value.kind, caught.value.retryable) == (INVALID, False)
