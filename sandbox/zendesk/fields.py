"""Reads and checks what a ticket is given, with Zendesk's refusals."""

import re
from typing import Any

from sandbox.core.clock import parse_time
from sandbox.zendesk.common import bad_attribute, invalid
from sandbox.zendesk.model import PRIORITIES, STATUSES, TYPES, Helpdesk

_EMAIL = re.compile(r"[^@\s<>]+@[^@\s.<>]+(\.[^@\s.<>]+)+")
_CHOICES = {"status": STATUSES, "priority": PRIORITIES, "type": TYPES}
_MAX_EXTERNAL_ID = 255


def is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


def ticket_of(body: dict[str, Any]) -> dict[str, Any]:
    """The `ticket` of a request's body. Raises ZendeskError."""
    given = body.get("ticket")
    if not isinstance(given, dict):
        raise bad_attribute("ticket", "must be an object")
    return given


def changes(given: dict[str, Any], desk: Helpdesk, *, new: bool) -> dict[str, Any]:
    """The attributes to set; what Zendesk does not know is passed over, as it does. Raises ZendeskError."""
    problems: dict[str, list[str]] = {}
    found: dict[str, Any] = {}
    for name, allowed in _CHOICES.items():
        if name not in given:
            continue
        value = given[name]
        refused = value not in allowed or (new and value == "closed")
        if refused and not (value is None and name != "status"):
            problems[name] = [f"{name.capitalize()}: is not included in the list"]
        found[name] = value
    for name in ("subject", "external_id", "due_at"):
        if name in given:
            found[name] = _text(name, given[name])
    if len(found.get("external_id") or "") > _MAX_EXTERNAL_ID:
        problems["external_id"] = [f"External: is too long (maximum is {_MAX_EXTERNAL_ID} characters)"]
    if found.get("due_at"):
        _moment(found["due_at"])
    if given.get("assignee_id") not in (None, desk.agent.id):
        problems["assignee"] = ["Assignee: is invalid"]
    if given.get("group_id") not in (None, desk.group_id):
        problems["group"] = ["Group: is invalid"]
    if problems:
        raise invalid(problems)
    found |= {name: given[name] for name in ("assignee_id", "group_id") if name in given}
    if "tags" in given:
        found["tags"] = _tags(given["tags"])
    if "custom_fields" in given:
        found["custom_fields"] = _custom_fields(given["custom_fields"])
    return found


def comment_of(given: dict[str, Any], *, needed: bool) -> tuple[str, bool] | None:
    """The text of a comment and whether the requester sees it. Raises ZendeskError."""
    comment = given.get("comment")
    if isinstance(comment, str):
        comment = {"body": comment}
    if comment is not None and not isinstance(comment, dict):
        raise bad_attribute("comment", "must be an object")
    body = (comment or {}).get("body") or (comment or {}).get("html_body")
    if body is not None and not isinstance(body, str):
        raise bad_attribute("body", "must be a string")
    if not (body or "").strip():
        if needed or comment is not None:
            raise invalid({"base": ["Description: cannot be blank" if needed else "Comment: cannot be blank"]})
        return None
    public = (comment or {}).get("public", True)
    if not isinstance(public, bool):
        raise bad_attribute("public", "must be a boolean")
    return body or "", public


def requester_of(given: dict[str, Any]) -> tuple[str, str] | None:
    """Name and e-mail of the person who asks. Raises ZendeskError."""
    requester = given.get("requester")
    if requester is None:
        return None
    if not isinstance(requester, dict):
        raise bad_attribute("requester", "must be an object")
    name, email = requester.get("name") or "", requester.get("email") or ""
    if not isinstance(name, str) or not isinstance(email, str):
        raise bad_attribute("requester", "name and email must be strings")
    if not email:
        raise invalid({"requester": ["Requester: Email:  cannot be blank"]})
    if not is_email(email):
        raise invalid({"requester": [f"Requester: Email:  {email} is not properly formatted"]})
    return name.strip(), email


def _tags(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise bad_attribute("tags", "must be a list of strings")
    return sorted({re.sub(r"\s+", "_", tag.strip().lower()) for tag in value if tag.strip()})


def _custom_fields(value: Any) -> list[dict[str, Any]]:
    good = isinstance(value, list) and all(isinstance(e, dict) and isinstance(e.get("id"), int) for e in value)
    if not good:
        raise bad_attribute("custom_fields", "must be a list of objects with id and value")
    return [{"id": entry["id"], "value": entry.get("value")} for entry in value]


def _text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise bad_attribute(name, "must be a string")
    return value


def _moment(text: str) -> None:
    try:
        parse_time(text)
    except ValueError as problem:
        raise invalid({"due_at": ["Due at: is not a valid date"]}) from problem
