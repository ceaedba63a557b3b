"""Photos of customers: taken with a session, shown to it and to agents, to nobody else, and gone in time."""

from typing import Any

import pytest
from sqlmodel import Session
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from apps.darkroom import MOST_AT_ONCE, Darkroom
from apps.desk.photos import photo_path as desk_path
from apps.portal.doors import Doors, Opened
from apps.portal.keeping import Later
from apps.portal.photos import photo_path
from apps.portal.routes import portal_routes
from config.wiring import Wiring
from domain.photos import BadPhoto
from ledger.photos import MOST_OF_AN_ORDER, photo_ids
from ledger.rows import update_by
from ledger.tables import Document
from tests.apps.desk.support import at_desk, make_agent
from tests.apps.portal.support import Browser, Page, browsing, make_portal_order
from tests.ledger.support import row_of, rows_of
from tests.support.photos import SECRET, picture, told_picture

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def kept(wiring: Wiring, order_id: str, *sent: bytes) -> list[str]:
    darkroom = Darkroom(wiring, wiring.ledger)
    try:
        return await darkroom.take_photos(sent, order_id=order_id, subject_id="form-1")
    finally:
        darkroom.close()


@pytest.mark.row("RET-1")
async def test_it_is_kept_without_metadata_for_its_order_and_its_time(wiring: Wiring) -> None:
    order_id = make_portal_order(wiring)
    [photo_id] = await kept(wiring, order_id, told_picture())
    row = row_of(wiring, Document, id=photo_id)
    assert (order_id, "form-1", "photo", "image/jpeg") == tuple(
        row[name] for name in ("order_id", "subject_id", "kind", "content_type")
    )
    assert SECRET not in row["content"]
    assert wiring.policies.retention.documents == row["purge_at"] - row["created_at"]


async def test_the_same_photo_is_one_for_an_order_and_another_for_the_next(wiring: Wiring) -> None:
    one, other = make_portal_order(wiring), make_portal_order(wiring)
    first = await kept(wiring, one, picture(), picture(size=(50, 50)), picture())
    assert first[0] == first[2] != first[1]
    assert await kept(wiring, one, picture()) == first[:1]
    assert set(await kept(wiring, other, picture())).isdisjoint(first)
    assert 3 == len(rows_of(wiring, Document, kind="photo"))


@pytest.mark.row("RET-1", bad_input=True)
async def test_one_bad_photo_keeps_all_out_and_too_many_are_refused(wiring: Wiring) -> None:
    order_id = make_portal_order(wiring)
    with pytest.raises(BadPhoto, match="photo_wrong_type"):
        await kept(wiring, order_id, picture(), b"GIF89a")
    with pytest.raises(BadPhoto, match="photo_too_many"):
        await kept(wiring, order_id, *[picture()] * (MOST_AT_ONCE + 1))
    assert [] == rows_of(wiring, Document, kind="photo")
    for size in range(20, 20 + MOST_OF_AN_ORDER):
        await kept(wiring, order_id, picture(size=(size, 20)))
    with pytest.raises(BadPhoto, match="photo_too_many"):
        await kept(wiring, order_id, picture(size=(500, 20)))
    assert MOST_OF_AN_ORDER == len(wiring.read(photo_ids, order_id))


@pytest.mark.row("RET-1")
@pytest.mark.row("PEO-1")
async def test_it_is_shown_to_its_customer_only_and_as_nothing_but_a_picture(wiring: Wiring) -> None:
    one, other = make_portal_order(wiring), make_portal_order(wiring)
    [photo_id] = await kept(wiring, one, picture())
    async with browsing(wiring) as browser:
        assert 404 == (await browser.get(photo_path(one, photo_id))).status_code
        await browser.open(other)
        for path in (photo_path(one, photo_id), photo_path(other, photo_id), photo_path(other, "label:123")):
            assert 404 == (await browser.get(path)).status_code
        await browser.open(one)
        answer = await browser.get(photo_path(one, photo_id))
    assert (200, "image/jpeg") == (answer.status_code, answer.headers["content-type"])
    assert answer.content == row_of(wiring, Document, id=photo_id)["content"]
    assert "nosniff" == answer.headers["x-content-type-options"]
    assert "no-store" in answer.headers["cache-control"]
    assert "sandbox" in answer.headers["content-security-policy"]
    assert 'inline; filename="photo.jpg"' == answer.headers["content-disposition"]


@pytest.mark.row("PEO-1")
async def test_agents_see_it_and_nobody_else_at_the_desk(wiring: Wiring) -> None:
    order_id = make_portal_order(wiring)
    [photo_id] = await kept(wiring, order_id, picture())
    make_agent(wiring)
    async with at_desk(wiring) as browser:
        assert 303 == (await browser.get(desk_path(order_id, photo_id))).status_code
        await browser.log_in()
        answer = await browser.get(desk_path(order_id, photo_id))
        assert (200, "nosniff") == (answer.status_code, answer.headers["x-content-type-options"])
        assert 404 == (await browser.get(desk_path("other", photo_id))).status_code
        assert f'<img src="{desk_path(order_id, photo_id)}"' in (await browser.get(f"/desk/orders/{order_id}")).text


async def test_a_purged_photo_is_gone_and_comes_back_when_it_is_sent_again(wiring: Wiring) -> None:
    order_id = make_portal_order(wiring)
    [photo_id] = await kept(wiring, order_id, picture())

    def purge(session: Session) -> None:
        update_by(session, Document, [{"id": photo_id, "content": None}])

    wiring.ledger(purge)
    assert [] == wiring.read(photo_ids, order_id)
    async with browsing(wiring) as browser:
        await browser.open(order_id)
        assert 404 == (await browser.get(photo_path(order_id, photo_id))).status_code
        assert [photo_id] == await kept(wiring, order_id, picture())
        assert 200 == (await browser.get(photo_path(order_id, photo_id))).status_code


async def sent_to(browser: Browser, path: str, token: str, *photos: bytes) -> int:
    files = [("photos", ("my dog.jpg", photo, "text/html")) for photo in photos]
    return (await browser.client.post(path, data={"token": token}, files=files)).status_code


@pytest.mark.row("RET-1")
async def test_a_form_brings_photos_through_the_door_of_its_order(
    wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = make_portal_order(wiring)

    def take(opened: Opened) -> Later:
        async def work() -> Response:
            photos = opened.files["photos"]
            ids = await opened.darkroom.take_photos(photos, order_id=opened.order["id"], subject_id="form-2")
            return PlainTextResponse(" ".join(ids))

        return Later(work)

    def routes(*parts: Any, **more: Any) -> list[Route]:
        return [*portal_routes(*parts, **more), Doors(*parts).order_route("/try", take, ["POST"], files=True)]

    monkeypatch.setattr("apps.receiver.app.portal_routes", routes)
    async with browsing(wiring) as browser:
        path = f"/portal/orders/{order_id}/try"
        assert 404 == await sent_to(browser, path, "", picture())
        token = Page(await browser.get(await browser.open(order_id))).fields["token"]
        assert 403 == await sent_to(browser, path, "0" * 64, picture())
        assert [] == rows_of(wiring, Document, kind="photo")
        assert 200 == await sent_to(browser, path, token, picture(), picture("PNG"))
    assert 2 == len(wiring.read(photo_ids, order_id))
