"""Results of calls that carry many items: each item has its own outcome, nothing is raised for one."""

from dataclasses import dataclass, field
from typing import Any

from connectors.errors import ConnectorError


@dataclass(frozen=True, slots=True)
class Sent:
    """The vendor did it (or had done it already under the same key). `data` holds ids and codes only."""

    external_id: str = ""
    data: dict[str, Any] = field(default_factory=dict)


Outcome = Sent | ConnectorError
