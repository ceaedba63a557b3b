"""The handlers under `/2010-04-01/Accounts/{AccountSid}/Messages`.

Twilio has no keys for repeated requests: whoever asks twice sends twice. What was sent is found by the list.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sandbox.core.clock import parse_time
from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.world import World
from sandbox.twilio.common import ACCOUNT_SID, E164, NUMBER, SERVICE_SID, error
from sandbox.twilio.model import Message
from sandbox.twilio.store import Store

LIST = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
_LONGEST = 1600
# numbers of the vendor's test accounts (twilio.com/docs/iam/test-credentials), and what sending to them answers
_MAGIC = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
_LARGEST = 1000


class Messages:
    """Creating, reading, changing and listing."""

    def __init__(self, world: World, store: Store) -> None:
        self._world, self._store = world, store

    def create(self, request: Request) -> Reply:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        if code := self._refusal(form):
            return error(400, code)
        service = form.get("MessagingServiceSid") or None
        made = self._store.send(
            form["To"],
            form["Body"],
            sender=form.get("From") or NUMBER,
            service=service,
            callback=form.get("StatusCallback") or None,
        )
        operation = "POST /2010-04-01/Accounts/{AccountSid}/Messages.json"
        self._world.counters.accepted("twilio", operation, f"{made.to}:{made.body}")
        return json_reply(201, made.as_json())

    def _refusal(self, form: dict[str, str]) -> int | None:
        """Why a message is not taken, as the vendor's code."""
        to, sender, service = form.get("To", ""), form.get("From", ""), form.get("MessagingServiceSid", "")
        callback = form.get("StatusCallback")
        if not to:
            return 21604
        if not E164.fullmatch(to):
            return 21211
        if not sender and not service:
            return 21603
        if service and service != SERVICE_SID:
            return 21659
        if sender and sender != NUMBER:
            return 21659 if E164.fullmatch(sender) else 21212
        if not form.get("Body"):
            return 21602
        if len(form["Body"]) > _LONGEST:
            return 21617
        if callback and not callback.startswith(("http://", "https://")):
            return 21609
        return 21610 if to in self._store.stopped else _MAGIC.get(to)

    def get(self, request: Request) -> Reply:
        message = self._find(request)
        return json_reply(200, message.as_json()) if message else error(404, 20404)

    def update(self, request: Request) -> Reply:
        """Redact the body, or call a message back that has not gone out."""
        message = self._find(request)
        if message is None:
            return error(404, 20404)
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        if form.get("Status") not in (None, "canceled") or form.get("Body") not in (None, ""):
            return error(400, 20001)
        if "Status" in form and not self._store.cancel(message):
            return error(400, 20001)
        if "Body" in form:
            message.body = ""
        return json_reply(200, message.as_json())

    def delete(self, request: Request) -> Reply:
        message = self._find(request)
        if message is None:
            return error(404, 20404)
        del self._store.messages[message.sid]
        return Reply(204)

    def _find(self, request: Request) -> Message | None:
        return self._store.messages.get(request.params["Sid"])

    def index(self, request: Request) -> Reply:
        """Newest first; a message that has not been sent has no date to be found by."""
        try:
            tests = _tests(request)
            size, page = int(request.query("PageSize") or 50), int(request.query("Page") or 0)
        except ValueError:
            return error(400, 20001)
        if not 1 <= size <= _LARGEST or page < 0:
            return error(400, 20001)
        every = [message for message in self._store.messages.values() if all(test(message) for test in tests)]
        found = every[::-1]
        start = page * size
        shown = found[start : start + size]

        def uri(number: int) -> str:
            kept = [(k, v) for k, v in request.query_pairs if k not in ("Page", "PageSize", "PageToken")]
            token = [("PageToken", f"PA{number}")] if number else []
            return f"{LIST}?{urlencode([*kept, ('PageSize', size), ('Page', number), *token])}"

        return json_reply(
            200,
            {
                "end": start + max(len(shown) - 1, 0),
                "first_page_uri": uri(0),
                "next_page_uri": uri(page + 1) if start + size < len(found) else None,
                "page": page,
                "page_size": size,
                "previous_page_uri": uri(page - 1) if page else None,
                "start": start,
                "uri": uri(page),
                "messages": [message.as_json() for message in shown],
            },
        )


def _tests(request: Request) -> list[Callable[[Message], bool]]:
    """What a message of the list must be. Raises ValueError for a date that is none."""
    tests: list[Callable[[Message], bool]] = []
    for name, value in request.query_pairs:
        if name in ("To", "From"):
            tests.append(_party(name, value))
        elif name in ("DateSent", "DateSent<", "DateSent>"):
            tests.append(_sent(name, value))
    return tests


def _party(name: str, value: str) -> Callable[[Message], bool]:
    def test(message: Message) -> bool:
        return (message.to if name == "To" else message.sender) == value

    return test


def _sent(name: str, value: str) -> Callable[[Message], bool]:
    """A day stands for the whole of it: `DateSent<=` takes it in to its end."""
    begins = parse_time(value).astimezone(UTC)
    ends = begins if "T" in value else begins + timedelta(days=1, microseconds=-1)

    def test(message: Message) -> bool:
        at: datetime | None = message.sent_at
        if at is None:
            return False
        return at >= begins if name == "DateSent>" else at <= ends if name == "DateSent<" else begins <= at <= ends

    return test


def row(message: Message) -> dict[str, Any]:
    """A message as a driver of tests wants to see it."""
    shown = ("sid", "to", "from", "body", "status", "direction", "error_code", "num_segments")
    return {name: value for name, value in message.as_json().items() if name in shown}
