"""Bodies that a connector could not read, handed to whoever asked for them: they are left out, not lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from domain.order import OrderError

Found = dict[str, OrderError]  # by the vendor's id
_found: ContextVar[Found | None] = ContextVar("unreadable", default=None)


@contextmanager
def collected() -> Iterator[Found]:
    """What is found unreadable inside the block, also by tasks that it starts."""
    found: Found = {}
    token = _found.set(found)
    try:
        yield found
    finally:
        _found.reset(token)


def note(external_id: str, error: OrderError) -> None:
    """For a connector's `on_bad_body`."""
    found = _found.get()
    if found is not None:
        found[external_id] = error
