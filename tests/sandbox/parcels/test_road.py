"""One road for all carriers: what is turned there, every vendor tells in its own words."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.core.app import Sandbox
from sandbox.easypost import build as easypost
from sandbox.easypost.words import WORDS as EASYPOST_WORDS
from sandbox.parcels.model import FINAL, KINDS, Place
from sandbox.shipengine import build as shipengine
from sandbox.shipengine.words import STATUSES
from sandbox.shipengine.words import WORDS as SHIPENGINE_WORDS
from sandbox.ups import build as ups
from sandbox.ups.words import WORDS as UPS_WORDS
from tests.support.fake_vendors import in_process

NUMBER = "1Z999AA10000000001"
SPARKS = {"city": "Sparks", "state": "NV", "zip": "89431"}
BROOKLYN = {"city": "Brooklyn", "state": "NY", "zip": "11201"}


class Driver:
    """Turns the knobs and asks all three vendors."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient) -> None:
        self.sandbox, self.client, self.token = sandbox, client, ""

    async def turn(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = await self.client.post(f"/_control/parcels{path}", json=body or {})
        assert answer.status_code == status, answer.text
        return answer.json()

    async def parcel(self, number: str = NUMBER, **more: Any) -> Any:
        body = {"number": number, "carrier": "ups", "origin": SPARKS, "destination": BROOKLYN}
        return await self.turn("", body | more, status=201)

    async def row(self, number: str = NUMBER) -> Any:
        return (await self.client.get(f"/_control/parcels/{number}")).json()

    async def kinds(self, number: str = NUMBER) -> list[str]:
        return [scan["kind"] for scan in (await self.row(number))["scans"]]

    async def move(self, hours: float) -> None:
        offset = self.sandbox.world.clock.offset_s + hours * 3600
        assert (await self.client.post("/_control/clock", json={"offset_s": offset})).is_success

    async def easypost(self, number: str = NUMBER) -> Any:
        body = {"tracker": {"tracking_code": number, "carrier": "UPS"}}
        answer = await self.client.post("/easypost/v2/trackers", json=body, auth=("sandbox-easypost-key", ""))
        return answer.json()

    async def ups(self, number: str = NUMBER) -> Any:
        login = await self.client.post(
            "/ups/security/v1/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=("sandbox-ups-client", "sandbox-ups-secret"),
        )
        token = login.json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "transId": "t", "transactionSrc": "aftercart"}
        answer = await self.client.get(f"/ups/api/track/v1/details/{number}", headers=headers)
        return answer.json()["trackResponse"]["shipment"][0]["package"][0]

    async def shipengine(self, number: str = NUMBER) -> Any:
        query = {"carrier_code": "ups", "tracking_number": number}
        headers = {"API-Key": "sandbox-shipengine-key"}
        return (await self.client.get("/shipengine/v1/tracking", params=query, headers=headers)).json()


@pytest.fixture
async def driver() -> AsyncIterator[Driver]:
    sandbox, client = in_process(easypost, ups, shipengine)
    async with client:
        yield Driver(sandbox, client)


def test_every_vendor_has_a_word_for_everything_that_can_happen() -> None:
    assert set(EASYPOST_WORDS) == set(UPS_WORDS) == set(SHIPENGINE_WORDS) == set(KINDS)
    assert set(KINDS) > FINAL
    assert {word.status for word in SHIPENGINE_WORDS.values()} == set(STATUSES)


async def test_three_vendors_tell_of_the_same_scans(driver: Driver) -> None:
    await driver.parcel()
    await driver.easypost()
    await driver.move(30)
    seen, told, listed = await driver.easypost(), await driver.ups(), await driver.shipengine()
    assert [x["status"] for x in seen["tracking_details"]] == ["pre_transit", "in_transit", "in_transit"]
    assert [x["status"]["code"] for x in told["activity"]] == ["AR", "OR", "MP"]
    assert [x["status_code"] for x in listed["events"]] == ["IT", "AC", "NY"]
    assert [x["datetime"] for x in seen["tracking_details"]] == [x["occurred_at"] for x in listed["events"]][::-1]
    assert seen["tracking_details"][1]["tracking_location"]["city"] == "SPARKS"
    assert told["activity"][1]["location"]["address"]["city"] == "Sparks"
    assert listed["events"][1]["city_locality"] == "Sparks"


async def test_a_parcel_is_aged_and_what_was_due_happens_in_its_past(driver: Driver) -> None:
    await driver.parcel()
    aged = await driver.turn(f"/{NUMBER}/age", {"hours": 48})
    assert [x["kind"] for x in aged["scans"]] == ["label", "accepted", "arrived", "out"]
    times = [x["at"] for x in aged["scans"]]
    assert times == sorted(times)
    assert times[-1] < driver.sandbox.world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_a_stalled_parcel_is_silent_until_it_moves_on(driver: Driver) -> None:
    await driver.parcel()
    await driver.move(25)
    assert (await driver.turn(f"/{NUMBER}/stall"))["next_at"] is None
    await driver.move(24 * 9)
    assert await driver.kinds() == ["label", "accepted", "arrived"]
    assert (await driver.turn(f"/{NUMBER}/move"))["last"] == "out"
    await driver.move(6)
    assert (await driver.row())["last"] == "delivered"
    await driver.turn(f"/{NUMBER}/move", status=422)


async def test_a_lost_parcel_is_admitted_later_and_a_found_one_never(driver: Driver) -> None:
    for number in (NUMBER, "1ZFOUND", "1ZNOW"):
        await driver.parcel(number)
    await driver.move(25)
    await driver.turn(f"/{NUMBER}/lose", {"after": 72})
    await driver.turn("/1ZFOUND/lose", {"after": 72})
    assert (await driver.turn("/1ZNOW/lose", {"after": 0}))["last"] == "lost"
    await driver.move(48)
    assert (await driver.row())["last"] == "arrived"
    await driver.turn("/1ZFOUND/move")
    await driver.move(30)
    assert (await driver.row())["last"] == "lost"
    assert (await driver.row("1ZFOUND"))["last"] == "delivered"
    assert (await driver.shipengine())["status_detail_code"] == "PARCEL_LOST"


async def test_a_storm_delays_what_comes_into_its_states_and_nothing_else(driver: Driver) -> None:
    await driver.parcel()
    home = await driver.parcel("1ZHOME", destination=SPARKS)
    await driver.turn("/storms", {"states": ["NY"], "hours": 96}, status=201)
    await driver.move(60)
    assert await driver.kinds() == ["label", "accepted", "arrived", "weather"]
    assert await driver.kinds("1ZHOME") == ["label", "accepted", "arrived", "out", "delivered"]
    told = await driver.ups()
    assert told["activity"][0]["status"]["statusCode"] == "053"
    assert told["deliveryDate"][0]["type"] == "RDD"
    assert (await driver.row())["expected_at"] > home["expected_at"]
    await driver.move(48)
    assert (await driver.row())["last"] == "delivered"
    assert (await driver.kinds()).count("weather") == 1


async def test_a_scan_is_put_where_and_when_it_is_wanted(driver: Driver) -> None:
    await driver.parcel()
    await driver.move(30)
    paris = {"city": "Paris", "state": "", "zip": "75001", "country": "FR"}
    await driver.turn(f"/{NUMBER}/scan", {"kind": "customs", "place": paris, "hours_ago": 26})
    assert await driver.kinds() == ["label", "customs", "accepted", "arrived"]
    await driver.turn(f"/{NUMBER}/scan", {"kind": "attempted", "place": "destination", "text": "Gate was locked"})
    last = (await driver.easypost())["tracking_details"][-1]
    assert (last["message"], last["tracking_location"]["city"]) == ("Gate was locked", "BROOKLYN")
    await driver.turn(f"/{NUMBER}/scan", {"kind": "damaged", "hours_ago": -2})
    assert (await driver.row())["last"] == "attempted"
    await driver.move(3)
    assert (await driver.row())["last"] == "damaged"
    await driver.move(100)
    assert (await driver.row())["next_at"] is None


async def test_a_code_that_nobody_knows_is_handed_on_as_it_is(driver: Driver) -> None:
    await driver.parcel()
    await driver.turn(f"/{NUMBER}/scan", {"kind": "info", "code": "Q9"})
    seen, told, listed = await driver.easypost(), await driver.ups(), await driver.shipengine()
    assert (seen["status"], seen["status_detail"]) == ("unknown", "Q9")
    assert (told["currentStatus"]["type"], told["currentStatus"]["code"]) == ("NA", "Q9")
    assert (listed["status_code"], listed["carrier_detail_code"]) == ("UN", "Q9")


async def test_a_number_is_the_carriers_own(driver: Driver) -> None:
    await driver.parcel("9400100", carrier="usps")
    assert (await driver.shipengine("9400100"))["errors"][0]["error_code"] == "invalid_identifier"
    await driver.turn("", {"number": "9400100", "carrier": "usps"}, status=409)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"number": "X"}),
        ("", {"number": "X", "carrier": "ups", "plan": "fly"}),
        ("", {"number": "X", "carrier": "ups", "origin": {"city": "Sparks"}}),
        (f"/{NUMBER}/scan", {"kind": "dance"}),
        (f"/{NUMBER}/scan", {"kind": "out", "place": "moon"}),
        (f"/{NUMBER}/scan", {"kind": "out", "text": 3}),
        (f"/{NUMBER}/scan", {"kind": "out", "code": None}),
        (f"/{NUMBER}/age", {}),
        (f"/{NUMBER}/age", {"hours": -1}),
        (f"/{NUMBER}/lose", {"after": "soon"}),
        (f"/{NUMBER}/plan", {}),
        ("/storms", {"states": [], "hours": 1}),
        ("/storms", {"states": ["NY"]}),
    ],
    ids=str,
)
async def test_a_wrong_knob_is_refused(driver: Driver, path: str, body: dict[str, Any]) -> None:
    before = await driver.parcel()
    assert (await driver.turn(path, body, status=400))["error"]
    assert await driver.row() == before
    await driver.turn("/NONE/stall", status=404)


async def test_a_reset_forgets_parcels_storms_and_who_listened(driver: Driver) -> None:
    await driver.parcel()
    await driver.turn("/storms", {"states": ["NY"], "hours": 1}, status=201)
    await driver.client.post("/_control/reset")
    assert (await driver.client.get("/_control/parcels")).json() == []
    assert (await driver.client.get("/_control/parcels/storms")).json() == []
    await driver.parcel()
    await driver.easypost()
    await driver.move(60)
    assert (await driver.easypost())["status"] == "delivered"


def test_a_place_knows_its_clocks() -> None:
    assert str(Place("Sparks", "NV", "89431").zone) == "America/Los_Angeles"
    assert str(Place("Köln", "", "50667", "DE").zone) == "Europe/Berlin"
    assert str(Place("Nowhere", "", "", "ZZ").zone) == "UTC"
