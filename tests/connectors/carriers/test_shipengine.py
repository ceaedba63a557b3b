"""ShipEngine's connector: what it sends is as the contract says, what it is told is read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from config.status_maps import status_map
from connectors.carriers.base import ParcelRef
from connectors.carriers.shipengine import ShipEngine, shipengine_http
from connectors.carriers.shipengine_parse import carrier_code, external_id, external_id_of, parse_tracking
from connectors.errors import AuthFailed, Retryable, VendorRejected
from connectors.hooks import BadHook, read_hook
from connectors.reading import Unreadable
from connectors.transport import Request
from domain.parcels import ParcelState, merge_state
from tests.connectors.carriers.canned import Answer, CannedClient
from tests.connectors.carriers.conftest import no_sleep
from tests.support.openapi import check_request, check_response, load_spec

WORDS = status_map("shipengine")
NUMBER = "9400111298370264401222"
EXTERNAL = f"shipengine:usps:{NUMBER}"
REF = ParcelRef(EXTERNAL, NUMBER, "USPS")
URL = "https://api.shipengine.com"
HOOK = "https://shop.example/hooks/shipengine/main"


def event(code: str, detail: str, at: str, **more: Any) -> dict[str, Any]:
    """All that the contract demands of a scan."""
    return {
        "occurred_at": at,
        "carrier_occurred_at": f"{at.removesuffix('Z')}-06:00",
        "city_locality": "AUSTIN",
        "state_province": "TX",
        "postal_code": "78756",
        "country_code": "US",
        "status_code": code,
        "status_detail_code": detail,
        "status_description": "In words",
        "carrier_status_code": "7",
        "carrier_detail_code": "OT",
        "carrier_status_description": "In words",
        **more,
    }


def body(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    last = events[-1] if events else {"status_code": "NY"}
    return {
        "tracking_number": NUMBER,
        "tracking_url": f"https://carrier.example/{NUMBER}",
        "status_code": last["status_code"],
        "carrier_code": "usps",
        "carrier_id": 1,
        "carrier_detail_code": "OT",
        "carrier_status_code": "1",
        "events": list(events),
        **more,
    }


WAY = body(
    event("DE", "DELIVERED", "2026-03-03T17:00:00Z"),
    event("IT", "OUT_FOR_DELIVERY", "2026-03-03T12:00:00Z"),
    event("IT", "HUB_SCAN_IN", "2026-03-02T03:00:00Z"),
    event("AC", "PICKED_UP", "2026-03-01T18:00:00Z"),
)


def connector(answer: Callable[[Request], Answer]) -> tuple[ShipEngine, CannedClient]:
    client = CannedClient(answer)
    return ShipEngine(shipengine_http(client, URL, "key", sleep=no_sleep), account="main", words=WORDS), client


@pytest.mark.row("TRK-1")
async def test_a_parcel_is_asked_for_by_carrier_and_number(shared: Path) -> None:
    spec = load_spec(shared / "contracts/shipengine/openapi.yaml")
    check_response(spec, "GET", "/v1/tracking", 200, WAY)
    shipengine, client = connector(lambda _request: (200, WAY))

    [told] = await shipengine.fetch([REF])

    [sent] = client.sent
    assert (sent.method, urlsplit(sent.url).path, sent.headers["api-key"]) == ("GET", "/v1/tracking", "key")
    assert sent.params == {"carrier_code": "usps", "tracking_number": NUMBER}
    check_request(spec, "GET", "/v1/tracking", None, sent.params)
    assert (told.external_id, told.tracking_number, told.carrier) == (EXTERNAL, NUMBER, "USPS")
    assert [each.state for each in told.events] == [
        ParcelState.ACCEPTED,
        ParcelState.IN_TRANSIT,
        ParcelState.OUT_FOR_DELIVERY,
        ParcelState.DELIVERED,
    ]
    assert told.public_url.endswith(NUMBER)


@pytest.mark.row("TRK-1")
async def test_following_starts_webhooks_and_asks_for_them_once(shared: Path) -> None:
    spec = load_spec(shared / "contracts/shipengine/openapi.yaml")
    hooks: list[dict[str, Any]] = []

    def answer(request: Request) -> Answer:
        if request.method == "GET":
            return 200, hooks
        if request.url.endswith("/webhooks"):
            hooks.append({"webhook_id": "se-1", "url": HOOK, "event": "track"})
            return 200, hooks[-1]
        return 204, None

    shipengine, client = connector(answer)

    followed = await shipengine.follow(NUMBER, "USPS")

    assert followed.external_id == EXTERNAL
    [start] = client.sent
    check_request(spec, "POST", "/v1/tracking/start", None, start.params)
    assert await shipengine.ensure_subscriptions(HOOK) == ["track"]
    assert await shipengine.ensure_subscriptions(HOOK) == []
    [made] = [each for each in client.sent if each.url.endswith("/webhooks") and each.method == "POST"]
    wanted = orjson.loads(made.content or b"")
    check_request(spec, "POST", "/v1/environment/webhooks", wanted, None)
    assert (wanted["url"], wanted["event"]) == (HOOK, "track")
    check_response(spec, "GET", "/v1/environment/webhooks", 200, hooks)


def refusal(code: str) -> dict[str, Any]:
    error = {"error_source": "shipengine", "error_type": "validation", "error_code": code, "message": "No."}
    return {"request_id": "e8b9a4f1-1f42-4d84-97f4-2a1fa2d6ca13", "errors": [error]}


@pytest.mark.row("TRK-1", bad_input=True)
async def test_refusals() -> None:
    unknown, _ = connector(lambda _request: (404, refusal("not_found")))
    assert await unknown.fetch([REF]) == []
    for status, code, error in (
        (400, "invalid_field_value", VendorRejected),
        (401, "unauthorized", AuthFailed),
        (429, "rate_limit_exceeded", Retryable),
        (503, "unspecified", Retryable),
    ):
        shipengine, _ = connector(lambda _request, status=status, code=code: (status, refusal(code)))
        with pytest.raises(error) as caught:
            await shipengine.fetch([REF])
        if isinstance(caught.value, VendorRejected):
            assert caught.value.reason == code


@pytest.mark.row("TRK-2")
def test_what_shipengine_cannot_map_stays_in_the_carriers_words() -> None:
    strange = event("IT", "CARRIER_STATUS_NOT_MAPPED", "2026-03-02T03:00:00Z", carrier_status_code="ZZ")

    [scan] = parse_tracking(body(strange), EXTERNAL, NUMBER, "USPS", WORDS).events

    assert (scan.state, scan.raw_code, scan.mapped) == (ParcelState.UNKNOWN, "ZZ", False)


@pytest.mark.row("TRK-2")
@pytest.mark.parametrize(
    ("code", "detail", "state"),
    [
        ("IT", "INFORMATION", ParcelState.IN_TRANSIT),
        ("EX", "PARCEL_LOST", ParcelState.LOST),
        ("EX", "HELD_BY_CUSTOMS", ParcelState.CUSTOMS),
        ("DE", "DELIVERED_TO_PICKUP_POINT", ParcelState.AVAILABLE_FOR_PICKUP),
        ("SP", "", ParcelState.AVAILABLE_FOR_PICKUP),
        ("UN", "", ParcelState.UNKNOWN),
    ],
)
def test_words(code: str, detail: str, state: ParcelState) -> None:
    told = parse_tracking(body(event(code, detail, "2026-03-02T03:00:00Z")), EXTERNAL, NUMBER, "USPS", WORDS)

    assert merge_state(told.events) is state


@pytest.mark.row("TRK-2", bad_input=True)
@pytest.mark.parametrize("told", [None, [], {"events": 3}, {"events": ["x"]}, body(event("IT", "", "soon"))])
def test_what_cannot_be_read(told: Any) -> None:
    with pytest.raises(Unreadable):
        parse_tracking(told, EXTERNAL, NUMBER, "USPS", WORDS)


@pytest.mark.parametrize(
    ("carrier", "code"),
    [("USPS", "usps"), ("DHL Express", "dhl_express"), ("DHLExpress", "dhl_express"), ("UPSDAP", "ups")],
)
def test_names_of_carriers(carrier: str, code: str) -> None:
    assert carrier_code(carrier) == code
    assert external_id(carrier, "1") == f"shipengine:{code}:1"


def hook(**changes: Any) -> dict[str, Any]:
    address = f"{URL}/v1/tracking?carrier_code=usps&tracking_number={NUMBER}"
    return {"resource_url": address, "resource_type": "API_TRACK", "data": WAY, **changes}


@pytest.mark.row("TRK-1")
def test_a_delivery_is_filed_under_its_parcel_and_its_content() -> None:
    filed = read_hook("shipengine", {}, orjson.dumps(hook()))

    assert (filed.topic, filed.subject, filed.account) == ("API_TRACK", EXTERNAL, "")
    assert filed.delivery_id == read_hook("shipengine", {}, orjson.dumps(dict(reversed(hook().items())))).delivery_id
    assert filed.delivery_id != read_hook("shipengine", {}, orjson.dumps(hook(data=body()))).delivery_id
    assert external_id_of({"data": {"carrier_code": "ups", "tracking_number": "1Z"}}) == "shipengine:ups:1Z"


@pytest.mark.row("TRK-1", bad_input=True)
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "not_json"),
        (b"[]", "not_an_object"),
        (b'{"resource_type": "API_TRACK"}', "missing_subject"),
        (b'{"data": {"carrier_code": "ups", "tracking_number": "1Z"}}', "missing_topic"),
        (
            b'{"resource_type": "API_TRACK", "data": {"carrier_code": "ups", "tracking_number": "a b"}}',
            "missing_subject",
        ),
    ],
)
def test_what_cannot_be_filed(content: bytes, code: str) -> None:
    with pytest.raises(BadHook, match=code):
        read_hook("shipengine", {}, content)
