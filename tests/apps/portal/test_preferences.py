"""What was written to a customer, their choices about it, and one click that ends mails (COM-1, COM-3)."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session

from config.links import unsubscribe_link
from config.wiring import Wiring
from domain.claims import Channel, ClaimKind
from domain.message_catalogue import CATALOGUE
from ledger import preferences
from ledger.messages import Claim, say
from ledger.order_access import mailbox_versions
from ledger.rows import select_by, update_by
from ledger.tables import Consent, InboxEvent, Message, Order, OrderContact
from ledger.ways import Messaging, messaging_of
from tests.apps.portal.support import EMAIL, Page, browsing, change_contact, make_portal_order
from tests.domain.test_arbiter import RULES
from tests.ledger.support import NOW, row_of, rows_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def told(wiring: Wiring, order_id: str, kind: str, state: str = "sent", reason: str = "") -> None:
    """A message of this kind, as it ended."""

    def write(session: Session) -> None:
        [order] = select_by(session, Order, "id", [order_id])
        say(session, [Claim(ClaimKind(kind), order_id, order, CATALOGUE[ClaimKind(kind)].sample)], NOW)
        [row] = [row for row in select_by(session, Message, "order_id", [order_id]) if row["kind"] == kind]
        sent_at = NOW if state == "sent" else None
        update_by(session, Message, [{"id": row["id"], "state": state, "reason": reason, "sent_at": sent_at}])

    wiring.ledger(write)


def take(wiring: Wiring) -> list[str]:
    """What customers chose, carried out."""
    waiting = [row for row in rows_of(wiring, InboxEvent, source=preferences.SOURCE) if row["handled_at"] is None]
    return [wiring.ledger(preferences.take, row, NOW) for row in waiting]


def link(wiring: Wiring, order_id: str, **lives: Any) -> str:
    """The path of a mail's own link."""
    order = row_of(wiring, Order, id=order_id)
    version = mailbox_versions(rows_of(wiring, OrderContact, order_id=order_id))[order["contact_id"]]
    ends = wiring.now() + lives.get("lives", timedelta(days=1))
    url = unsubscribe_link(wiring.settings, order_id=order_id, version=version, expires_at=ends)
    return url.removeprefix(wiring.settings.public_url.rstrip("/"))


def form_of(answer: httpx.Response, channel: str) -> dict[str, str]:
    """Of the form about this channel."""
    forms = [part.partition("</form>")[0] for part in answer.text.split("<form ")[1:]]
    [html] = [form for form in forms if f'name="channel" value="{channel}"' in form]
    return Page(httpx.Response(200, text=f"<form {html}</form>", headers={"content-security-policy": ""})).fields


@pytest.mark.row("COM-1")
async def test_the_page_lists_what_was_said_by_whatever_way(wiring: Wiring) -> None:
    order = make_portal_order(wiring)
    told(wiring, order, "parcel_delayed")
    told(wiring, order, "parcel_delivered", "suppressed", "stopped")
    told(wiring, order, "parcel_stuck", "suppressed", "superseded")

    async with browsing(wiring) as browser:
        page = await browser.open(order)
        assert f"{page}/messages" in (await browser.get(page)).text
        shown = Page(await browser.get(f"{page}/messages")).text
    assert "It arrives later than promised" in shown
    assert "only here" in shown, "whoever stopped mails still finds it"
    assert "has not moved" not in shown, "what was never to be said is not"


@pytest.mark.row("COM-3")
async def test_texts_are_agreed_to_and_ended_on_the_page(wiring: Wiring) -> None:
    order = make_portal_order(wiring)
    wiring.messaging = Messaging(RULES, "twilio/main", wiring.messaging.key)
    contact = row_of(wiring, OrderContact, order_id=order)
    wiring.ledger(update_by, OrderContact, [{"id": contact["id"], "phone": "+16175550123"}])

    async with browsing(wiring) as browser:
        page = await browser.open(order)
        for press, given in (("yes", True), ("no", False)):
            shown = await browser.get(f"{page}/messages")
            fields = form_of(shown, "sms")
            assert press == fields["on"]
            for _ in range(2):  # pressed twice it is one choice
                answer = await browser.client.post(f"{page}/messages", data=fields)
                assert 303 == answer.status_code
            assert "chosen" in take(wiring)
            assert given is bool(rows_of(wiring, Consent)[-1]["given"])
        wrong = await browser.client.post(f"{page}/messages", data=fields | {"channel": "fax"})
    assert 422 == wrong.status_code
    assert {("sms", "portal")} == {(row["channel"], row["source"]) for row in rows_of(wiring, Consent)}


async def test_without_an_account_for_texts_none_are_offered(wiring: Wiring) -> None:
    order = make_portal_order(wiring)
    wiring.messaging = Messaging(RULES, "", wiring.messaging.key)

    async with browsing(wiring) as browser:
        page = await browser.open(order)
        shown = await browser.get(f"{page}/messages")
    assert 'value="sms"' not in shown.text
    assert 'value="email"' in shown.text


@pytest.mark.row("COM-3")
async def test_one_click_ends_mails_without_cookies_or_a_page(wiring: Wiring) -> None:
    """RFC 8058: the mail program posts by itself."""
    order = make_portal_order(wiring)
    async with browsing(wiring) as program:
        here = link(wiring, order)
        for _ in range(2):
            answer = await program.client.post(here, data=ONE_CLICK)
            assert 200 == answer.status_code
    assert 1 == len(rows_of(wiring, InboxEvent, source=preferences.SOURCE)), "pressed twice it is one choice"
    assert ["chosen"] == take(wiring)
    known = row_of(wiring, Consent)
    assert (False, "unsubscribe", "email", order) == (
        bool(known["given"]), known["source"], known["channel"], known["order_id"],
    )  # fmt: skip
    assert EMAIL not in str(known)


@pytest.mark.row("COM-3", bad_input=True)
async def test_scanners_that_open_links_end_nothing(wiring: Wiring) -> None:
    order = make_portal_order(wiring)
    async with browsing(wiring) as scanner:
        shown = await scanner.get(link(wiring, order))
        assert 200 == shown.status_code
        assert "Stop these mails" in shown.text
        assert not rows_of(wiring, InboxEvent, source=preferences.SOURCE)
        pressed = await scanner.client.post(link(wiring, order), data=Page(shown).fields)
    assert "These mails have ended" in pressed.text


@pytest.mark.row("COM-3", bad_input=True)
async def test_a_link_that_is_not_ours_looks_like_any_page_that_is_not_there(wiring: Wiring) -> None:
    order = make_portal_order(wiring)
    async with browsing(wiring) as browser:
        good, old = link(wiring, order), link(wiring, order, lives=timedelta(seconds=-1))
        nothing = await browser.get("/portal/orders/ord_none")
        for wrong in (old, good[:-1] + ("0" if good[-1] != "0" else "1"), good.replace(order, "ord_other")):
            for answer in (await browser.get(wrong), await browser.client.post(wrong, data=ONE_CLICK)):
                assert (404, nothing.text) == (answer.status_code, answer.text)
    assert not rows_of(wiring, InboxEvent, source=preferences.SOURCE)


@pytest.mark.row("COM-3")
async def test_a_link_ends_mails_to_the_mailbox_that_it_was_sent_to(wiring: Wiring) -> None:
    order = make_portal_order(wiring)
    async with browsing(wiring) as program:
        here = link(wiring, order)
        change_contact(wiring, order, email="new@example.com")
        assert 200 == (await program.client.post(here, data=ONE_CLICK)).status_code
    take(wiring)

    key = wiring.ledger(lambda session: messaging_of(session).key(Channel.EMAIL, EMAIL))
    assert key == row_of(wiring, Consent)["address_key"]
