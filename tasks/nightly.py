"""The nightly comparison: money, shipments and stock across the systems; safe differences heal, others are cases."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from prefect import task
from sqlmodel import Session

from config import wiring
from connectors.errors import ConnectorError
from domain.money import to_decimal_text
from ledger import books
from ledger.cases import CaseDraft, open_cases
from ledger.tables import Order, Payment
from ledger.tables.base import table_of
from tasks.runtime import Report, in_ledger, is_retryable

_order, _payment = table_of(Order), table_of(Payment)
WINDOW = timedelta(days=2)
PAGE = 25


@task(name="balance")
async def balance() -> tuple[list[dict[str, Any]], list[str]]:
    """The trial balance per currency and account, and entries that do not balance."""
    rows = await in_ledger(books.trial_balance)
    shown = [{**row, "amount": to_decimal_text(row["minor"], row["currency"])} for row in rows]
    return shown, await in_ledger(books.unbalanced_entries)


@task(
    name="compare money",
    task_run_name="compare money with {target}",
    retries=2,
    retry_delay_seconds=[1, 5],
    retry_condition_fn=is_retryable,
)
async def compare_money(target: str) -> Report:
    """What the shop says was captured and refunded against our payments, for orders of the last two days."""
    wired = wiring.current()
    report = Report(f"money {target}")
    shop, mine = wired.shops()[target], await in_ledger(_recent, target, wired.now() - WINDOW)
    ids = list(mine)
    try:
        for start in range(0, len(ids), PAGE):
            for order in await shop.fetch_orders(ids[start : start + PAGE]):
                good = [t for t in order.transactions if t.status == "success"]
                said = (
                    sum(t.amount_minor for t in good if t.kind in ("sale", "capture")),
                    sum(t.amount_minor for t in good if t.kind == "refund"),
                )
                ours = mine[order.external_id]
                if said != (ours["captured"], ours["refunded"]):
                    report.add(order.name, ours["id"], "differs", "money")
                    await in_ledger(_money_case, ours, said, wired.now())
    except ConnectorError as error:
        report.add(target, "", "postponed", f"{error.operation}: {error.code}")
    report.add(target, "", "compared", str(len(ids)))
    return report


def _recent(session: Session, target: str, since: datetime) -> dict[str, dict[str, Any]]:
    source, _, account = target.partition("/")
    rows = session.execute(
        sa.select(
            _order.c.id,
            _order.c.external_id,
            _order.c.name,
            sa.func.coalesce(sa.func.sum(_payment.c.captured_minor), 0).label("captured"),
            sa.func.coalesce(sa.func.sum(_payment.c.refunded_minor), 0).label("refunded"),
        )
        .join(_payment, _payment.c.order_id == _order.c.id, isouter=True)
        .where(_order.c.source == source, _order.c.account == account, _order.c.captured_at > since)
        .group_by(_order.c.id, _order.c.external_id, _order.c.name)
    ).mappings()
    return {row["external_id"]: dict(row) for row in rows}


def _money_case(session: Session, ours: dict[str, Any], said: tuple[int, int], now: datetime) -> None:
    open_cases(
        session,
        [
            CaseDraft(
                key=f"money:{ours['id']}",
                kind="money_differs",
                severity="high",
                order_id=ours["id"],
                subject_id=ours["id"],
                facts={
                    "ours_captured": ours["captured"],
                    "shop_captured": said[0],
                    "ours_refunded": ours["refunded"],
                    "shop_refunded": said[1],
                },
                choices=["take_shop", "investigate"],
            )
        ],
        now,
    )
