"""Cursors and connections."""

import base64
import binascii
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import orjson

from sandbox.shopify.gql.errors import FieldError

_MAX_PAGE = 250
Arguments = dict[str, Any]


def cursor_of(value: Any) -> str:
    return base64.b64encode(orjson.dumps(value)).decode()


def read_cursor(text: str) -> Any:
    try:
        return orjson.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, orjson.JSONDecodeError) as problem:
        raise bad_cursor() from problem


def bad_cursor() -> FieldError:
    return FieldError("Invalid cursor for current pagination sort.", "BAD_REQUEST")


def page_size(arguments: Arguments) -> tuple[int, bool]:
    """(size, whether from the end). The vendor wants exactly one of first and last, at most 250."""
    first, last = arguments.get("first"), arguments.get("last")
    if first is None and last is None:
        raise FieldError("you must provide one of first or last", "BAD_REQUEST")
    if first is not None and last is not None:
        raise FieldError("providing both first and last is not supported", "BAD_REQUEST")
    name, size = ("first", first) if first is not None else ("last", last)
    if size is None or size < 0:
        raise FieldError(f"{name} must be a non-negative integer", "BAD_REQUEST")
    if size > _MAX_PAGE:
        raise FieldError(f"{name} cannot exceed {_MAX_PAGE}", "BAD_REQUEST")
    return size, first is None


def connection(nodes: list[Any], cursors: list[Any], *, more: bool, earlier: bool) -> dict[str, Any]:
    texts = [cursor_of(cursor) for cursor in cursors]
    return {
        "nodes": nodes,
        "edges": [{"node": node, "cursor": text} for node, text in zip(nodes, texts, strict=True)],
        "pageInfo": {
            "hasNextPage": more,
            "hasPreviousPage": earlier,
            "startCursor": texts[0] if texts else None,
            "endCursor": texts[-1] if texts else None,
        },
    }


def of_list(items: list[Any], arguments: Arguments) -> dict[str, Any]:
    """A connection over a list at hand; the cursor is the position, so the list must not be reordered."""
    size, from_end = page_size(arguments)
    numbered = list(enumerate(items))
    if arguments.get("reverse"):
        numbered.reverse()
    if after := arguments.get("after"):
        numbered = numbered[_position(numbered, after) + 1 :]
    if before := arguments.get("before"):
        numbered = numbered[: _position(numbered, before)]
    chosen = (numbered[-size:] if size else []) if from_end else numbered[:size]
    rest = len(numbered) > len(chosen)
    return connection(
        [item for _, item in chosen],
        [position for position, _ in chosen],
        more=rest if not from_end else bool(before),
        earlier=rest if from_end else bool(after),
    )


def _position(numbered: list[tuple[int, Any]], cursor: str) -> int:
    wanted = read_cursor(cursor)
    return next((at for at, (position, _) in enumerate(numbered) if position == wanted), len(numbered))


def of_stream(
    items: Iterable[Any], arguments: Arguments, key: Callable[[Any], Any], *, earlier: bool
) -> dict[str, Any]:
    """A connection over a lazy, already positioned stream; looks at one item more than the page."""
    size, from_end = page_size(arguments)
    chosen = list(islice(items, size + 1))
    rest = len(chosen) > size
    chosen = chosen[:size]
    if from_end:
        chosen.reverse()
    return connection(
        chosen,
        [key(item) for item in chosen],
        more=rest if not from_end else earlier,
        earlier=rest if from_end else earlier,
    )
