"""The fake ShipEngine behaves as the real one where it hurts."""

import base64
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from tests.sandbox.shipengine.support import HOOKS, NUMBER, Engine
from tests.support.fake_vendors import Receiver, receiver
from tests.support.waiting import until


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def _check(keys: list[dict[str, str]], headers: dict[str, str], body: bytes) -> None:
    """As a receiver does it. Raises InvalidSignature."""
    [key] = [x for x in keys if x["kid"] == headers["x-shipengine-rsa-sha256-key-id"]]
    assert (key["kty"], key["alg"]) == ("RSA", "RS256")
    public = RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
    content = headers["x-shipengine-timestamp"].encode() + b"." + body
    public.verify(base64.b64decode(headers["x-shipengine-rsa-sha256-signature"]), content, PKCS1v15(), SHA256())


async def _told(hook: Receiver, count: int) -> list[dict[str, Any]]:
    await until(lambda: len(hook.requests) >= count, f"{count} webhooks")
    return [json.loads(body) for body in hook.bodies]


async def test_a_followed_parcel_is_told_and_signed(engine: Engine) -> None:
    async with receiver() as hook:
        await engine.hook(hook.url + "/hook", headers=[{"key": "x-own", "value": "1"}])
        await engine.follow()  # before its carrier knows it
        await engine.parcel()
        await engine.parcel("OTHER")
        await engine.move(25)
        told = await _told(hook, 2)
        keys = await engine.keys()
        for _, _, headers, body in hook.requests:
            assert headers["x-own"] == "1"
            _check(keys, headers, body)
            with pytest.raises(InvalidSignature):
                _check(keys, headers, body + b" ")
    assert {x["resource_type"] for x in told} == {"API_TRACK"}
    assert {x["data"]["tracking_number"] for x in told} == {NUMBER}
    assert {x["data"]["status_code"] for x in told} == {"AC", "IT"}
    assert f"tracking_number={NUMBER}" in told[0]["resource_url"]
    shown = await engine.client.get(told[0]["resource_url"], headers={"API-Key": "sandbox-shipengine-key"})
    assert shown.json()["tracking_number"] == NUMBER


async def test_a_new_key_signs_and_the_old_one_stays_published(engine: Engine) -> None:
    async with receiver() as hook:
        await engine.hook(hook.url)
        await engine.parcel()
        await engine.follow()
        await engine.scan("arrived")
        await _told(hook, 1)
        await engine.control("/rotate")
        await engine.scan("out")
        await _told(hook, 2)
        keys = await engine.keys()
        assert len(keys) == 2
        for _, _, headers, body in hook.requests:
            _check(keys, headers, body)
        ids = {headers["x-shipengine-rsa-sha256-key-id"] for _, _, headers, _ in hook.requests}
        assert ids == {key["kid"] for key in keys}


async def test_who_stops_following_hears_nothing_more(engine: Engine) -> None:
    async with receiver() as hook:
        await engine.hook(hook.url)
        await engine.parcel()
        await engine.follow()
        await engine.scan("arrived")
        await _told(hook, 1)
        await engine.call("POST", "/tracking/stop", carrier_code="stamps_com", tracking_number=NUMBER)
        await engine.scan("out")
        tally = engine.sandbox.world.webhooks.tally("shipengine")
        assert tally.queued + tally.delivered == 1
        assert (await engine.client.get("/_control/shipengine/followed")).json() == []
    assert (await engine.track())["status_detail_code"] == "OUT_FOR_DELIVERY"


async def test_dates_are_told_when_they_are_known(engine: Engine) -> None:
    await engine.parcel()
    fresh = await engine.track()
    assert fresh["status_code"] == "NY"
    assert not {"ship_date", "estimated_delivery_date", "actual_delivery_date"} & set(fresh)
    await engine.move(13)
    assert {"ship_date", "estimated_delivery_date"} <= set(await engine.track())
    await engine.move(40)
    done = await engine.track()
    assert done["actual_delivery_date"] == done["events"][0]["occurred_at"]
    assert done["events"][0]["occurred_at"] != done["events"][0]["carrier_occurred_at"]  # local, there


async def test_ups_words_are_handed_on(engine: Engine) -> None:
    await engine.parcel("1Z1", "ups")
    shown = await engine.track("1Z1", "ups")
    assert (shown["carrier_status_code"], shown["carrier_detail_code"]) == ("M", "MP")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"carrier_code": "ups"}, 400, "field_value_required"),
        ({"tracking_number": NUMBER}, 400, "field_value_required"),
        ({"tracking_number": NUMBER, "carrier_code": "pigeon"}, 400, "carrier_not_supported"),
        ({"tracking_number": NUMBER, "carrier_code": "ups"}, 404, "invalid_identifier"),
        ({"tracking_number": "NONE", "carrier_code": "usps"}, 404, "invalid_identifier"),
    ],
    ids=str,
)
async def test_what_is_asked_wrongly_is_refused(engine: Engine, query: dict[str, str], status: int, code: str) -> None:
    await engine.parcel()
    answer = await engine.call("GET", "/tracking", **query)
    assert (answer.status_code, answer.json()["errors"][0]["error_code"]) == (status, code)


@pytest.mark.parametrize(
    "body",
    [
        {"url": "https://shop.example"},
        {"event": "track"},
        {"event": "birthday", "url": "https://shop.example"},
        {"event": "track", "url": "shop.example"},
        {"event": "track", "url": "https://shop.example", "colour": "red"},
        {"event": "track", "url": "https://shop.example", "headers": [{"key": "x"}]},
    ],
    ids=str,
)
async def test_a_faulty_webhook_is_refused(engine: Engine, body: dict[str, Any]) -> None:
    assert (await engine.call("POST", HOOKS, body)).status_code == 400
    assert (await engine.call("GET", HOOKS)).json() == []


async def test_an_event_is_told_to_a_url_once(engine: Engine) -> None:
    await engine.hook("https://shop.example")
    again = await engine.call("POST", HOOKS, {"event": "track", "url": "https://shop.example"})
    assert (again.status_code, again.json()["errors"][0]["error_code"]) == (409, "webhook_event_type_conflict")


async def test_a_wrong_key_and_too_many_requests_are_refused(engine: Engine) -> None:
    assert (await engine.call("GET", HOOKS, key="wrong")).status_code == 401
    await engine.control("/settings", {"rate_limit_per_minute": 1})
    answers = [await engine.call("GET", HOOKS) for _ in range(2)]
    assert [x.status_code for x in answers] == [200, 429]
    assert int(answers[1].headers["retry-after"]) > 0
    assert answers[1].json()["errors"][0]["error_code"] == "rate_limit_exceeded"
