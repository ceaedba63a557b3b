"""The same worker with the protocol switched off: what an ordinary job queue does.

An expired lease is simply sent again; nobody looks at the vendor before repeating, neither the sender of effects nor
the connectors where a vendor refuses a second time; a result is recorded whoever holds the row by then.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from apps import worker
from config import wiring
from connectors.carriers.easypost import EasyPost
from connectors.outcomes import Outcome, Sent
from connectors.shops import shopify_holds
from connectors.warehouses.shipbob import ShipBob
from domain.states import EffectState
from ledger import effects as machine
from ledger import settling
from ledger.rows import select_by
from ledger.tables import Effect, FulfilmentOrder
from ledger.tables.base import table_of
from tasks.effect_kinds import KINDS
from tasks.effects import EffectKind, attempt
from tasks.runtime import each, in_ledger
from tasks.sending import node

_effect = table_of(Effect)


def resend_expired(session: Session, *, now: datetime, real_now: datetime) -> int:
    """Whoever let a lease run out cannot have done it."""
    expired = sa.and_(_effect.c.state == EffectState.SENDING, _effect.c.lease_until < real_now)
    again = sa.update(_effect).where(expired).values(state=EffectState.PLANNED, due_at=now, lease_until=None)
    return int(getattr(session.execute(again), "rowcount", 0))


def settle_anything(session: Session, results: Sequence[Any], handlers: Any, *, now: datetime) -> Any:
    """The last writer wins."""
    held = {row["id"]: row for row in select_by(session, Effect, "id", [row["id"] for row, _ in results])}
    newest = [({**row, "lease_token": held[row["id"]]["lease_token"]}, verdict) for row, verdict in results]
    return _settle(session, newest, handlers, now=now)


async def nothing_stands(*_: Any) -> dict[str, Any]:
    """In place of asking the shop which holds stand."""
    return {}


async def release_without_looking(_client: Any, _look_up: Any, wanted: Sequence[Any]) -> list[Outcome]:
    outcomes: list[Outcome] = [Sent() for _ in wanted]
    await shopify_holds._release(_client, wanted, outcomes, {i: w.hold_ids for i, w in enumerate(wanted)})
    return outcomes


async def not_found(*_: Any) -> None:
    """In place of a look-up."""


async def void_without_looking(self: EasyPost, quote: str) -> None:
    path = f"/v2/shipments/{quote}/refund"
    await self._http.call("void", "POST", path, json={}, write=True, safe_to_repeat=True)


async def cancel_without_looking(rows: Sequence[machine.EffectRow]) -> list[machine.Verdict]:
    def ids(session: Session) -> dict[str, str]:
        found = select_by(session, FulfilmentOrder, "id", [row["subject_id"] for row in rows])
        return {row["id"]: row["node_external_id"] for row in found}

    async def cancel(row: machine.EffectRow) -> Outcome:
        if row["target"] not in wiring.current().warehouses():
            return await node._recall(row)
        await wiring.current().warehouses()[row["target"]].cancel_order(known[row["subject_id"]])
        return Sent()

    known = await in_ledger(ids)
    return await each(lambda row: attempt(cancel(row), node.CANCEL), rows, at_once=4)


_settle = settling.settle


def switch_off() -> None:
    """Take the protocol out of this process."""
    registry: Any = KINDS
    for name, kind in KINDS.items():
        registry[name] = EffectKind(replace(kind.handlers, can_look_up=False), kind.send, None, kind.batch)
    registry["node.cancel"] = replace(registry["node.cancel"], send=cancel_without_looking)
    patches: list[tuple[Any, str, Any]] = [
        (machine, "expire_leases", resend_expired),
        (settling, "settle", settle_anything),
        (shopify_holds, "_standing", nothing_stands),
        (shopify_holds, "release", release_without_looking),
        (ShipBob, "find_order", not_found),
        (EasyPost, "_shipment", not_found),
        (EasyPost, "void", void_without_looking),
    ]
    for owner, name, replacement in patches:
        setattr(owner, name, replacement)


def main(arguments: Sequence[str] | None = None) -> int:
    switch_off()
    return worker.main(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
