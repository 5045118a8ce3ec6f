"""Differences between texts, and patches (diff-match-patch). A diff is a list of `{operation, text}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from actorflow.errors import invalid
from actorflow.module.octets import text, unexpected

_WORDS: Final = {-1: "delete", 0: "equal", 1: "insert"}
_SIGNS: Final = {word: sign for sign, word in _WORDS.items()}
_STEPS: Final = 800
"""Steps of the search for the smallest difference; it costs the square of them. Then the rest counts as replaced."""
_OPTIONS: Final = {
    "diff_edit_cost": "Diff_EditCost",
    "match_threshold": "Match_Threshold",
    "match_distance": "Match_Distance",
    "patch_delete_threshold": "Patch_DeleteThreshold",
    "patch_margin": "Patch_Margin",
}
_WITHOUT_EFFECT: Final = frozenset({"diff_timeout", "match_max_bits"})
"""Options of others: a limit of time would give another answer on another day."""


class _Steps:
    """A deadline in steps: `time() > deadline` is asked once a step, and becomes true after so many."""

    def __init__(self) -> None:
        self._left = _STEPS

    def __lt__(self, _now: object) -> bool:
        self._left -= 1
        return self._left < 0


def check(options: Any = None) -> dict[str, float]:
    """Return the options of a differ.

    Raises:
        Error: kind Invalid, for an unknown option or one that is no number.
    """
    given = {} if options is None or options == [] else options
    if not isinstance(given, dict):
        raise unexpected(options, "a table of options", "text.diff.new")
    for name, value in given.items():
        if name not in _OPTIONS and name not in _WITHOUT_EFFECT:
            raise invalid(f"text.diff.new: unknown option {name!r}, expected one of {', '.join(_OPTIONS)}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise unexpected(value, "a number", f"text.diff.new, {name}")
    return given


def compare(options: Any = None, old: Any = None, new: Any = None) -> list[dict[str, str]]:
    """Return the steps that lead from one text to the other, tidied up for reading."""
    differ = _differ(options)
    diffs = _diffs(differ, text(old, "differ:compare"), text(new, "differ:compare"))
    return [{"operation": _WORDS[sign], "text": piece} for sign, piece in diffs]


def summarize(diffs: Any = None) -> dict[str, int]:
    """Return how many characters are `equals`, `insertions` and `deletions`."""
    pairs = _pairs(diffs, "differ:summarize")
    names = {"equals": 0, "insertions": 1, "deletions": -1}
    return {name: sum(len(piece) for sign, piece in pairs if sign == wanted) for name, wanted in names.items()}


def pretty_html(diffs: Any = None) -> str:
    """Return a diff as HTML with `ins`, `del` and `span`; its text is escaped."""
    made: str = _differ(None).diff_prettyHtml(_pairs(diffs, "differ:pretty_html"))
    return made


def pretty_text(diffs: Any = None) -> str:
    """Return a diff as text for a terminal: what is inserted green, what is deleted red."""
    colors = {1: "\x1b[32m{}\x1b[0m", -1: "\x1b[31m{}\x1b[0m", 0: "{}"}
    return "".join(colors[sign].format(piece) for sign, piece in _pairs(diffs, "differ:pretty_text"))


def patch_make(options: Any = None, old: Any = None, new: Any = None) -> list[dict[str, str]]:
    """Return the patches that lead from one text to the other, each `{text}` in the form of a unified diff."""
    differ = _differ(options)
    before = text(old, "differ:patch_make")
    diffs = _diffs(differ, before, text(new, "differ:patch_make"))
    return [{"text": str(patch)} for patch in differ.patch_make(before, diffs)]


def patch_apply(options: Any = None, patches: Any = None, source: Any = None) -> list[Any]:
    """Return a text with patches applied, as far as their places are found, and whether all were."""
    where = "differ:patch_apply"
    differ = _differ(options)
    given = [] if patches in (None, {}) else patches
    if not isinstance(given, list) or not all(isinstance(patch, dict) and "text" in patch for patch in given):
        raise unexpected(patches, "the patches of patch_make", where)
    try:
        parsed = differ.patch_fromText("".join(text(patch["text"], where) for patch in given))
    except ValueError as error:
        raise invalid(f"{where}: {error}") from None
    made, applied = differ.patch_apply(parsed, text(source, where))
    return [made, all(applied)]


def _diffs(differ: Any, old: str, new: str) -> Any:
    diffs = differ.diff_main(old, new, checklines=True, deadline=_Steps())
    differ.diff_cleanupSemantic(diffs)
    return diffs


def _differ(options: Any) -> Any:
    from diff_match_patch import diff_match_patch  # noqa: PLC0415 - imported when first used

    differ = diff_match_patch()
    differ.Diff_Timeout = 0
    for name, value in check(options).items():
        if name in _OPTIONS:
            setattr(differ, _OPTIONS[name], value)
    return differ


def _pairs(diffs: Any, where: str) -> list[tuple[int, str]]:
    given = [] if diffs in (None, {}) else diffs
    if not isinstance(given, list):
        raise unexpected(diffs, "the diff of compare", where)
    pairs = []
    for step in given:
        if not isinstance(step, dict) or step.get("operation") not in _SIGNS:
            raise unexpected(step, "a step {operation, text}", where)
        pairs.append((_SIGNS[step["operation"]], text(step.get("text"), where)))
    return pairs


PURE: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "diff.check": check,
        "diff.compare": compare,
        "diff.summarize": summarize,
        "diff.pretty_html": pretty_html,
        "diff.pretty_text": pretty_text,
        "diff.patch_make": patch_make,
        "diff.patch_apply": patch_apply,
    }
)
