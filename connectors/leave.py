"""Leave to write: who wants a call made may lose the right to it while the call waits for its turn."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from connectors.errors import Withdrawn

_given: ContextVar[Callable[[], bool] | None] = ContextVar("leave", default=None)


@contextmanager
def while_true(holds: Callable[[], bool]) -> Iterator[None]:
    """Writes of the block, also of tasks that it starts, ask `holds` right before their first byte."""
    token = _given.set(holds)
    try:
        yield
    finally:
        _given.reset(token)


def ask(vendor: str, operation: str) -> None:
    """For a connector, with no wait between this and the sending. Raises: Withdrawn."""
    holds = _given.get()
    if holds is not None and not holds():
        raise Withdrawn(vendor, operation)
