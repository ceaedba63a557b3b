"""After a restore: make the ledger safe, and find out which orders were released in the time that it does not know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from prefect import task
from sqlmodel import Session

from config import wiring
from connectors.errors import ConnectorError
from domain.order import ShopFulfilmentOrder
from domain.states import ENDED_ORDER
from ledger import operator, restored
from ledger.gap import Gap
from ledger.heartbeats import vendor_trouble
from ledger.restored import HOLD, Safety
from ledger.rows import group_by, select_by
from ledger.shop_mirrors import HOLD_HANDLE
from ledger.tables import Clock, ShopFulfilment
from ledger.tables.base import table_of
from tasks.effect_kinds import KINDS
from tasks.runtime import Report, in_ledger

Orders = Sequence[Mapping[str, Any]]


def make_safe(session: Session, gap: Gap) -> Safety:
    """Prepare a restored ledger for work; see `ledger.restored`."""
    wired, clock = wiring.current(), table_of(Clock)
    ahead = session.execute(
        sa.select(clock.c.offset_s)
    ).scalar_one()  # of this ledger: it may not be the current one yet
    now = wired.real_now() + timedelta(seconds=ahead)
    certain = [name for name, kind in KINDS.items() if kind.handlers.keyed or kind.handlers.can_look_up]
    cursors = [f"orders:{account.target}" for account in wired.accounts.shops]
    cursors += [f"node_orders:{account.target}" for account in wired.accounts.warehouses]
    return restored.make_safe(session, gap, now=now, certain=certain, accounts=cursors)


async def is_needed() -> bool:
    """Whether an order is held since a restore."""
    return bool(await in_ledger(restored.in_doubt))


@task(name="settle restored orders")
async def settle_restored() -> Report:
    """Orders held since a restore: where the shop still keeps all of one back for us no node was told, and it goes
    on; the others are put to a person once. Safe to repeat."""
    report = Report("restored orders")
    orders = await in_ledger(restored.in_doubt)
    mirrors = await in_ledger(_mirrors, orders)
    for target, some in group_by([{**o, "target": f"{o['source']}/{o['account']}"} for o in orders], "target").items():
        standing = await _standing_holds(target, some, mirrors)
        if standing is None:
            report.add(target, "", "postponed", "shop is away")
            continue
        outcome = await in_ledger(_settle, some, standing, wiring.current().now())
        for order in some:
            report.add(order["name"], order["id"], outcome[order["id"]])
    return report


def _mirrors(session: Session, orders: Orders) -> dict[str, list[Mapping[str, Any]]]:
    return group_by(select_by(session, ShopFulfilment, "order_id", [order["id"] for order in orders]), "order_id")


@dataclass(frozen=True, slots=True)
class Standing:
    """What a shop still keeps back for us: `kept` names the orders of which that is everything that is left, `holds`
    the holds' ids by mirror."""

    kept: set[str] = field(default_factory=set)
    holds: dict[str, str] = field(default_factory=dict)


async def _standing_holds(
    target: str, orders: Orders, mirrors: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Standing | None:
    """None when the shop cannot be asked. A hold stands since before the loss: since then none was set for these
    orders. Under another id than the one we know it is not the hold whose release nobody has seen."""
    wired = wiring.current()
    shop = wired.shops().get(target)
    if shop is None:
        return Standing()
    wanted = [row["external_id"] for order in orders for row in mirrors.get(order["id"], [])]
    try:
        found = {each.external_id: each for each in await shop.fulfilment_orders(wanted)} if wanted else {}
    except ConnectorError as error:
        await in_ledger(vendor_trouble, target, error.code, wired.real_now())
        return None
    standing = Standing()
    for order in orders:
        known = [row for row in mirrors.get(order["id"], []) if row["external_id"] in found]
        theirs = [(row, found[row["external_id"]]) for row in known]
        live = [(row, each) for row, each in theirs if any(line.remaining for line in each.lines)]
        holds = {row["id"]: hold for row, each in live if (hold := _our_hold(row, each))}
        standing.holds.update(holds)
        if live and len(holds) == len(live):
            standing.kept.add(order["id"])
    return standing


def _our_hold(mirror: Mapping[str, Any], theirs: ShopFulfilmentOrder) -> str:
    """The id of our hold that stands on it, or nothing."""
    known = mirror["hold_external_id"]
    ours = [hold.external_id for hold in theirs.holds if hold.ours and hold.handle == HOLD_HANDLE]
    return next((found for found in ours if known in ("", found)), "")


def _settle(session: Session, orders: Orders, standing: Standing, now: datetime) -> dict[str, str]:
    outcome: dict[str, str] = {}
    asked: list[Mapping[str, Any]] = []
    restored.learn_holds(session, standing.holds)
    for order in orders:
        if order["id"] in standing.kept and not order["fence_token"]:
            outcome[order["id"]] = f"in line for {operator.release(session, order, HOLD, now)}"
        elif order["state"] not in ENDED_ORDER:
            outcome[order["id"]] = "asked"
            asked.append(order)
        else:
            outcome[order["id"]] = "ended"
    restored.ask_person(session, asked, now)
    return outcome
