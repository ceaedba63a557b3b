"""What shops show of our stock, compared with the pool and corrected by compare-and-set (REC-2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from domain.catalogue import ShopStock
from domain.ids import digest
from domain.states import OrderState
from ledger.cases import CaseDraft, open_cases
from ledger.effects import EffectDraft, EffectRow, Verdict
from ledger.rows import mappings, select_by
from ledger.stock import free_units
from ledger.tables import Effect, InventoryLevel, Order, OrderLine, ShopFulfilment
from ledger.tables.base import table_of

_order, _line, _level, _effect = table_of(Order), table_of(OrderLine), table_of(InventoryLevel), table_of(Effect)
_NOT_RESERVED = (OrderState.RECEIVED, OrderState.VALIDATING, OrderState.HELD, OrderState.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Difference:
    """A shop shows something else than the pool has. `written` is false while one of its orders is captured but
    not reserved: writing then would sell the same unit twice."""

    sku: str
    location: str
    shown: int
    available: int
    written: bool


def compare(
    session: Session,
    target: str,
    shown: Sequence[ShopStock],
    node_of: Mapping[str, str],
    *,
    read_at: datetime,
    now: datetime,
) -> tuple[list[Difference], list[EffectDraft]]:
    """Compare one shop's page of stock (asked at `read_at`) with ours; `node_of`: shop location id -> node.

    Levels that changed after the shop was asked are left for the next time.
    """
    source, _, account = target.partition("/")
    ours = [s for s in shown if s.location_external_id in node_of and s.sku]
    levels = {
        (row["location_id"], row["sku"]): row
        for row in mappings(session, sa.select(_level).where(_level.c.sku.in_({s.sku for s in ours})))
    }
    free = free_units(levels)
    busy = _busy_skus(session, source, account)
    pending = {
        row["subject_id"]
        for row in session.execute(
            sa.select(_effect.c.subject_id).where(
                _effect.c.kind == "shop.set_available",
                _effect.c.target == target,
                _effect.c.state.in_(("planned", "sending", "unknown")),
            )
        ).mappings()
    }
    differences: list[Difference] = []
    drafts: list[EffectDraft] = []
    for stock in ours:
        key = (node_of[stock.location_external_id], stock.sku)
        level = levels.get(key)
        if level is None or free[key] == stock.available:
            continue
        subject = f"{stock.inventory_external_id}@{stock.location_external_id}"
        moved = level["promised_at"] is not None and level["promised_at"] > read_at
        write = stock.sku not in busy and not moved and subject not in pending
        differences.append(Difference(stock.sku, key[0], stock.available, free[key], write))
        if write:
            request = {
                "item": stock.inventory_external_id,
                "location": stock.location_external_id,
                "sku": stock.sku,
                "expected": stock.available,
                "available": free[key],
            }
            drafts.append(
                EffectDraft(
                    kind="shop.set_available",
                    target=target,
                    subject_id=subject,
                    request=request,
                    # the reading's time is part of the key: the same correction may be right again tomorrow
                    key=f"stock:{target}:{digest([request, read_at.isoformat()])}",
                )
            )
    return differences, drafts


def _busy_skus(session: Session, source: str, account: str) -> set[str]:
    """SKUs of this shop's orders that are captured and not yet reserved."""
    statement = (
        sa.select(_line.c.sku)
        .join(_order, _order.c.id == _line.c.order_id)
        .where(
            _order.c.source == source,
            _order.c.account == account,
            _order.c.state.in_(_NOT_RESERVED),
            _line.c.reserved < _line.c.ordered - _line.c.cancelled,
        )
        .distinct()
    )
    return set(session.execute(statement).scalars())


def write_refused(session: Session, pairs: Sequence[tuple[EffectRow, Verdict]], now: datetime) -> list[EffectDraft]:
    """A stale expectation is the normal case of compare-and-set: the next sweep reads and compares again."""
    open_cases(
        session,
        [
            CaseDraft(
                key=f"stock_write:{effect['target']}:{effect['subject_id']}",
                kind="stock_write_refused",
                severity="low",
                subject_id=effect["subject_id"],
                owner="merchandising",
                facts={"sku": effect["request"]["sku"], "code": verdict.code, "detail": verdict.detail},
                choices=["retry", "ignore"],
            )
            for effect, verdict in pairs
            if verdict.code != "stale"
        ],
        now,
    )
    return []


def hold_ids(session: Session, mirror_ids: Sequence[str]) -> dict[str, str]:
    """The shop's id of our hold, by mirror row."""
    return {row["id"]: row["hold_external_id"] for row in select_by(session, ShopFulfilment, "id", mirror_ids)}


def external_order_ids(session: Session, order_ids: Sequence[str]) -> dict[str, str]:
    """The source's id of our orders."""
    return {row["id"]: row["external_id"] for row in select_by(session, Order, "id", set(order_ids))}


def has_levels(session: Session, location_id: str) -> bool:
    """Whether the node's stock is in our books already."""
    return (
        session.execute(sa.select(_level.c.sku).where(_level.c.location_id == location_id).limit(1)).first() is not None
    )
