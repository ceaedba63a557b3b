"""The routes of the fake Twilio are a part of the vendor's OpenAPI file, and their calls are as it says."""

import json
from typing import Any

import pytest

from sandbox.core.world import World
from sandbox.twilio import build
from sandbox.twilio.hooks import sign
from tests.sandbox.twilio.support import ADA, CONTRACT, SERVICE, Phone
from tests.support.openapi import check_response, load_spec
from tests.support.shared import SHARED, missing_reason

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=missing_reason())

LIST = "/2010-04-01/Accounts/{AccountSid}/Messages.json"


def routes() -> set[str]:
    return {name for name in build(World()).app.operations() if " /2010-04-01/" in name}


def test_every_route_is_the_vendors() -> None:
    known = {f"{method.upper()} {path}" for path, item in load_spec(CONTRACT)["paths"].items() for method in item}
    assert len(routes()) == 6
    assert routes() <= known


async def test_a_walk_through_every_route_is_documented(phone: Phone) -> None:
    """`Phone` holds each call and each answer against the file."""
    more = {"StatusCallback": "https://shop.example/sms", "ValidityPeriod": "3600", "MessagingServiceSid": SERVICE}
    made = await phone.send(**more)
    assert made["messaging_service_sid"] == SERVICE
    await phone.move(5)
    one = f"/Messages/{made['sid']}.json"
    assert (await phone.read(made["sid"]))["status"] == "delivered"
    query = {"To": ADA, "DateSent>": "2020-01-01", "PageSize": "1"}
    assert await phone.listed(**query) == [made["sid"]]
    assert (await phone.call("POST", one, {"Body": ""})).json()["body"] == ""
    assert (await phone.call("DELETE", one)).status_code == 204
    assert (await phone.call("GET", one)).status_code == 404
    assert (await phone.call("GET", ".json")).json()["status"] == "active"
    assert phone.seen == routes()


@pytest.mark.parametrize(
    "change",
    [
        {"status": "lost"},
        {"sid": "SM1"},
        {"direction": "up"},
        {"num_segments": 1},
        {"error_code": "30003"},
        {"account_sid": "AC1"},
    ],
    ids=str,
)
async def test_the_check_refuses_what_the_file_does_not_allow(phone: Phone, change: dict[str, Any]) -> None:
    good = await phone.send()
    with pytest.raises(AssertionError, match="POST /2010-04-01"):
        check_response(load_spec(CONTRACT), "POST", LIST, 201, good | change)


def test_signatures_are_the_vendors() -> None:
    told = json.loads((SHARED / "fixtures/signatures/twilio.json").read_text("utf-8"))
    for case in told["cases"]:
        made = sign(told["auth_token"], case["url"], [(name, value) for name, value in case["form"]])
        assert (made == case["signature"]) is case["valid"]
        assert sign(told["auth_token"], case["url"] + "/", case["form"]) != case["signature"]
