"""What an operator sees of a batch in Prefect: one table per batch, events for exceptions only.

Holds order numbers, codes and counts; nothing personal.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.events import emit_event
from prefect.runtime import flow_run
from sqlmodel import Session

from config import wiring
from domain.decisions import in_words
from ledger import audit
from ledger.tables import Order
from ledger.tables.base import table_of
from tasks.runtime import Report, in_ledger

MOST_ROWS = 600  # an artifact is one row of Prefect's database
EXCEPTIONS = frozenset({"held", "postponed", "trouble", "refused", "node_refused", "out_of_stock", "rejected", "auth"})


def run_name() -> str:
    """For the list of runs: what and when."""
    started = flow_run.scheduled_start_time
    return f"{flow_run.flow_name} {started:%Y-%m-%d %H:%M}" if started else str(flow_run.flow_name)


def mark_run() -> None:
    """Let audit rows name the run that made them."""
    audit.flow_run_id.set(str(flow_run.id or ""))
    audit.actor.set(f"flow:{flow_run.flow_name}")


async def show_batch(key: str, reports: Sequence[Report]) -> None:
    """One line per order with where it got to, why, and a link; events for what needs eyes."""
    rows: dict[str, dict[str, Any]] = {}
    for report in reports:
        for line in report.lines:
            if not line.order_id:
                continue
            rows[line.order_id] = {
                "order": line.name or line.order_id,
                "stage": report.stage,
                "outcome": line.outcome,
                "reason": ", ".join(in_words(code) for code in line.reason.split(", ") if code),
            }
            if line.outcome in EXCEPTIONS:
                emit_event(
                    f"aftercart.order.{line.outcome}",
                    resource={
                        "prefect.resource.id": f"aftercart.order.{line.order_id}",
                        "prefect.resource.name": line.name,
                    },
                    payload={"stage": report.stage, "reason": line.reason},
                )
    if not rows:
        return
    links = await in_ledger(order_links, list(rows)[:MOST_ROWS])
    names = await in_ledger(order_numbers, [i for i, row in rows.items() if row["order"] == i])
    table = [
        {**row, "order": names.get(order_id, row["order"]), "link": links.get(order_id, "")}
        for order_id, row in list(rows.items())[:MOST_ROWS]
    ]
    stages = ", ".join(
        f"{report.stage} {sum(report.counts.values())} in {report.seconds:.1f} s" for report in reports if report.lines
    )
    more = f"; {len(rows) - MOST_ROWS} more orders not listed" if len(rows) > MOST_ROWS else ""
    await acreate_table_artifact(table=table, key=key, description=f"{len(rows)} orders: {stages}{more}")


async def show_text(key: str, markdown: str, description: str = "") -> None:
    await acreate_markdown_artifact(markdown=markdown, key=key, description=description)


async def show_table(key: str, rows: Sequence[Mapping[str, Any]], description: str) -> None:
    await acreate_table_artifact(table=[dict(row) for row in rows], key=key, description=description)


def order_links(session: Session, order_ids: Sequence[str]) -> dict[str, str]:
    """The order's page in its shop's admin (option `order_url` of the account)."""
    table = table_of(Order)
    rows = session.execute(
        sa.select(table.c.id, table.c.source, table.c.account, table.c.external_id, table.c.name).where(
            table.c.id.in_(order_ids)
        )
    ).mappings()
    urls = {a.target: str(a.options.get("order_url", "")) for a in wiring.current().accounts.shops}
    return {
        row["id"]: urls.get(f"{row['source']}/{row['account']}", "")
        .replace("{id}", row["external_id"].rpartition("/")[2])
        .replace("{name}", row["name"].lstrip("#"))
        for row in rows
    }


def order_numbers(session: Session, order_ids: Sequence[str]) -> dict[str, str]:
    table = table_of(Order)
    return dict(session.execute(sa.select(table.c.id, table.c.name).where(table.c.id.in_(order_ids))).all())
