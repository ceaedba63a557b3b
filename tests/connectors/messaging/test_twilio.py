"""Texts by Twilio: requests built, headers sent, answers and errors read, all held against the vendor's own file."""

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest
from multidict import CIMultiDict

from connectors.errors import AuthFailed, OutcomeUnknown, Retryable, VendorRejected
from connectors.hooks import BadHook, read_hook
from connectors.messaging.base import Text, TextEvent
from connectors.messaging.twilio import Twilio, twilio_http
from connectors.outcomes import Sent
from connectors.reading import Unreadable
from connectors.transport import Lost, Request, Response, Unsent
from tests.support.openapi import check_request, check_response, load_spec

SID = "AC" + "a" * 32
MESSAGES = f"/2010-04-01/Accounts/{SID}/Messages.json"
TEMPLATE = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
TEXT = Text(
    "+14155550100", "Harbour & Pine: your order #1 was delivered.", "https://shop.example.com/hooks/twilio/main"
)
SINCE = datetime(2026, 11, 24, 12, tzinfo=UTC)


def message(**changes: Any) -> dict[str, Any]:
    """A message as the vendor's example of a creation has it."""
    return {
        "account_sid": SID, "api_version": "2010-04-01", "body": TEXT.body, "direction": "outbound-api",
        "date_created": "Tue, 24 Nov 2026 12:00:00 +0000", "date_sent": None,
        "date_updated": "Tue, 24 Nov 2026 12:00:00 +0000", "error_code": None, "error_message": None,
        "from": "+14155550199", "messaging_service_sid": None, "num_media": "0", "num_segments": "1", "price": None,
        "price_unit": None, "sid": "SM" + "1" * 32, "status": "queued", "subresource_uris": {}, "to": TEXT.to,
        "uri": f"/2010-04-01/Accounts/{SID}/Messages/SM{'1' * 32}.json", **changes,
    }  # fmt: skip


def page(*messages: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    return {
        "end": len(messages), "first_page_uri": MESSAGES, "next_page_uri": following, "page": 0, "page_size": 50,
        "previous_page_uri": None, "start": 0, "uri": MESSAGES, "messages": list(messages),
    }  # fmt: skip


class Line:
    """Plays the vendor: answers in their order, and what was asked."""

    def __init__(self, *answers: tuple[int, Any] | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.asked.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Response(answer[0], CIMultiDict(), orjson.dumps(answer[1]))


async def no_sleep(seconds: float) -> None:
    """Retries without waiting."""


def twilio(line: Line, sender: str = "+14155550199") -> Twilio:
    http = twilio_http(line, "https://api.twilio.example", SID, "token", sleep=no_sleep)
    return Twilio(http, account="main", account_sid=SID, sender=sender)


def form_of(request: Request) -> dict[str, str]:
    return dict(parse_qsl((request.content or b"").decode(), keep_blank_values=True))


@pytest.mark.row("COM-1")
@pytest.mark.parametrize(("sender", "named"), [("+14155550199", "From"), ("MG" + "b" * 32, "MessagingServiceSid")])
async def test_a_text_is_handed_over(sender: str, named: str) -> None:
    line = Line((201, message()))

    assert Sent("SM" + "1" * 32) == await twilio(line, sender).send(TEXT)
    [request] = line.asked
    assert ("POST", f"https://api.twilio.example{MESSAGES}") == (request.method, request.url)
    assert f"Basic {base64.b64encode(f'{SID}:token'.encode()).decode()}" == request.headers["authorization"]
    assert "application/x-www-form-urlencoded" == request.headers["content-type"]
    wanted = {"To": TEXT.to, named: sender, "Body": TEXT.body, "StatusCallback": TEXT.callback}
    assert wanted == form_of(request)


@pytest.mark.row("COM-1")
async def test_what_is_sent_and_read_is_as_the_contract_says(shared: Path) -> None:
    spec = load_spec(shared / "contracts/twilio/twilio_api_v2010.json")
    line = Line((201, message()), (200, page(message())))
    await twilio(line).send(TEXT)
    await twilio(line).find(TEXT, SINCE)

    send, find = line.asked
    check_request(spec, "POST", TEMPLATE, form_of(send))
    check_response(spec, "POST", TEMPLATE, 201, message())
    check_request(spec, "GET", TEMPLATE, None, dict(find.params or {}))
    check_response(spec, "GET", TEMPLATE, 200, page(message()))
    with pytest.raises(AssertionError):
        check_request(spec, "GET", TEMPLATE, None, {"Number": TEXT.to})


@pytest.mark.row("COM-3", bad_input=True)
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (21610, "stopped"),
        (21211, "bad_recipient"),
        (21614, "bad_recipient"),
        (21635, "bad_recipient"),
        (21408, "region_not_enabled"),
        (21617, "too_long"),
        (99999, "rejected"),
    ],
)
async def test_refusals_have_our_words_and_never_the_number(code: int, reason: str) -> None:
    words = f"The 'To' number {TEXT.to} is not ours to text: {TEXT.body}"
    line = Line((400, {"code": code, "message": words, "more_info": "", "status": 400}))

    outcome = await twilio(line).send(TEXT)
    assert isinstance(outcome, VendorRejected)
    assert reason == outcome.reason
    assert "555" not in outcome.detail
    assert "Harbour" not in outcome.detail


@pytest.mark.row("COM-1", bad_input=True)
async def test_a_body_that_is_longer_than_any_text_costs_no_call() -> None:
    line = Line()

    outcome = await twilio(line).send(Text(TEXT.to, "a" * 1601))
    assert isinstance(outcome, VendorRejected)
    assert ("too_long", []) == (outcome.reason, line.asked)


@pytest.mark.row("COM-1", bad_input=True)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param((500, {}), OutcomeUnknown, id="fails after"),
        pytest.param(Lost("timeout"), OutcomeUnknown, id="no answer"),
        pytest.param((201, {"status": "queued"}), OutcomeUnknown, id="no id"),
        pytest.param((201, []), OutcomeUnknown, id="no object"),
        pytest.param((401, {"code": 20003}), AuthFailed, id="wrong token"),
    ],
)
async def test_doubt_is_doubt(answer: Any, error: type[Exception]) -> None:
    line = Line(answer)

    assert isinstance(await twilio(line).send(TEXT), error)
    assert 1 == len(line.asked), "nothing is sent a second time"


@pytest.mark.row("COM-1")
@pytest.mark.parametrize(
    "first",
    [
        pytest.param((429, {"code": 20429}), id="too many calls"),
        pytest.param((400, {"code": 21611, "message": "queue"}), id="the sender's queue is full"),
        pytest.param(Unsent(), id="refused connection"),
    ],
)
async def test_what_surely_did_not_happen_is_tried_again(first: Any) -> None:
    assert isinstance(await twilio(Line(first, (201, message()))).send(TEXT), Sent)
    outcome = await twilio(Line(*[first] * 9)).send(TEXT)
    assert isinstance(outcome, Retryable)


@pytest.mark.row("COM-2")
async def test_a_lost_answer_is_looked_up_by_number_and_body() -> None:
    others = [
        message(body="something else", sid="SM" + "2" * 32),
        message(direction="inbound", sid="SM" + "3" * 32),
        message(date_created="Tue, 24 Nov 2026 11:59:59 +0000", sid="SM" + "4" * 32),
    ]
    line = Line((200, page(*others)), (200, page(*others, message())))

    assert "" == await twilio(line).find(TEXT, SINCE)
    assert "SM" + "1" * 32 == await twilio(line).find(TEXT, SINCE)
    assert {"To": TEXT.to, "PageSize": 50} == line.asked[0].params


@pytest.mark.row("COM-2")
async def test_the_look_up_goes_on_while_pages_are_young_enough() -> None:
    following = f"{MESSAGES}?Page=1&PageToken=PASM1"
    young = message(body="else")
    line = Line((200, page(young, following=following)), (200, page(message(), following=following + "2")),
                (200, page(message(date_created="Mon, 23 Nov 2026 12:00:00 +0000"), following=following)))  # fmt: skip

    assert "SM" + "1" * 32 == await twilio(line).find(TEXT, SINCE)
    assert f"https://api.twilio.example{following}" == line.asked[1].url
    assert 3 == len(line.asked)
    endless = Line(*[(200, page(young, following=following))] * 9)
    assert "" == await twilio(endless).find(TEXT, SINCE)
    assert 4 == len(endless.asked)


@pytest.mark.row("COM-2", bad_input=True)
@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"messages": [{"sid": ""}]},
        page({"sid": "SM1", "date_created": "yesterday"}),
        page(following="https://evil.example/2010-04-01/x"),
    ],
)
async def test_a_list_that_is_none_is_an_error(body: Any) -> None:
    with pytest.raises(VendorRejected, match=r"not_a|missing"):
        await twilio(Line((200, body))).find(TEXT, SINCE)


async def test_check_names_the_account() -> None:
    assert "Shop" == await twilio(Line((200, {"friendly_name": "Shop", "sid": SID}))).check()
    with pytest.raises(AuthFailed):
        await twilio(Line((401, {"code": 20003}))).check()


FORM = b"MessageSid=SM1&AccountSid=AC1&From=%2B14155550100&To=%2B14155550199&Body=STOP"


@pytest.mark.row("COM-3")
@pytest.mark.parametrize(
    ("body", "delivery", "topic"),
    [
        (FORM, "SM1", "message.received"),
        (FORM + b"&SmsStatus=received&OptOutType=STOP", "SM1", "message.received"),
        (b"MessageSid=SM1&AccountSid=AC1&MessageStatus=delivered", "SM1:delivered", "message.delivered"),
    ],
)
def test_deliveries_are_filed_without_numbers_or_words(body: bytes, delivery: str, topic: str) -> None:
    hook = read_hook("twilio", {}, body)

    assert (delivery, topic, "AC1", "SM1") == (hook.delivery_id, hook.topic, hook.account, hook.subject)


@pytest.mark.row("COM-3")
@pytest.mark.parametrize(
    ("body", "event"),
    [
        (FORM, TextEvent("SM1", number="+14155550100", words="STOP")),
        (b"MessageSid=SM1&MessageStatus=delivered", TextEvent("SM1", "delivered")),
        (b"MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003", TextEvent("SM1", "undelivered")),
        (b"MessageSid=SM1&MessageStatus=failed", TextEvent("SM1", "undelivered")),
        (b"MessageSid=SM1&MessageStatus=sending", None),
    ],
)
def test_deliveries_are_read(body: bytes, event: TextEvent | None) -> None:
    assert event == twilio(Line()).read(body)
    assert "555" not in repr(event)


@pytest.mark.row("COM-3", bad_input=True)
@pytest.mark.parametrize("body", [b"", b"\xff", b"Body=STOP"])
def test_deliveries_that_say_nothing_are_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        twilio(Line()).read(body)


@pytest.mark.row("COM-3", bad_input=True)
@pytest.mark.parametrize("body", [b"", b"Body=STOP", b"MessageSid=a b", b"\xff", b"MessageSid=SM1&MessageStatus=%20x"])
def test_deliveries_of_nothing_are_refused(body: bytes) -> None:
    with pytest.raises(BadHook):
        read_hook("twilio", {}, body)
