"""The fake Twilio behaves as the real one where it hurts."""

from typing import Any

import pytest

from sandbox.twilio.hooks import sign
from sandbox.twilio.model import segments
from tests.sandbox.twilio.support import ADA, BASE, BOB, NUMBER, SERVICE, TOKEN, Phone, fields
from tests.support.fake_vendors import Receiver, receiver
from tests.support.waiting import until


async def _told(hook: Receiver, count: int) -> list[dict[str, str]]:
    """The forms that came, each proven to be signed."""
    await until(lambda: len(hook.requests) >= count, f"{count} webhooks")
    for _, path, headers, body in hook.requests:
        assert headers["content-type"].startswith("application/x-www-form-urlencoded")
        assert headers["x-twilio-signature"] == sign(TOKEN, hook.url + path, fields(body).items())
    return [fields(body) for body in hook.bodies]


async def test_a_message_is_queued_sent_and_delivered_and_told(phone: Phone) -> None:
    async with receiver() as hook:
        made = await phone.send(StatusCallback=hook.url + "/sms")
        assert (made["status"], made["date_sent"], made["price"]) == ("queued", None, None)
        await phone.move(1.5)
        assert (await phone.read(made["sid"]))["status"] == "sent"
        await phone.move(3)
        told = await _told(hook, 2)
    assert {x["MessageStatus"] for x in told} == {"sent", "delivered"}
    assert {(x["MessageSid"], x["To"], x["From"]) for x in told} == {(made["sid"], ADA, NUMBER)}
    done = await phone.read(made["sid"])
    assert done["date_sent"].endswith("+0000")
    assert float(done["price"]) < 0


@pytest.mark.parametrize("fate", ["undelivered", "failed"])
async def test_a_message_that_does_not_arrive_says_why(phone: Phone, fate: str) -> None:
    await phone.control(f"/numbers/{ADA}", {"fate": fate, "error": 30003})
    async with receiver() as hook:
        made = await phone.send(StatusCallback=hook.url + "/sms")
        await phone.move(10)
        told = await _told(hook, 2 if fate == "undelivered" else 1)
    last = next(x for x in told if x["MessageStatus"] == fate)
    assert last["ErrorCode"] == "30003"
    done = await phone.read(made["sid"])
    assert (done["status"], done["error_code"]) == (fate, 30003)
    assert done["error_message"]


async def test_stop_is_minded_by_the_vendor_and_told(phone: Phone) -> None:
    async with receiver() as hook:
        await phone.control("/settings", {"sms_url": hook.url + "/in"})
        waiting = await phone.send()
        await phone.control("/inbound", {"from": ADA, "body": " stop "})
        assert await phone.refused() == (400, 21610)
        await phone.send(BOB)
        await phone.move(10)
        assert (await phone.read(waiting["sid"]))["status"] == "delivered"
        await phone.control("/inbound", {"from": ADA, "body": "Please stop calling"})
        assert await phone.refused() == (400, 21610)
        await phone.control("/inbound", {"from": ADA, "body": "START"})
        await phone.send()
        told = await _told(hook, 3)
    assert sorted(x["Body"] for x in told) == [" stop ", "Please stop calling", "START"]
    assert {(x["From"], x["To"], x["SmsStatus"]) for x in told} == {(ADA, NUMBER, "received")}
    assert not any("OptOutType" in x for x in told)
    rows = (await phone.client.get("/_control/twilio/messages")).json()
    assert sum(row["direction"] == "outbound-reply" for row in rows) == 2


async def test_a_service_with_advanced_opt_out_names_the_keyword(phone: Phone) -> None:
    async with receiver() as hook:
        await phone.control("/settings", {"sms_url": hook.url + "/in", "advanced_opt_out": True})
        for body in ("Unsubscribe", "unstop", "info", "thanks"):
            await phone.control("/inbound", {"from": ADA, "body": body})
        told = await _told(hook, 4)
    assert {x["Body"]: x.get("OptOutType") for x in told} == {
        "Unsubscribe": "STOP", "unstop": "START", "info": "HELP", "thanks": None,
    }  # fmt: skip
    assert {x["MessagingServiceSid"] for x in told} == {SERVICE}


async def test_a_message_asked_for_twice_goes_out_twice_and_the_list_shows_both(phone: Phone) -> None:
    first, other, second = await phone.send(), await phone.send(BOB), await phone.send()
    assert await phone.listed(To=ADA) == [second["sid"], first["sid"]]
    today = {"DateSent>": phone.sandbox.world.clock.now().strftime("%Y-%m-%d")}
    assert await phone.listed(**today) == []  # not sent yet, so without a date
    await phone.move(10)
    assert await phone.listed(To=ADA, **today) == [second["sid"], first["sid"]]
    assert await phone.listed(**{"DateSent<": "2020-01-01"}) == []
    assert await phone.listed(From=NUMBER, To=BOB) == [other["sid"]]
    page = (await phone.call("GET", "/Messages.json", {"PageSize": "2"})).json()
    following = await phone.client.get("/twilio" + page["next_page_uri"], auth=(BASE.rsplit("/", 1)[1], TOKEN))
    assert [x["sid"] for x in following.json()["messages"]] == [first["sid"]]
    assert following.json()["next_page_uri"] is None
    accepted = phone.sandbox.world.counters.snapshot()["accepted"]["twilio"]
    assert sum(sum(keys.values()) for keys in accepted.values()) == 3


async def test_a_message_is_called_back_before_it_goes_out_only(phone: Phone) -> None:
    made, late = await phone.send(), await phone.send(BOB)
    one = f"/Messages/{made['sid']}.json"
    assert (await phone.call("POST", one, {"Status": "canceled"})).json()["status"] == "canceled"
    await phone.move(10)
    assert (await phone.read(made["sid"]))["status"] == "canceled"
    answer = await phone.call("POST", f"/Messages/{late['sid']}.json", {"Status": "canceled"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "212 555 0101"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "+15005550007"}, 21659),
        ({"From": "shop"}, 21212),
        ({"MessagingServiceSid": "MG" + "0" * 32}, 21659),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"StatusCallback": "shop.example"}, 21609),
        ({"To": "+15005550001"}, 21211),
        ({"To": "+15005550003"}, 21408),
        ({"To": "+15005550009"}, 21614),
    ],
    ids=str,
)
async def test_a_faulty_message_is_refused(phone: Phone, form: dict[str, str], code: int) -> None:
    assert await phone.refused(**form) == (400, code)
    assert (await phone.client.get("/_control/twilio/messages")).json() == []


@pytest.mark.parametrize("query", [{"PageSize": "0"}, {"Page": "-1"}, {"DateSent": "yesterday"}], ids=str)
async def test_a_faulty_list_is_refused(phone: Phone, query: dict[str, str]) -> None:
    assert (await phone.call("GET", "/Messages.json", query)).status_code == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/inbound", {"from": "Ada", "body": "hi"}),
        ("/inbound", {"from": ADA}),
        (f"/numbers/{ADA}", {"fate": "read"}),
        (f"/numbers/{ADA}", {"fate": "failed", "error": 1}),
        ("/settings", {"speed": 1}),
    ],
    ids=str,
)
async def test_a_wrong_knob_is_refused(phone: Phone, path: str, body: dict[str, Any]) -> None:
    assert (await phone.client.post(f"/_control/twilio{path}", json=body)).status_code == 400


async def test_a_wrong_token_another_account_and_too_many_requests_are_refused(phone: Phone) -> None:
    denied = await phone.call("GET", "/Messages.json", token="wrong")
    assert (denied.status_code, denied.json()["code"]) == (401, 20003)
    other = await phone.client.get(
        f"/twilio/2010-04-01/Accounts/AC{'0' * 32}/Messages.json", auth=(BASE.rsplit("/", 1)[1], TOKEN)
    )
    assert other.status_code == 404
    await phone.control("/settings", {"rate_limit_per_minute": 1})
    answers = [await phone.call("GET", "/Messages.json") for _ in range(2)]
    assert [x.status_code for x in answers] == [200, 429]
    assert answers[1].json()["code"] == 20429


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("é" * 160, 1),
        ("ê" * 70, 1),
        ("ê" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("x" * 307, 3),
    ],
)
def test_a_text_is_counted_in_segments(text: str, count: int) -> None:
    assert segments(text) == count
