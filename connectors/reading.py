"""Small readers for vendors' decoded JSON, so that a surprise in a body has one name everywhere."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Unreadable(ValueError):
    """A body is not what the vendor documents. `where` names the field, never its value."""

    def __init__(self, code: str, where: str) -> None:
        super().__init__(f"{code}: {where}")
        self.code = code
        self.where = where


def shaped(parse: Callable[P, T]) -> Callable[P, T]:
    """Make a parser raise Unreadable where a wrong shape would surface as an AttributeError or the like."""

    @wraps(parse)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return parse(*args, **kwargs)
        except (AttributeError, KeyError, TypeError) as exc:
            raise Unreadable("bad_shape", parse.__name__) from exc

    return guarded


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Unreadable("not_an_object", where)
    return value


def identity(data: Mapping[str, Any], field: str = "id") -> str:
    """An id as text; vendors give numbers or text."""
    value = data.get(field)
    if isinstance(value, bool) or not isinstance(value, int | str) or not value:
        raise Unreadable("missing_id", field)
    return str(value)


def text(value: Any) -> str:
    """The text, or empty for null and anything else."""
    return value if isinstance(value, str) else ""


def count(value: Any) -> int:
    """The whole number, or zero for null and anything else."""
    return value if isinstance(value, int) else 0


def units(value: Any, where: str) -> int:
    """The whole number; null is none. Raises: Unreadable: what cannot be read is not "nothing there"."""
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unreadable("bad_number", where)
    return value


def moment(value: Any, where: str) -> datetime | None:
    """An aware time; vendors that omit the zone mean UTC. None when empty."""
    if not value:
        return None
    try:
        read = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Unreadable("bad_time", where) from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
