"""The routes of the fake ShipEngine are a part of the vendor's OpenAPI file, and their calls are as it says."""

from typing import Any

import pytest

from sandbox.core.world import World
from sandbox.parcels.model import KINDS
from sandbox.shipengine import build
from sandbox.shipengine.words import STATUSES, WORDS
from tests.sandbox.shipengine.support import CONTRACT, HOOKS, NUMBER, Engine
from tests.support.openapi import check_response, load_spec
from tests.support.shared import SHARED, missing_reason

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=missing_reason())


def routes() -> set[str]:
    return {name for name in build(World()).app.operations() if " /v1/" in name}


def test_every_route_is_the_vendors() -> None:
    known = {f"{method.upper()} {path}" for path, item in load_spec(CONTRACT)["paths"].items() for method in item}
    assert len(routes()) == 8
    assert routes() <= known


def test_every_word_is_the_vendors() -> None:
    schemas = load_spec(CONTRACT)["components"]["schemas"]
    assert set(STATUSES) == set(schemas["status_code"]["enum"])
    assert {word.detail for word in WORDS.values()} <= set(schemas["status_detail_code"]["enum"])


async def test_a_walk_through_every_route_is_documented(engine: Engine) -> None:
    """`Engine` holds each call and each answer against the file."""
    await engine.parcel()
    await engine.track()
    await engine.follow()
    await engine.call("POST", "/tracking/stop", carrier_code="stamps_com", tracking_number=NUMBER)
    made = await engine.hook("https://shop.example/hook", headers=[{"key": "x-own", "value": "1"}], name="Ours")
    one = f"{HOOKS}/{made['webhook_id']}"
    await engine.call("GET", HOOKS)
    assert (await engine.call("GET", one)).json() == made
    assert (await engine.call("PUT", one, {"url": "https://shop.example/other"})).status_code == 204
    assert (await engine.call("GET", one)).json()["url"] == "https://shop.example/other"
    assert (await engine.call("DELETE", one)).status_code == 204
    assert (await engine.call("DELETE", one)).status_code == 404
    assert engine.seen == routes()


async def test_everything_that_can_happen_is_told_as_the_file_says(engine: Engine) -> None:
    germany = {"city": "Köln", "state": "", "zip": "50667", "country": "DE"}
    await engine.parcel()
    await engine.parcel("1Z1", "ups", destination=germany)
    for kind in KINDS:
        await engine.scan(kind)
        await engine.scan(kind, "1Z1", place="destination")
    assert len((await engine.track())["events"]) == len(KINDS) + 1
    abroad = await engine.track("1Z1", "ups")
    assert {(x["state_province"], x["country_code"]) for x in abroad["events"][:-1]} == {("DE", "DE")}


@pytest.mark.parametrize(
    "change",
    [
        {"status_code": "??"},
        {"events": [{}]},
        {"carrier_id": "se-1"},
        {"carrier_detail_code": ""},
        {"estimated_delivery_date": "soon"},
        {"colour": "red"},
    ],
    ids=str,
)
async def test_the_check_refuses_what_the_file_does_not_allow(engine: Engine, change: dict[str, Any]) -> None:
    await engine.parcel()
    good = await engine.track()
    with pytest.raises(AssertionError, match="GET /v1/tracking"):
        check_response(load_spec(CONTRACT), "GET", "/v1/tracking", 200, good | change)
