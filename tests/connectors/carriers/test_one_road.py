"""One parcel, told by two sources in words of their own: they come to one state, and webhooks are believed."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from config.status_maps import status_map
from connectors.carriers.base import ParcelRef
from connectors.carriers.shipengine import ShipEngine, shipengine_http
from connectors.carriers.ups_session import ups_http
from connectors.carriers.ups_tracking import UpsTracking
from connectors.errors import AuthFailed
from connectors.hooks import read_hook
from connectors.http import VendorHttp
from connectors.signing_keys import SigningKeys
from connectors.transport import HttpClient
from connectors.webhooks import SHIPENGINE_KEY, BadSignature, verify_shipengine
from domain.parcels import ParcelState, merge_state
from tests.connectors.carriers.conftest import no_sleep
from tests.support.receiver import receiving
from tests.support.sandbox import SandboxProcess

pytest.importorskip("sandbox.shipengine", reason="this sandbox has no ShipEngine")

P = ParcelState
NUMBER = "1Z999AA10000000001"
UPS_REF = ParcelRef(f"ups:{NUMBER}", NUMBER, "UPS")
ENGINE_REF = ParcelRef(f"shipengine:ups:{NUMBER}", NUMBER, "UPS")
# what happened on the road -> what UPS and ShipEngine say of it, where they mean the same
SAME = {
    "accepted": P.ACCEPTED,
    "arrived": P.IN_TRANSIT,
    "local": P.ARRIVED_LOCAL,
    "customs": P.CUSTOMS,
    "customs_cleared": P.IN_TRANSIT,
    "out": P.OUT_FOR_DELIVERY,
    "attempted": P.ATTEMPTED,
    "pickup": P.AVAILABLE_FOR_PICKUP,
    "delayed": P.EXCEPTION,
    "weather": P.EXCEPTION,
    "address": P.EXCEPTION,
    "exception": P.EXCEPTION,
    "lost": P.LOST,
    "refused": P.RETURNING,
    "returning": P.RETURNING,
    "returned": P.RETURNED,
    "delivered": P.DELIVERED,
    "cancelled": P.CANCELLED,
}
# ShipEngine's "damaged in transit but will still be delivered" is no end; UPS's "damage reported" is one
DIFFERENT = {"damaged": (P.DAMAGED, P.EXCEPTION)}


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with HttpClient() as made:
        yield made


@pytest.fixture
def ups(client: HttpClient, sandbox: SandboxProcess) -> UpsTracking:
    http = ups_http(client, f"{sandbox.url}/ups", sleep=no_sleep)
    login = {"client_id": "sandbox-ups-client", "secret": "sandbox-ups-secret"}
    return UpsTracking(http, account="main", words=status_map("ups"), **login)


@pytest.fixture
def engine(client: HttpClient, sandbox: SandboxProcess) -> ShipEngine:
    http = shipengine_http(client, f"{sandbox.url}/shipengine", "sandbox-shipengine-key", sleep=no_sleep)
    return ShipEngine(http, account="main", words=status_map("shipengine"))


@pytest.fixture
def parcel(sandbox: SandboxProcess) -> None:
    places = {
        "origin": {"city": "Sparks", "state": "NV", "zip": "89431"},
        "destination": {"city": "Brooklyn", "state": "NY", "zip": "11201"},
    }
    sandbox.control("parcels", {"number": NUMBER, "carrier": "ups", **places})


@pytest.mark.row("TRK-2")
@pytest.mark.usefixtures("parcel")
@pytest.mark.parametrize("kind", sorted(SAME | DIFFERENT))
async def test_two_sources_of_one_parcel_come_to_one_state(
    ups: UpsTracking, engine: ShipEngine, sandbox: SandboxProcess, kind: str
) -> None:
    sandbox.control(f"parcels/{NUMBER}/scan", {"kind": kind})

    [by_ups], [by_engine] = await ups.fetch([UPS_REF]), await engine.fetch([ENGINE_REF])

    expected = DIFFERENT.get(kind) or (SAME[kind], SAME[kind])
    assert (merge_state(by_ups.events), merge_state(by_engine.events)) == expected
    assert all(event.mapped for event in (*by_ups.events, *by_engine.events))
    assert [event.occurred_at for event in by_ups.events] == [event.occurred_at for event in by_engine.events]


@pytest.mark.row("TRK-2")
@pytest.mark.usefixtures("parcel")
async def test_what_no_table_knows_is_not_under_way(
    ups: UpsTracking, engine: ShipEngine, sandbox: SandboxProcess
) -> None:
    sandbox.control(f"parcels/{NUMBER}/scan", {"kind": "info"})

    [by_ups], [by_engine] = await ups.fetch([UPS_REF]), await engine.fetch([ENGINE_REF])

    assert {merge_state(by_ups.events), merge_state(by_engine.events)} == {P.LABEL_CREATED}
    assert [event.mapped for event in by_engine.events][-1] is False


@pytest.mark.row("TRK-1")
@pytest.mark.usefixtures("parcel")
async def test_webhooks_are_signed_with_keys_that_change(
    client: HttpClient, engine: ShipEngine, sandbox: SandboxProcess
) -> None:
    http = VendorHttp(client, vendor="shipengine", base_url=f"{sandbox.url}/shipengine", sleep=no_sleep)
    ticks = [0.0]
    keys = SigningKeys(http, "/jwks", clock=lambda: ticks[0])
    async with receiving() as receiver:
        assert await engine.ensure_subscriptions(receiver.url) == ["track"]
        assert await engine.ensure_subscriptions(receiver.url) == []
        followed = await engine.follow(NUMBER, "UPS")
        for kind in ("accepted", "out"):
            receiver.deliveries.clear()
            sandbox.control(f"parcels/{NUMBER}/scan", {"kind": kind})
            delivery = await receiver.wait_for("API_TRACK", field="resource_type")
            now = datetime.now(UTC)
            key = await keys.of(delivery.headers[SHIPENGINE_KEY])
            verify_shipengine(delivery.body, delivery.headers, key, now=now)
            with pytest.raises(BadSignature, match="mismatch"):
                verify_shipengine(delivery.body + b" ", delivery.headers, key, now=now)
            assert read_hook("shipengine", delivery.headers, delivery.body).subject == followed.external_id
            sandbox.control("shipengine/rotate", {})
            ticks[0] += 60.0


@pytest.mark.row("TRK-1", bad_input=True)
async def test_a_wrong_key_is_for_an_operator(client: HttpClient, engine: ShipEngine, sandbox: SandboxProcess) -> None:
    assert await engine.check() == "ShipEngine main"
    http = shipengine_http(client, f"{sandbox.url}/shipengine", "wrong", sleep=no_sleep)
    with pytest.raises(AuthFailed):
        await ShipEngine(http, account="main", words=status_map("shipengine")).check()
