"""The database is lost in the middle of a day and comes back from a backup: nothing twice, nothing lost."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from domain.states import CaseState
from ledger.cases import move_case
from tests.crash.doubles import doubled, free_to_repeat
from tests.support.loss import back_up, cases, catch_up, come_back, lose, releases
from tests.support.world import World, checkout

OWN, THREEPL = "MUG-ENA-WHT", "GAS-230"


def order(customer: str, sku: str) -> dict[str, Any]:
    return checkout(lines=[{"sku": sku, "quantity": 1}], customer={"email": f"{customer}@example.com"})


@pytest.mark.row("TRU-1")
async def test_nothing_is_done_twice_and_nothing_is_lost(world: World, tmp_path: Path) -> None:
    wired = world.wiring
    world.buy(order("a", OWN), order("b", THREEPL))
    await world.settle()
    await world.advance(2)
    world.buy(order("c", OWN), order("d", THREEPL))
    await world.settle()
    file = back_up(world, tmp_path)
    # the gap: two orders are released, a third is captured, mails go out
    await world.advance(2)
    world.buy(order("e", OWN))
    await world.settle()
    lost = await lose(world)
    world.buy(order("f", THREEPL))
    assert releases(world) == 4

    safety = await come_back(world, file, lost)
    await catch_up(world)

    # The 3PL can be asked about its order. Of the own warehouse's only a person knows, and finds the label there.
    assert safety.held == 1
    [case] = cases(world, "restored_in_doubt")
    assert "#1003" in str(case["facts"])
    wired.ledger(move_case, case["id"], CaseState.RESOLVED, cause="at_node", now=wired.now())
    for hours in (1, 2, 2):
        await world.advance(hours)

    assert releases(world) == 6
    accepted = {vendor: world.sandbox.accepted(vendor) for vendor in ("shopify", "shipbob", "easypost")}
    assert [] == doubled(accepted, free_to_repeat())
    told = Counter((mail["subject"], tuple(mail["to"])) for mail in world.mails())
    assert not [what for what, n in told.items() if n > 1]
    confirmed = {order["name"] for order in world.orders() if any(order["name"] in subject for subject, _ in told)}
    assert confirmed == {order["name"] for order in world.orders()}
    assert {row["name"] for row in world.rows("SELECT name FROM orders")} == {o["name"] for o in world.orders()}
    assert cases(world, "restored")
    parked = cases(world, "effect_parked")
    assert parked, "the mails of the time that is unknown"
    assert all("restored" in str(case["facts"]) for case in parked)
    assert not world.broken()
