"""Links that were asked for leave beside bulk work, once, and only to the order's own mailbox."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from config.wiring import Wiring
from ledger import restored
from ledger.gap import Gap, set_gap
from ledger.inbox import Delivery, store
from ledger.queue import MAX_ATTEMPTS
from ledger.tables import Effect, InboxEvent, Message, ReviewCase
from ledger.tables.base import table_of
from tasks import customers, lookups
from tasks.customers import attended
from tests.apps.portal.support import EMAIL, change_contact, make_portal_order
from tests.ledger.support import row_of, rows_of
from tests.support.waiting import until
from tests.support.world import World, checkout

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def asked(order: str = "#1001", email: str = EMAIL, *, body: bytes = b"", name: str = "") -> Delivery:
    body = body or orjson.dumps({"order": order, "email": email})
    return Delivery("look_up", "portal", "order_link", name or f"{order} {email}", "", body)


@sqlite_only
@pytest.mark.row("TRU-3")
async def test_a_link_is_mailed_while_a_stage_still_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    [order] = world.buy(checkout())
    await world.settle()
    monkeypatch.setattr(customers, "LOOK_S", 0.01)

    async with attended():
        world.wiring.ledger(store, [asked(order["name"])], world.wiring.now())
        await until(lambda: world.mails(subject="The link to your order"))

    assert not world.broken()


async def test_each_asking_is_one_mail_to_the_mailbox_of_today(wiring: Wiring) -> None:
    order = make_portal_order(wiring)
    change_contact(wiring, order, email="new@example.com")
    mailbox, now = "new@example.com", wiring.now()
    wiring.ledger(store, [asked(), asked(email=mailbox), asked(email="NEW@example.com ")], now - timedelta(seconds=9))
    wiring.ledger(store, [asked(email=mailbox, name="later")], now)

    await lookups.answer(25)

    told = rows_of(wiring, Message, kind="order_link")
    assert [f"{order}:shipping:2"] * 2 == [row["contact_id"] for row in told], "two at the same moment are one"
    assert not [row for row in (*told, *rows_of(wiring, Effect)) if "example.com" in str(dict(row))]


@sqlite_only
async def test_one_that_cannot_be_read_stops_no_other_and_becomes_a_case(wiring: Wiring) -> None:
    make_portal_order(wiring)
    wiring.ledger(store, [asked(), asked(body=b"{", name="bad"), asked("#1002")], wiring.now())

    report = await lookups.answer(25)

    assert {"found": 1, "not_found": 1, "postponed": 1} == {
        what: count for what, count in report.counts.items() if what in ("found", "not_found", "postponed")
    }
    inbox = table_of(InboxEvent)
    worn_out = sa.update(inbox).where(inbox.c.delivery_id == "bad").values(attempts=MAX_ATTEMPTS, due_at=wiring.now())
    wiring.ledger(lambda session: session.execute(worn_out))
    await lookups.answer(25)
    assert "inbox_unreadable" == row_of(wiring, ReviewCase)["kind"]


@sqlite_only
async def test_after_a_restore_the_link_is_sent_to_whoever_asks_now(wiring: Wiring) -> None:
    now = wiring.now()
    make_portal_order(wiring, placed_at=now - timedelta(days=3))
    wiring.ledger(set_gap, Gap(now - timedelta(days=2), now - timedelta(days=1)))
    wiring.ledger(store, [asked()], now)

    await lookups.answer(25)

    [told] = rows_of(wiring, Message)
    assert set() == wiring.ledger(restored.doubtful_messages, [told])
    assert "parked" != row_of(wiring, Effect)["state"]


@sqlite_only
@pytest.mark.row("COM-1", bad_input=True)
async def test_without_a_secret_mails_have_no_link_and_the_link_itself_waits(world: World) -> None:
    world.wiring.settings.link_secret = SecretStr("")
    [order] = world.buy(checkout())
    world.wiring.ledger(store, [asked(order["name"], name="early")], world.wiring.now())
    await world.settle()
    world.wiring.ledger(store, [asked(order["name"])], world.wiring.now())
    await world.settle()

    [mail] = world.mails()
    whole: dict[str, Any] = world.sandbox.get(f"/mail/api/messages/{mail['id']}")
    assert ("confirmed" in mail["subject"], False) == (True, "/portal/" in whole["text"] + whole["html"])
    waiting = world.rows("SELECT state, error FROM effect WHERE kind = 'mail.send' AND state <> 'done'")
    assert [("planned", "ConfigError")] * len(waiting) == [(row["state"], row["error"]) for row in waiting]
    assert waiting
    assert not world.broken()
