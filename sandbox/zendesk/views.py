"""Zendesk's objects as JSON."""

import html
from datetime import datetime
from typing import Any

from sandbox.core.clock import stamp
from sandbox.zendesk.model import Comment, Ticket, User

View = dict[str, Any]

_VIA = {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}}


class Views:
    """`base_url`: where the account's API is, without `/api/v2`."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def address(self, path: str) -> str:
        return f"{self._base_url}/api/v2{path}"

    def ticket(self, ticket: Ticket) -> View:
        return {
            "url": self.address(f"/tickets/{ticket.id}.json"),
            "id": ticket.id,
            "external_id": ticket.external_id,
            "via": _VIA,
            "created_at": stamp(ticket.created_at),
            "updated_at": stamp(ticket.updated_at),
            "type": ticket.type,
            "subject": ticket.subject or ticket.comments[0].body[:150],
            "raw_subject": ticket.subject or ticket.comments[0].body[:150],
            "description": ticket.comments[0].body,
            "priority": ticket.priority,
            "status": ticket.status,
            "recipient": None,
            "requester_id": ticket.requester_id,
            "submitter_id": ticket.submitter_id,
            "assignee_id": ticket.assignee_id,
            "organization_id": None,
            "group_id": ticket.group_id,
            "collaborator_ids": [],
            "follower_ids": [],
            "email_cc_ids": [],
            "forum_topic_id": None,
            "problem_id": None,
            "has_incidents": False,
            "is_public": any(comment.public for comment in ticket.comments),
            "due_at": ticket.due_at,
            "tags": ticket.tags,
            "custom_fields": ticket.custom_fields,
            "satisfaction_rating": None,
            "sharing_agreement_ids": [],
            "custom_status_id": None,
            "fields": ticket.custom_fields,
            "followup_ids": [],
            "ticket_form_id": None,
            "brand_id": None,
            "allow_channelback": False,
            "allow_attachments": True,
            "from_messaging_channel": False,
        }

    def comment(self, comment: Comment) -> View:
        return {
            "id": comment.id,
            "type": "Comment",
            "author_id": comment.author_id,
            "body": comment.body,
            "html_body": f'<div class="zd-comment" dir="auto">{html.escape(comment.body)}</div>',
            "plain_body": comment.body,
            "public": comment.public,
            "attachments": [],
            "audit_id": comment.id + 1,
            "via": _VIA,
            "created_at": stamp(comment.created_at),
            "metadata": {"system": {}, "custom": {}},
        }

    def audit(self, ticket: Ticket, author_id: int, at: datetime, events: list[View]) -> View:
        """What one request changed."""
        return {
            "id": ticket.id * 1000 + len(ticket.comments),
            "ticket_id": ticket.id,
            "author_id": author_id,
            "created_at": stamp(at),
            "events": events,
            "metadata": {"system": {}, "custom": {}},
            "via": _VIA,
        }

    def user(self, user: User) -> View:
        return {
            "id": user.id,
            "url": self.address(f"/users/{user.id}.json"),
            "name": user.name,
            "email": user.email,
            "created_at": stamp(user.created_at),
            "updated_at": stamp(user.created_at),
            "time_zone": "UTC",
            "phone": None,
            "shared_phone_number": None,
            "photo": None,
            "locale_id": 1,
            "locale": "en-US",
            "organization_id": None,
            "role": user.role,
            "verified": user.role != "end-user",
            "external_id": None,
            "tags": [],
            "alias": None,
            "active": True,
            "shared": False,
            "shared_agent": False,
            "last_login_at": None,
            "two_factor_auth_enabled": None,
            "signature": None,
            "details": None,
            "notes": None,
            "custom_role_id": None,
            "moderator": user.role != "end-user",
            "ticket_restriction": "requested" if user.role == "end-user" else None,
            "only_private_comments": False,
            "restricted_agent": user.role == "end-user",
            "suspended": False,
            "default_group_id": None,
            "report_csv": False,
            "user_fields": {},
        }
