"""Sanitizing HTML (nh3, which is ammonia): what a policy does not allow is gone, and what is left is well-formed.

A policy is plain data: elements, attributes of some elements or of all (with a pattern for their values, if any), which
URLs may be kept, and what links get. Contents of `script` and `style` go with them, other elements leave their text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from actorflow.errors import invalid
from actorflow.module.octets import text, unexpected
from actorflow.module.regexp import compiled

LARGEST: Final = 1 << 20
"""Bytes of a text that is sanitized."""
_MOST: Final = 1_000
"""Elements, attributes or schemes of one policy."""
_STANDARD: Final = ("http", "https", "mailto")
_PLAIN: Final = (
    "a", "abbr", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center", "cite", "code",
    "col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "footer", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark", "nav", "ol", "p",
    "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small", "span", "strike", "strong", "sub", "summary",
    "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr",
)  # fmt: skip
_ALIGN: Final = r"^(?i:left|right|center|justify|char)$"
_NUMBER: Final = r"^[0-9]+%?$"
_GROUPS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "standard_attributes": {
            "attributes": [
                {"names": ["dir"], "matching": "^(?i:ltr|rtl)$"},
                {"names": ["lang"], "matching": "^[a-zA-Z]{2,20}(-[a-zA-Z0-9]{2,20})*$"},
                {"names": ["id"], "matching": "^[a-zA-Z0-9:_.-]+$"},
                {"names": ["title"]},
            ]
        },
        "standard_urls": {"schemes": list(_STANDARD), "relative": True, "nofollow": True},
        "images": {
            "elements": ["img"],
            "attributes": [
                {"names": ["src", "alt"], "elements": ["img"]},
                {"names": ["height", "width"], "elements": ["img"], "matching": _NUMBER},
                {"names": ["align"], "elements": ["img"], "matching": "^(?i:left|right|top|texttop|middle|bottom)$"},
            ],
        },
        "lists": {
            "elements": ["ol", "ul", "li", "dl", "dt", "dd"],
            "attributes": [
                {"names": ["type"], "elements": ["ol", "ul", "li"], "matching": "^(?i:circle|disc|square|a|i|1)$"},
                {"names": ["value"], "elements": ["li"], "matching": "^-?[0-9]+$"},
            ],
        },
        "tables": {
            "elements": ["table", "caption", "col", "colgroup", "thead", "tbody", "tfoot", "tr", "td", "th"],
            "attributes": [
                {"names": ["align"], "elements": ["col", "colgroup", "tr", "td", "th"], "matching": _ALIGN},
                {"names": ["colspan", "rowspan", "span", "height", "width"], "matching": _NUMBER,
                 "elements": ["table", "col", "colgroup", "td", "th"]},
                {"names": ["scope"], "elements": ["th", "td"], "matching": "^(?i:row|col|rowgroup|colgroup)$"},
            ],
        },
    }
)  # fmt: skip
_FLAGS: Final = ("relative", "nofollow", "noreferrer", "blank", "data_images")
_URL_ATTRIBUTES: Final = frozenset({"href", "src", "cite", "action", "formaction", "poster", "background", "longdesc"})
_IMAGE: Final = r"^data:image/(?:gif|jpeg|png|webp);base64,[a-zA-Z0-9+/=\s]+$"


def group(name: Any = None) -> dict[str, Any]:
    """Return what a named group of allowances adds to a policy: `images`, `lists`, `tables` and others."""
    found = _GROUPS.get(text(name, "html.sanitize"))
    if found is None:
        raise invalid(f"html.sanitize: no group {name!r}; there are {', '.join(sorted(_GROUPS))}")
    return dict(found)


def ugc() -> dict[str, Any]:
    """Return the policy for what users write: text, links, lists, tables and images, no styles and no scripts."""
    parts = [_GROUPS[name] for name in sorted(_GROUPS)]
    attributes = [rule for part in parts for rule in part.get("attributes", [])]
    attributes += [
        {"names": ["href"], "elements": ["a"]},
        {"names": ["cite"], "elements": ["blockquote", "del", "ins", "q"]},
        {"names": ["datetime"], "elements": ["del", "ins", "time"], "matching": r"^[0-9T:Z.+ -]+$"},
        {"names": ["open"], "elements": ["details"], "matching": "^(?i:|open)$"},
    ]
    return {"elements": list(_PLAIN), "attributes": attributes, **_GROUPS["standard_urls"]}


def check_pattern(pattern: Any = None) -> str:
    """Return a pattern of values that RE2 takes; raises `Error` Invalid."""
    given = text(pattern, "html.sanitize, matching")
    compiled(given)
    return given


def sanitize(policy: Any = None, source: Any = None) -> str:
    """Return HTML in which only what a policy allows is left.

    Raises:
        Error: kind Invalid, for what is no policy or no text, or too long a one.
    """
    import nh3  # noqa: PLC0415 - imported when first used

    given = text(source, "html.sanitize")
    if len(given) > LARGEST:
        raise invalid(f"html.sanitize: got {len(given):,} characters, expected at most {LARGEST:,}")
    if not isinstance(policy, Mapping):
        raise unexpected(policy, "a policy", "html.sanitize")
    elements = _names(policy.get("elements"), "elements")
    rules = _rules(policy.get("attributes"))
    flags = {name: bool(policy.get(name)) for name in _FLAGS}
    schemes = _names(policy.get("schemes"), "schemes") if flags["relative"] or policy.get("schemes") else frozenset()
    forced = {"a": {"target": "_blank"}} if flags["blank"] and "a" in elements else {}
    return nh3.clean(
        given,
        tags=set(elements),
        clean_content_tags={"script", "style"} - elements,
        attributes=_attributes(rules, elements, forced),
        attribute_filter=_filter(rules, flags),
        link_rel=_rel(flags),
        url_schemes={*schemes, *({"data"} if flags["data_images"] else ())},
        url_relative="pass_through" if flags["relative"] else "deny",
        set_tag_attribute_values=forced,
    )


Rule = tuple[frozenset[str], frozenset[str] | None, str]
"""Attributes, the elements they are for (None: all), and what their values must match."""


def _names(value: Any, what: str) -> frozenset[str]:
    if value in (None, {}):
        return frozenset()
    if not isinstance(value, list) or len(value) > _MOST or not all(isinstance(name, str) for name in value):
        raise invalid(f"html.sanitize: expected a list of at most {_MOST:,} texts as {what}")
    return frozenset(name.lower() for name in value)


def _rules(written: Any) -> list[Rule]:
    if written in (None, {}):
        return []
    if not isinstance(written, list) or len(written) > _MOST or not all(isinstance(rule, Mapping) for rule in written):
        raise invalid("html.sanitize: expected a list of rules as attributes")
    return [_rule(rule) for rule in written]


def _rule(written: Mapping[str, Any]) -> Rule:
    names = _names(written.get("names"), "names of attributes")
    elements = None if written.get("elements") is None else _names(written["elements"], "elements")
    pattern = written.get("matching") or ""
    return names, elements, check_pattern(pattern) if pattern else ""


def _attributes(rules: list[Rule], allowed: frozenset[str], forced: Mapping[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for names, elements, _ in rules:
        for element in ("*",) if elements is None else elements & allowed:
            found.setdefault(element, set()).update(names - {"rel"})
    for element in forced:
        for holder in ("*", element):
            found.get(holder, set()).discard("target")
    return found


def _filter(rules: list[Rule], flags: Mapping[str, bool]) -> Callable[[str, str, str], str | None]:
    def kept(element: str, attribute: str, value: str) -> str | None:
        if attribute in {"rel", "target"} and element == "a" and _is_ours(attribute, value, flags):
            return value
        if attribute in _URL_ATTRIBUTES and value.strip().lower().startswith("data:"):
            fits = flags["data_images"] and element == "img" and attribute == "src"
            return value if fits and _searched(_IMAGE, value) else None
        return value if any(_fits(rule, element, attribute, value) for rule in rules) else None

    return kept


def _is_ours(attribute: str, value: str, flags: Mapping[str, bool]) -> bool:
    return value == (_rel(flags) if attribute == "rel" else "_blank" if flags["blank"] else None)


def _fits(rule: Rule, element: str, attribute: str, value: str) -> bool:
    names, elements, pattern = rule
    return (
        attribute in names and (elements is None or element in elements) and (not pattern or _searched(pattern, value))
    )


def _searched(pattern: str, value: str) -> bool:
    return compiled(pattern).search(value.encode(errors="surrogatepass")) is not None


def _rel(flags: Mapping[str, bool]) -> str | None:
    words = (("nofollow", "nofollow"), ("noreferrer", "noreferrer"), ("noopener", "blank"))
    return " ".join(word for word, flag in words if flags[flag]) or None


PURE: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {"html.group": group, "html.ugc": ugc, "html.check_pattern": check_pattern, "html.sanitize": sanitize}
)
