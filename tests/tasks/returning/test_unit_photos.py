"""Photos of units that came back, from a handheld over HTTP (RET-4)."""

from typing import Any

import httpx
import pytest

from ledger.tables import Document, ReturnUnit
from tests.ledger.support import row_of, rows_of
from tests.support.photos import SECRET, picture, told_picture
from tests.support.returns import delivered, take_back, units_of
from tests.support.world import World
from tests.tasks.returning.test_at_the_door import MUG, call, opened

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def send(world: World, request_id: str, unit_id: str, *photos: bytes, **more: Any) -> httpx.Response:
    files = [("photos", ("unit.jpg", photo, "image/jpeg")) for photo in photos]
    return await call(world, "POST", f"/{request_id}/units/{unit_id}/photos", files=files, **more)


@pytest.mark.row("RET-4")
@pytest.mark.row("TRU-4")
async def test_a_handheld_sends_photos_of_a_unit(world: World) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)
    await opened(world, request["rma"], MUG)
    [unit] = units_of(world, request["id"])

    first = await send(world, request["id"], unit["id"], told_picture(), picture("PNG", (60, 60)))
    again = await send(world, request["id"], unit["id"], told_picture())

    ids = first.json()["photos"]
    assert (200, ids[:1]) == (again.status_code, again.json()["photos"])
    assert ids == row_of(world.wiring, ReturnUnit, id=unit["id"])["photos"]
    stored = rows_of(world.wiring, Document, kind="photo")
    assert {(order_id, unit["id"])} == {(row["order_id"], row["subject_id"]) for row in stored}
    assert all(SECRET not in row["content"] for row in stored)


@pytest.mark.row("RET-4", bad_input=True)
async def test_what_is_refused(world: World) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)
    await opened(world, request["rma"], MUG)
    [unit] = units_of(world, request["id"])
    asked, name = request["id"], unit["id"]

    assert 401 == (await send(world, asked, name, picture(), token="wrong")).status_code
    assert 404 == (await send(world, asked, f"{name}0", picture())).status_code
    assert 404 == (await send(world, "ret_other", name, picture())).status_code
    for photos, reason in (
        ([b"GIF89a"], "photo_wrong_type"),
        ([b""], "photo_empty"),
        ([picture()] * 7, "photo_too_many"),
    ):
        answer = await send(world, asked, name, *photos)
        assert (422, reason) == (answer.status_code, answer.json()["reason"])
    assert 400 == (await call(world, "POST", f"/{asked}/units/{name}/photos", json={})).status_code
    assert [] == rows_of(world.wiring, Document, kind="photo")
