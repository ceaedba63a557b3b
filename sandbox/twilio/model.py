"""Messages, and how long they are."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.twilio.common import ACCOUNT_SID, MESSAGES, rfc2822

# GSM 03.38: the basic alphabet, and what takes two septets of it
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWO = frozenset("\f^{}\\[~]|€")
_PRICE = 0.0079  # a segment in US dollars, as the vendor's examples show it

MOVING = ("accepted", "queued", "sent")


def segments(text: str) -> int:
    """Of 160 septets, or 153 when there are more; 70 and 67 UTF-16 units when a character is not in the alphabet."""
    if all(char in _GSM or char in _GSM_TWO for char in text):
        size, one, each = sum(2 if char in _GSM_TWO else 1 for char in text), 160, 153
    else:
        size, one, each = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if size <= one else math.ceil(size / each)


@dataclass(slots=True)
class Message:
    """One text message, out or in."""

    sid: str
    to: str
    sender: str
    body: str
    created_at: datetime
    direction: str = "outbound-api"
    status: str = "queued"
    service: str | None = None
    callback: str | None = None
    sent_at: datetime | None = None
    updated_at: datetime | None = None
    error: int | None = None
    fate: tuple[str, int | None] = ("delivered", None)  # what becomes of it once it was sent
    due: datetime | None = None

    @property
    def uri(self) -> str:
        return f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{self.sid}.json"

    def as_json(self) -> dict[str, Any]:
        count = segments(self.body)
        priced = self.sent_at is not None
        return {
            "account_sid": ACCOUNT_SID,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": rfc2822(self.created_at),
            "date_sent": rfc2822(self.sent_at),
            "date_updated": rfc2822(self.updated_at or self.created_at),
            "direction": self.direction,
            "error_code": self.error,
            "error_message": MESSAGES[self.error] if self.error else None,
            "from": self.sender,
            "messaging_service_sid": self.service,
            "num_media": "0",
            "num_segments": str(count),
            "price": f"{-_PRICE * count:.5f}" if priced else None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": self.uri.replace(".json", "/Media.json")},
            "to": self.to,
            "uri": self.uri,
        }
