"""Messages to people in our words."""

from dataclasses import dataclass, field
from typing import Protocol

from connectors.outcomes import Sent


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


class Mailer(Protocol):
    async def send(self, mail: Mail) -> Sent:
        """Hand the mail over. Retryable, Withdrawn: not sent. OutcomeUnknown: perhaps. Raises: ConnectorError."""

    async def check(self) -> str:
        """Prove that the server answers."""
