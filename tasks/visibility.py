"""What an operator sees of a batch in Prefect: one table per batch, events for exceptions only.

Holds order numbers, codes and counts; nothing personal.
"""

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from time import monotonic
from typing import Any

import httpx
import sqlalchemy as sa
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.events import emit_event
from prefect.runtime import flow_run
from sqlmodel import Session

from config import wiring
from config.vendor_pages import order_in_shop
from domain.decisions import in_words
from ledger import audit, schema
from ledger.tables import Order
from ledger.tables.base import table_of
from tasks.runtime import Line, Report, in_ledger

MOST_ROWS = 600  # an artifact is one row of Prefect's database
EXCEPTIONS = frozenset({"held", "postponed", "trouble", "refused", "node_refused", "out_of_stock", "rejected", "auth"})
SHOW_WITHIN_S = 15.0
QUIET_S = 60.0  # that a Prefect which did not answer is left alone
NOTHING = frozenset({"nothing_new", "stale", "ignored"})
NOWHERE = {"order": "", "shop": "", "link": ""}
logger = logging.getLogger(__name__)
_quiet_until = 0.0


def run_name() -> str:
    """For the list of runs: what and when."""
    started = flow_run.scheduled_start_time
    return f"{flow_run.flow_name} {started:%Y-%m-%d %H:%M}" if started else str(flow_run.flow_name)


def mark_run() -> None:
    """Let audit rows name the run that made them. Raises: SchemaError when the ledger is not of this version."""
    schema.check(wiring.current().engine)
    audit.flow_run_id.set(str(flow_run.id or ""))
    audit.actor.set(f"flow:{flow_run.flow_name}")


async def show_batch(key: str, reports: Sequence[Report]) -> None:
    """One line per order with where it got to, why, and a link; events for what needs eyes."""
    rows = _newest(reports)
    if rows and monotonic() >= _quiet_until:  # else: echoes of what we did ourselves, and nothing new to post
        await _if_prefect_answers(_show_table(key, reports, rows))


async def _if_prefect_answers(showing: Awaitable[None]) -> None:
    """Prefect shows what was done, nothing depends on it: away or slow, it must not keep the next orders waiting."""
    global _quiet_until
    try:
        async with asyncio.timeout(SHOW_WITHIN_S):
            await showing
    except (httpx.HTTPError, TimeoutError, OSError, RuntimeError, sa.exc.OperationalError) as error:
        _quiet_until = monotonic() + QUIET_S
        logger.warning("a batch is not shown in Prefect: %s", type(error).__name__)


def _newest(reports: Sequence[Report]) -> dict[str, tuple[str, Line]]:
    """By order what matters most of it; exceptions become events on the way."""
    rows: dict[str, tuple[str, Line]] = {}
    for report in reports:
        for line in report.lines:
            if not line.order_id:
                continue
            if line.order_id not in rows or _weight(line) >= _weight(rows[line.order_id][1]):
                rows[line.order_id] = (report.stage, line)
            if line.outcome in EXCEPTIONS:
                emit_event(
                    f"aftercart.order.{line.outcome}",
                    resource={
                        "prefect.resource.id": f"aftercart.order.{line.order_id}",
                        "prefect.resource.name": line.name,
                    },
                    payload={"stage": report.stage, "reason": line.reason},
                )
    return {order_id: found for order_id, found in rows.items() if _weight(found[1])}


async def _show_table(key: str, reports: Sequence[Report], rows: Mapping[str, tuple[str, Line]]) -> None:
    shown = list(rows)[:MOST_ROWS]
    known = await in_ledger(order_places, shown)
    table = []
    for order_id in shown:
        where = dict(known.get(order_id, NOWHERE))
        link = where.pop("link")
        table.append({**where, **_row(*rows[order_id]), "link": link})
    stages = ", ".join(
        f"{report.stage} {sum(report.counts.values())} in {report.seconds:.1f} s" for report in reports if report.lines
    )
    more = f"; {len(rows) - MOST_ROWS} more orders not listed" if len(rows) > MOST_ROWS else ""
    await acreate_table_artifact(table=table, key=key, description=f"{len(rows)} orders: {stages}{more}")


def _weight(line: Line) -> int:
    """What an order's one line tells: trouble before progress, progress before nothing."""
    return 2 if line.outcome in EXCEPTIONS else int(line.outcome not in NOTHING)


def _row(stage: str, line: Line) -> dict[str, str]:
    reason = ", ".join(_words(code) for code in line.reason.split(", ") if code)
    return {"stage": stage, "outcome": line.outcome.replace("_", " "), "reason": reason}


def _words(code: str) -> str:
    """A code, or a vendor's: "{vendor}: retryable"."""
    vendor, colon, rest = code.rpartition(": ")
    return f"{vendor}{colon}{in_words(rest)}"


async def show_text(key: str, markdown: str, description: str = "") -> None:
    await acreate_markdown_artifact(markdown=markdown, key=key, description=description)


async def show_table(key: str, rows: Sequence[Mapping[str, Any]], description: str) -> None:
    await acreate_table_artifact(table=[dict(row) for row in rows], key=key, description=description)


def order_places(session: Session, order_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Number, shop and the order's page in its shop's admin as table cells."""
    table = table_of(Order)
    rows = session.execute(
        sa.select(table.c.id, table.c.source, table.c.account, table.c.external_id, table.c.name).where(
            table.c.id.in_(order_ids)
        )
    ).mappings()
    accounts = wiring.current().accounts
    found = {}
    for row in rows:
        url = order_in_shop(accounts, dict(row))
        link = f"[open]({url})" if url else ""
        found[row["id"]] = {"order": row["name"], "shop": row["account"], "link": link}
    return found
