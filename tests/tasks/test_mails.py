"""Mails leave once, whole, and only while they are true (COM-1, COM-4)."""

import pytest

from tests.support.world import World, checkout
from tests.tasks.steps import at_shipbob, at_workshop, cases, effect, later, release, subjects

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@sqlite_only
@pytest.mark.row("COM-1", bad_input=True)
async def test_a_mail_whose_hand_over_is_in_doubt_is_a_case_and_never_repeated(world: World) -> None:
    """SMTP has neither key nor look-up. The server keeps the mail, then the line breaks."""
    world.sandbox.fault("smtp", "DATA", "truncate")

    world.buy(checkout(), checkout())
    await world.settle()
    await later(world, 2)

    assert {1} == set(world.sandbox.accepted("smtp")["DATA"].values())
    assert 2 == len(subjects(world, "confirmed")), "the other order's mail went out"
    assert {"effect_parked": 1} == cases(world)
    assert not world.broken()


@sqlite_only
@pytest.mark.row("COM-1")
@pytest.mark.parametrize(("operation", "status"), [("RCPT", 451), ("DATA", 452)])
async def test_a_mail_that_the_server_puts_off_is_sent_later_once(world: World, operation: str, status: int) -> None:
    world.sandbox.fault("smtp", operation, "error", status=status)

    world.buy(checkout())
    await world.settle()
    assert [] == world.mails()
    assert "planned" == effect(world, "mail.send")["state"]
    await later(world, 0.1)

    assert [1] == list(world.sandbox.accepted("smtp")["DATA"].values())
    assert ["sent"] == [row["state"] for row in world.rows("SELECT state FROM message")]
    assert {} == cases(world)
    assert not world.broken()


@sqlite_only
@pytest.mark.row("COM-1", bad_input=True)
async def test_a_mailbox_that_does_not_exist_is_kept_on_the_message(world: World) -> None:
    world.sandbox.fault("smtp", "RCPT", "error", status=550)

    world.buy(checkout(), checkout())
    await world.settle()

    assert 1 == len(world.mails())
    states = {row["state"]: row["reason"] for row in world.rows("SELECT state, reason FROM message")}
    assert {"sent": "", "failed": "bad_recipient"} == states
    assert not world.broken()


@sqlite_only
@pytest.mark.row("COM-1", bad_input=True)
async def test_without_an_address_nothing_is_sent_and_the_order_goes_on(world: World) -> None:
    world.sandbox.control("shipbob/settings", {"instant": True})
    await release(world, at_shipbob(customer={"email": None}))
    await world.advance(1)

    assert [] == world.mails()
    assert 1 == len(world.orders()[0]["fulfillments"])
    assert {("suppressed", "no_address")} == {
        (row["state"], row["reason"]) for row in world.rows("SELECT state, reason FROM message")
    }
    assert not world.broken()


@sqlite_only
@pytest.mark.row("COM-4", bad_input=True)
async def test_what_a_customer_typed_stays_text(world: World) -> None:
    """Neither markup, nor template, nor a header comes out of a name."""
    name = "{{ 7*7 }}<script>alert(1)</script>\r\nBcc: x@evil.example"
    world.buy(checkout(customer={"first_name": name}, address={"first_name": name, "address1": "1 <b>Main</b> Street"}))
    await world.settle()
    await later(world, 0.1)

    [mail] = world.mails()
    whole = world.sandbox.get(f"/mail/api/messages/{mail['id']}")
    assert ["ada@example.com"] == mail["to"]
    assert "Bcc" not in mail["headers"]
    assert "<script>" not in whole["html"]
    assert "&lt;b&gt;Main&lt;/b&gt;" in whole["html"]
    assert "{{ 7*7 }}" in mail["text"]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("COM-4")
async def test_amounts_of_every_exponent_are_written_whole_in_both_parts(world: World) -> None:
    """Two, no and three decimals; HTML with a text part; the language is named."""
    world.buy(
        checkout(), checkout(currency="JPY", shipping={"title": "Standard", "code": "standard", "price": "500"}),
        checkout(currency="KWD", shipping={"title": "Standard", "code": "standard", "price": "1.500"}),
    )  # fmt: skip
    await world.settle()

    totals = {order["name"]: (order["currency"], order["total"]) for order in world.orders()}
    for mail in world.mails():
        whole = world.sandbox.get(f"/mail/api/messages/{mail['id']}")
        name = next(name for name in totals if name in mail["subject"])
        currency, total = totals[name]
        shown = f"{float(total):,.{ {'USD': 2, 'JPY': 0, 'KWD': 3}[currency] }f}"
        assert shown in mail["text"], (name, currency)
        assert shown in whole["html"]
        assert "en" == mail["headers"]["Content-Language"]
        assert "Harbour & Pine" in mail["text"]
        assert "help@shop.example.com" in mail["headers"]["Reply-To"]
    assert {"USD", "JPY", "KWD"} == {currency for currency, _ in totals.values()}
    assert not world.broken()


@sqlite_only
@pytest.mark.row("COM-1")
async def test_what_is_no_longer_true_is_not_said(world: World) -> None:
    """The mail server is away; meanwhile the order is cancelled in the shop."""
    world.sandbox.fault("smtp", "*", "error", status=451, times=None)
    world.buy(at_workshop())
    await world.settle()
    [order] = world.orders()
    world.sandbox.control(f"shopify/alpha/orders/{order['legacy_id']}/cancel", {})
    await world.settle()
    world.sandbox.control("faults", method="DELETE")
    await later(world, 1)

    assert [] == subjects(world, "confirmed")
    told = world.row("SELECT state, reason FROM message WHERE kind = 'order_confirmed'")
    assert ("suppressed", "no_longer_true") == (told["state"], told["reason"])
    assert not world.broken()
