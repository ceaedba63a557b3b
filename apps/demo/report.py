"""What the demo writes to build/demo.json, and what its summary shows: plain values, nothing personal."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from apps.demo.asking import Asking
from apps.demo.endings import MISSING, UNEXPLAINED, Ending
from apps.demo.returning import Taking
from apps.demo.sides import Check
from apps.prefect_api import PrefectApi
from domain.money import Money
from ledger import books
from ledger.tables import Decision, FulfilmentOrder, JournalEntry, Message, Order, ReviewCase
from ledger.tables.base import table_of

_order, _decision, _fo = table_of(Order), table_of(Decision), table_of(FulfilmentOrder)
_message, _entry, _case = table_of(Message), table_of(JournalEntry), table_of(ReviewCase)
STAGES = {
    "capture": "orders taken over",
    "validate": "orders judged",
    "route": "orders promised to nodes",
    "fulfil": "requests taken by nodes",
    "communicate": "mails sent",
    "reconcile": "entries in the books",
}


@dataclass
class Result:
    """Everything that the demo found out. `seconds` by act title; `stages` by name."""

    orders_made: int = 0
    orders_accounted_for: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    stages: dict[str, dict[str, float]] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    orders: list[dict[str, Any]] = field(default_factory=list)
    held: list[dict[str, Any]] = field(default_factory=list)
    edits: list[dict[str, Any]] = field(default_factory=list)
    returns: list[dict[str, Any]] = field(default_factory=list)
    messages: dict[str, int] = field(default_factory=dict)
    cases: dict[str, int] = field(default_factory=dict)
    trial_balance: list[dict[str, Any]] = field(default_factory=list)
    broken_invariants: dict[str, list[str]] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    addresses: dict[str, str] = field(default_factory=dict)
    error: str = ""
    ok: bool = False

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def add_endings(self, ends: Sequence[Ending]) -> None:
        self.orders_made = len(ends)
        self.orders_accounted_for = sum(end.end not in (MISSING, UNEXPLAINED) for end in ends)
        self.ends = dict(Counter(end.end for end in ends).most_common())
        self.orders = [
            {"shop": e.shop, "name": e.name, "story": e.story, "end": e.end, "detail": e.detail, "cases": list(e.cases)}
            for e in ends
        ]
        self.held = [
            {"shop": e.shop, "name": e.name, "reason": e.detail, "story": e.story} for e in ends if e.end == "held"
        ]

    def add_edits(self, asked: Sequence[Asking]) -> None:
        self.edits = [
            {
                "id": asking.row.get("id", ""),
                "name": asking.purchase.name,
                "story": asking.purchase.story.removeprefix("edit: "),
                "end": asking.row.get("state", "missing"),
                "code": asking.code,
                "paid_minor": asking.row.get("paid_minor", 0),
            }
            for asking in asked
        ]

    def add_returns(self, taken: Sequence[Taking]) -> None:
        self.returns = [
            {
                "id": taking.back.request_id,
                "name": taking.purchase.name,
                "story": taking.back.name,
                "end": taking.row.get("state", "missing"),
                "refunded": Money(taking.given_minor, taking.purchase.body["currency"]).display("en"),
                "reminders": taking.row.get("reminders", 0),
            }
            for taking in taken
        ]

    def add_checks(self, checks: Sequence[Check]) -> None:
        self.checks = [asdict(check) for check in checks]
        self.ok = bool(checks) and all(check.ok for check in checks)


def add_counts(session: Session, result: Result) -> None:
    """Per stage, per kind of message and case, and the books."""

    def count(column: Any, *where: Any) -> int:
        return int(session.execute(sa.select(sa.func.count(sa.distinct(column))).where(*where)).scalar_one())

    counts = {
        "capture": count(_order.c.id),
        "validate": count(_decision.c.order_id, _decision.c.workflow == "validate"),
        "route": count(_decision.c.order_id, _decision.c.workflow == "route"),
        "fulfil": count(_fo.c.id, _fo.c.accepted_at.is_not(None)),
        "communicate": count(_message.c.id, _message.c.state == "sent"),
        "reconcile": count(_entry.c.id),
    }
    result.stages = {name: {"count": counts[name]} for name in STAGES}
    result.messages = _by(session, _message.c.kind, _message.c.state == "sent")
    result.cases = _by(session, _case.c.kind, _case.c.state != "resolved")
    result.trial_balance = [dict(row) for row in books.trial_balance(session)]


async def add_times(prefect: PrefectApi, result: Result) -> None:
    """Seconds per stage as Prefect measured its task runs."""
    for run in await prefect.task_runs("process-orders"):
        stage = result.stages.get(_stage_of(run))
        if stage is not None:
            stage["runs"] = stage.get("runs", 0) + 1
            stage["seconds"] = round(stage.get("seconds", 0.0) + float(run.get("total_run_time") or 0), 3)


def _stage_of(run: Mapping[str, Any]) -> str:
    return str(run["name"]).rpartition("-")[0] or str(run["name"])


def _by(session: Session, column: Any, *where: Any) -> dict[str, int]:
    rows = session.execute(sa.select(column, sa.func.count()).where(*where).group_by(column).order_by(column))
    return {str(name): int(number) for name, number in rows}
