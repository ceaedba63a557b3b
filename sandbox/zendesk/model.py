"""What the fake Zendesk keeps: users, tickets, comments."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITIES = ("urgent", "high", "normal", "low")
TYPES = ("problem", "incident", "question", "task")


@dataclass(slots=True)
class User:
    id: int
    name: str
    email: str
    role: str
    created_at: datetime


@dataclass(slots=True)
class Comment:
    """A word in a ticket; one that is not public is seen by agents only."""

    id: int
    author_id: int
    body: str
    public: bool
    created_at: datetime


@dataclass(slots=True)
class Ticket:
    """A request of a person. A closed one can no longer change."""

    id: int
    requester_id: int
    submitter_id: int
    created_at: datetime
    updated_at: datetime
    subject: str | None = None
    external_id: str | None = None
    type: str | None = None
    priority: str | None = None
    status: str = "new"
    assignee_id: int | None = None
    group_id: int | None = None
    due_at: str | None = None
    tags: list[str] = field(default_factory=list)
    custom_fields: list[dict[str, Any]] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)


@dataclass(slots=True)
class Helpdesk:
    """The account: `agent` is the user of the API's token."""

    agent: User
    group_id: int
    users: dict[int, User] = field(default_factory=dict)
    tickets: dict[int, Ticket] = field(default_factory=dict)
    comments_made: int = 0
    rate_limit_per_minute: int | None = None

    def by_email(self, email: str) -> User | None:
        wanted = email.lower()
        return next((user for user in self.users.values() if user.email.lower() == wanted), None)
