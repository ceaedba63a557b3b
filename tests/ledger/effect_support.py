"""One effect and the moves of those who touch it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from config.wiring import Wiring
from ledger import effects, settling
from ledger.claims import LEASE
from ledger.effects import EffectDraft, EffectRow, Handlers, Verdict
from ledger.tables import AuditEvent, Effect, ReviewCase
from tests.ledger.support import NOW, real_later, row_of, rows_of

DRAFT = EffectDraft(kind="label.buy", key="label:1", target="easypost/main", order_id="ord_1", subject_id="shp_1")
DEAD = LEASE.total_seconds() + 1


def follow(_: Session, pairs: Sequence[tuple[EffectRow, Verdict]], __: datetime) -> list[EffectDraft]:
    return [EffectDraft(kind="after", key=f"after:{row['key']}", target=row["target"]) for row, _ in pairs]


def nothing(*_: object) -> list[EffectDraft]:
    return []


HANDLERS = {"label.buy": Handlers(on_done=follow), "after": Handlers(on_done=nothing)}


def settle(wiring: Wiring, row: EffectRow, verdict: str, handlers: Any = HANDLERS, **more: Any) -> list[EffectDraft]:
    return wiring.ledger(settling.settle, [(row, Verdict(verdict, **more))], handlers, now=NOW)


def claim(
    wiring: Wiring, *, now: datetime = NOW, handlers: Mapping[str, Handlers] = HANDLERS, seconds: float = 0
) -> list[EffectRow]:
    return wiring.ledger(
        effects.claim_planned, ["label.buy"], handlers, limit=10, now=now, real_now=real_later(seconds)
    )


def look_up(wiring: Wiring, *, seconds: float = 0, now: datetime = NOW) -> EffectRow:
    [row] = wiring.ledger(effects.claim_unknown, ["label.buy"], limit=10, now=now, real_now=real_later(seconds)).rows
    return row


def state_of(wiring: Wiring) -> str:
    return str(row_of(wiring, Effect, kind="label.buy")["state"])


def moves(wiring: Wiring) -> list[tuple[str, str]]:
    return [(row["from_state"], row["to_state"]) for row in rows_of(wiring, AuditEvent, aggregate="effect")]


def open_case_kinds(wiring: Wiring) -> list[str]:
    return [row["kind"] for row in rows_of(wiring, ReviewCase)]
