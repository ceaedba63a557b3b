"""Error bodies, ids and paging of EasyPost."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sandbox.core.clock import parse_time
from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.world import World


def error(status: int, code: str, message: str, errors: list[Any] | None = None) -> Reply:
    """EasyPost's error body."""
    return json_reply(status, {"error": {"code": code, "message": message, "errors": errors or []}})


def missing() -> Reply:
    return error(404, "NOT_FOUND", "The requested resource could not be found.")


def required(field: str) -> Reply:
    """The recorded answer to a body without its main object."""
    return error(
        422,
        "PARAMETER.REQUIRED",
        "Missing required parameter.",
        [{"field": field, "message": "cannot be blank"}],
    )


def made_id(world: World, prefix: str) -> str:
    """An id such as `shp_` and 32 hex digits, repeatable from the world's seed."""
    return f"{prefix}_{uuid.UUID(int=world.rng.getrandbits(128)).hex}"


class Dated(Protocol):
    """Something that lists show."""

    id: str
    created_at: datetime


T = TypeVar("T", bound=Dated)


def listing(request: Request, name: str, every: Sequence[T], view: Callable[[T], dict[str, Any]]) -> Reply:
    """A page, newest first, by `before_id`, `after_id`, `start_datetime`, `end_datetime`, `page_size`."""
    try:
        size = max(1, min(100, int(request.query("page_size") or 20)))
        start, end = request.query("start_datetime"), request.query("end_datetime")
        since, until = parse_time(start) if start else None, parse_time(end) if end else None
    except ValueError:
        return error(422, "PARAMETER.INVALID", "Invalid paging parameter.")
    found = [
        entry
        for entry in every
        if (since is None or entry.created_at >= since) and (until is None or entry.created_at < until)
    ]
    places = {entry.id: place for place, entry in enumerate(found)}
    before, after = request.query("before_id"), request.query("after_id")
    if after in places:
        found = found[places[after] + 1 :]
        shown, more = found[:size][::-1], len(found) > size
    else:
        found = found[: places[before]] if before in places else found
        shown, more = found[-size:][::-1], len(found) > size
    return json_reply(200, {name: [view(entry) for entry in shown], "has_more": more})
