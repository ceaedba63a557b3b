"""What a handheld says of parcels that come back, over HTTP (RET-4)."""

from typing import Any

import httpx
import pytest

from tests.support.returns import delivered, drive, label_code, refunds_at_shop, state, take_back, units_of
from tests.support.world import FLOOR_TOKEN, World
from tests.tasks.steps import ask, cases

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG = {"sku": "MUG-ENA-WHT"}


async def call(world: World, method: str, path: str, token: str = FLOOR_TOKEN, **more: Any) -> httpx.Response:
    return await ask(
        method,
        f"{world.wiring.settings.public_url}/warehouse/brooklyn/returns{path}",
        headers={"authorization": f"Bearer {token}"},
        **more,
    )


async def opened(
    world: World, code: str, *units: dict[str, Any], scan_id: str = "scan_1", **more: Any
) -> httpx.Response:
    body = {"scan_id": scan_id, "code": code, "units": list(units), **more}
    answer = await call(world, "POST", "", json=body)
    await drive(world)
    return answer


@pytest.mark.row("RET-4")
async def test_a_handheld_sees_what_is_awaited_and_enters_unit_by_unit(world: World) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)

    seen = (await call(world, "GET", f"/{label_code(world, request['id'])}")).json()
    assert [("MUG-ENA-WHT", 1, "style")] == [(line["sku"], line["awaited"], line["reason"]) for line in seen["lines"]]
    assert seen == (await call(world, "GET", f"/{request['rma'].lower()}")).json()

    for _ in range(2):
        assert {"accepted": True} == (await opened(world, request["rma"], MUG)).json()
    [unit] = units_of(world, request["id"])
    for _ in range(2):
        body = {"scan_id": "scan_2", "grades": {unit["id"]: "b"}}
        assert {"accepted": True} == (await call(world, "POST", f"/{request['id']}/grades", json=body)).json()
        await drive(world)

    assert "closed" == state(world, request)
    assert 1 == refunds_at_shop(world)[0]
    assert "Lovelace" not in str(seen)


@pytest.mark.row("RET-4", bad_input=True)
async def test_what_fits_nothing_is_refused_with_its_reason(world: World) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)

    assert 401 == (await call(world, "GET", f"/{request['rma']}", "not-the-token")).status_code
    assert 404 == (await call(world, "GET", "/RNOBODY99")).status_code
    unknown = await opened(world, "RNOBODY99", MUG)
    assert (409, "unknown_parcel") == (unknown.status_code, unknown.json()["reason"])
    grades = {"scan_id": "scan_9", "grades": {"ret_x:01:1": "a"}}
    refused = await call(world, "POST", f"/{request['id']}/grades", json=grades)
    assert (409, "unknown_unit") == (refused.status_code, refused.json()["reason"])
    bad = await call(world, "POST", "", json={"scan_id": "s", "units": [{"sku": "", "reception": "stolen"}]})
    assert (422, ["units.0.reception", "units.0.sku"]) == (bad.status_code, bad.json()["fields"])

    await opened(world, request["rma"], MUG)
    reused = await opened(world, request["rma"], {**MUG, "reception": "missing"})
    assert (409, "scan_id_reused") == (reused.status_code, reused.json()["reason"])
    assert {} == cases(world)


@pytest.mark.row("RET-4")
async def test_a_packing_slip_names_the_order_of_a_parcel_that_nobody_announced(world: World) -> None:
    await delivered(world)

    answer = await opened(world, "", MUG, order="1001")

    assert {"accepted": True} == answer.json()
    assert "received" == world.row("SELECT state FROM return_request")["state"]
