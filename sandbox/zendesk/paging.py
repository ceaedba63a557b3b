"""Pages of a list: by cursor when `page[size]` is given, by number otherwise.

Source: developer.zendesk.com/api-reference/introduction/pagination.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from sandbox.core.http import Request
from sandbox.zendesk.common import ZendeskError

_MOST = 100


class Numbered(Protocol):
    """Something that lists show."""

    id: int


T = TypeVar("T", bound=Numbered)


def paged(request: Request, name: str, entries: Sequence[T], view: Callable[[T], Any], url: str) -> dict[str, Any]:
    """The page that the request asks for; `entries` are in their order. Raises ZendeskError."""
    if request.query("page[size]") is None:
        return _by_number(request, name, entries, view, url)
    size = _number(request, "page[size]", _MOST)
    if not 1 <= size <= _MOST:
        raise _bad("page[size] must be between 1 and 100")
    after, before = request.query("page[after]"), request.query("page[before]")
    places = {_cursor(entry): place for place, entry in enumerate(entries)}
    start = _place(places, after) + 1 if after else max(0, _place(places, before) - size) if before else 0
    end = _place(places, before) if before else start + size
    shown = entries[start:end]
    more = start > 0 if before else end < len(entries)
    first, last = (_cursor(shown[0]), _cursor(shown[-1])) if shown else (None, None)
    return {
        name: [view(entry) for entry in shown],
        "meta": {"has_more": more, "after_cursor": last, "before_cursor": first},
        "links": {
            "next": _link(request, url, {"page[after]": last}) if last and end < len(entries) else None,
            "prev": _link(request, url, {"page[before]": first}) if first and start > 0 else None,
        },
    }


def _by_number(request: Request, name: str, entries: Sequence[T], view: Callable[[T], Any], url: str) -> dict[str, Any]:
    page, size = _number(request, "page", 1), min(_MOST, _number(request, "per_page", _MOST))
    if page < 1 or size < 1:
        raise _bad("page and per_page must be at least 1")
    start = (page - 1) * size
    return {
        name: [view(entry) for entry in entries[start : start + size]],
        "next_page": _link(request, url, {"page": page + 1}) if start + size < len(entries) else None,
        "previous_page": _link(request, url, {"page": page - 1}) if page > 1 else None,
        "count": len(entries),
    }


def _cursor(entry: Numbered) -> str:
    return base64.urlsafe_b64encode(f"id:{entry.id}".encode()).decode()


def _place(places: dict[str, int], cursor: str) -> int:
    if cursor not in places:
        raise _bad("the cursor is not valid")
    return places[cursor]


def _link(request: Request, url: str, changes: dict[str, Any]) -> str:
    kept = {key: value for key, value in request.query_pairs if key not in ("page[after]", "page[before]")}
    return f"{url}?{urlencode(kept | changes)}"


def _number(request: Request, name: str, otherwise: int) -> int:
    text = request.query(name)
    if text is None:
        return otherwise
    if not text.isdecimal():
        raise _bad(f"{name} must be a number")
    return int(text)


def _bad(problem: str) -> ZendeskError:
    return ZendeskError(400, "InvalidPaginationParameter", problem)
