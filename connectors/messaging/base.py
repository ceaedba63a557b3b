"""Messages to people in our words."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from connectors.outcomes import Outcome, Sent


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that goes along; `name` and `content_type` are ours and plain ASCII."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A rendered mail. `message_id` is fixed by our key so that a mailbox can count repeats."""

    message_id: str
    to: str
    subject: str
    text: str
    html: str
    reply_to: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    files: tuple[Attached, ...] = ()


class Mailer(Protocol):
    async def send(self, mail: Mail) -> Sent:
        """Hand the mail over. Retryable, Withdrawn: not sent. OutcomeUnknown: perhaps. Raises: ConnectorError."""

    async def check(self) -> str:
        """Prove that the server answers."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text to a phone. `to` is E.164. `callback`: where the vendor tells what became of it, empty for nowhere."""

    to: str = field(repr=False)
    body: str = field(repr=False)
    callback: str = ""


@dataclass(frozen=True, slots=True)
class TextEvent:
    """A vendor's delivery about a text. `came_to`: delivered or undelivered of one of ours, empty for an answer, which
    came from `number` in `words`."""

    external_id: str
    came_to: str = ""
    number: str = field(default="", repr=False)
    words: str = field(default="", repr=False)


class Texter(Protocol):
    """Texts have no key: after OutcomeUnknown `find` tells whether it went, and nothing is sent a second time."""

    system: str
    account: str

    async def send(self, text: Text) -> Outcome:
        """Sent.external_id is the vendor's id. VendorRejected `stopped` to a number that has answered STOP,
        `bad_recipient` to one that takes no texts."""

    async def find(self, text: Text, since: datetime) -> str:
        """The id of a text of ours to that number with exactly this body, made at `since` or later; empty when the
        vendor has none. Raises: ConnectorError."""

    async def check(self) -> str:
        """Prove that credentials work; returns the account's display name. Raises: ConnectorError."""

    def read(self, body: bytes) -> TextEvent | None:
        """A delivery that was verified; None for a step on the way. Raises: Unreadable."""
