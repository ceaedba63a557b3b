"""Whoever had an order's mail hears of it when an edit takes it elsewhere: it may have been somebody else's doing."""

from typing import Any

import pytest

from tests.support.edits import MOVED, edit, order_ids
from tests.support.world import World, checkout
from tests.tasks.steps import later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OLD, NEW = "ada@example.com", "ada.new@other.example"


def letters(world: World, mailbox: str) -> list[dict[str, Any]]:
    """What came to a mailbox, but for the order's confirmation; oldest first."""
    return [mail for mail in world.mails(to=mailbox)[::-1] if "confirmed" not in mail["subject"].lower()]


async def bought(world: World) -> str:
    world.buy(checkout(lines=[{"sku": "MUG-ENA-WHT", "quantity": 1}], email=OLD))
    await world.settle()
    [order_id] = order_ids(world)
    return order_id


@pytest.mark.row("EDT-1")
@pytest.mark.parametrize("origin", ["portal", "agent"])
async def test_both_mailboxes_hear_of_the_change_once(world: World, origin: str) -> None:
    actions = [{"kind": "contact", "contact_version": "$proposed"}]

    request = await edit(world, await bought(world), actions, contact={"email": NEW}, origin=origin)
    await world.settle()
    await later(world, 1)

    assert request["state"] == "applied", request["reasons"]
    [old], [new] = letters(world, OLD), letters(world, NEW)
    assert "another e-mail address" in old["subject"]
    whole = world.sandbox.get(f"/mail/api/messages/{old['id']}")
    assert NEW not in str(whole)
    assert "a••••@other.example" in whole["text"]
    assert "/portal/" not in str(whole), "its links have ended"
    assert world.wiring.brand.support_email in whole["text"]
    assert "is changed" in new["subject"]


@pytest.mark.row("EDT-1", bad_input=True)
@pytest.mark.parametrize("contact", [{"email": OLD.upper()}, {"phone": "+16175550199"}, MOVED])
async def test_the_same_mailbox_is_told_only_that_the_order_is_changed(world: World, contact: dict[str, str]) -> None:
    kind = "address" if contact is MOVED else "contact"

    request = await edit(world, await bought(world), [{"kind": kind, "contact_version": "$proposed"}], contact=contact)
    await world.settle()

    assert request["state"] in ("applied", "refused"), request["reasons"]
    assert not [mail for mail in letters(world, OLD) if "another e-mail" in mail["subject"]]
