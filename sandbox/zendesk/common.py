"""Error bodies of Zendesk."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.core.http import Reply, json_reply


class ZendeskError(Exception):
    """An answer with Zendesk's error body."""

    def __init__(self, status: int, error: str, description: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.body: dict[str, Any] = {"error": error, "description": description}
        if details:
            self.body["details"] = details

    def reply(self) -> Reply:
        return json_reply(self.status, self.body)


def invalid(problems: Mapping[str, Sequence[str]]) -> ZendeskError:
    """What a record may not be: sentences by field."""
    details = {name: [{"description": text} for text in texts] for name, texts in problems.items()}
    return ZendeskError(422, "RecordInvalid", "Record validation errors", details)


def missing() -> ZendeskError:
    return ZendeskError(404, "RecordNotFound", "Not found")


def bad_attribute(name: str, wanted: str) -> ZendeskError:
    """An attribute of the wrong kind, refused before the record is looked at."""
    return ZendeskError(400, "InvalidAttribute", f"You passed an invalid value for the {name} attribute. {wanted}")
