"""Results of writes, of which a call may carry many: each has its own outcome, nothing is raised for one."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from connectors.errors import ConnectorError

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sent:
    """The vendor did it (or had done it already under the same key). `data` holds ids and codes only."""

    external_id: str = ""
    data: dict[str, Any] = field(default_factory=dict)


Outcome = Sent | ConnectorError


def returned(call: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T | ConnectorError]]:
    """For a call of one write: a failure is its result."""

    @wraps(call)
    async def outcome(*args: P.args, **kwargs: P.kwargs) -> T | ConnectorError:
        try:
            return await call(*args, **kwargs)
        except ConnectorError as error:
            return error

    return outcome
