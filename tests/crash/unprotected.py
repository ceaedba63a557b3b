"""The same worker with the protocol switched off: what an ordinary job does.

It calls the vendor in the middle of the transaction that wants the call, and records the outcome in the same one. Work
whose lease ran out is simply done again, and effects sent again, each time under a new key; nobody looks at the vendor
before repeating, neither the sender nor the connectors where a vendor refuses a second time; a result is recorded
whoever holds the row by then.
"""

import asyncio
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlmodel import Session

from apps import worker
from config import wiring
from config.wiring import Wiring
from connectors.carriers.easypost import EasyPost
from connectors.outcomes import Outcome, Sent, returned
from connectors.shops import shopify_holds
from connectors.shops import shopify_return_documents as documents
from connectors.shops import shopify_return_parse as parse
from connectors.shops.shopify_replacements import ShopifyReplacements
from connectors.shops.shopify_returns import ShopifyReturns
from connectors.warehouses.shipbob import ShipBob
from domain.states import EffectState
from ledger import effects as machine
from ledger import failpoints, settling
from ledger.rows import select_by
from ledger.tables import Effect, FulfilmentOrder
from ledger.tables.base import table_of
from tasks import effects
from tasks.effect_kinds import KINDS
from tasks.effects import EffectKind, Send, attempt
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


@returned
async def process_without_looking(self: ShopifyReturns, external_id: str) -> Outcome:
    lines = (await self._present(documents.PROCESS.field, external_id)).exchanges
    wanted = [(each.external_id, each.quantity) for each in lines]
    await self._write(documents.PROCESS, parse.exchange_variables(external_id, wanted))
    return Sent(external_id)


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


class _Inside(threading.local):
    """The transaction in whose middle this thread is calling, and what belongs to that call's event loop; `planning`
    while it writes down what it calls for next."""

    session: Session | None = None
    planning = False
    things: dict[str, Any]


_inside = _Inside()
_settle, _plan, _plan_and_claim, _reached = settling.settle, machine.plan, machine.plan_and_claim, failpoints.reached
_in_ledger, _per_loop = Wiring.in_ledger, Wiring._per_loop


def call_within(session: Session, drafts: Sequence[Any], *, now: datetime, real_now: datetime) -> list[Any]:
    """Call at once and record what came of it; nothing of it is committed before the transaction is."""
    _inside.planning = True
    try:
        rows = _plan_and_claim(session, drafts, now=now, real_now=real_now)
    finally:
        _inside.planning = False
    if rows and _inside.session is None:
        _inside.session, _inside.things = session, {}
        try:
            asyncio.run(_send_and_close(rows))
        finally:
            _inside.session = None
        _reached(failpoints.BEFORE_INTENT, [row["kind"] for row in rows])
        return []
    return rows


def call_instead_of_planning(session: Session, drafts: Sequence[Any], now: datetime) -> None:
    """Mails and what is not due yet have to be planned by anybody."""
    at_once = [] if _inside.session or _inside.planning else [each for each in drafts if _is_due(each, now)]
    _plan(session, [each for each in drafts if each not in at_once], now)
    if at_once:
        call_within(session, at_once, now=now, real_now=wiring.current().real_now())


def _is_due(draft: Any, now: datetime) -> bool:
    return draft.kind != "mail.send" and (draft.due_at is None or draft.due_at <= now)


def under_a_new_key(send: Send) -> Send:
    async def call(rows: Sequence[machine.EffectRow]) -> list[machine.Verdict]:
        return await send([{**row, "key": f"{row['key']}#{uuid4().hex}"} for row in rows])

    return call


async def _send_and_close(rows: Sequence[machine.EffectRow]) -> None:
    finished = await effects.send(rows, KINDS)
    _reached(failpoints.BEFORE_INTENT, [row["kind"] for row, _ in finished])
    if "client" in _inside.things:
        await _inside.things["client"].aclose()


def reached(point: str, kinds: Any) -> None:
    """The last moment before the intent is committed is after the call, where the same transaction makes it."""
    if not _inside.planning:
        _reached(point, kinds)


async def in_the_open_transaction(self: Wiring, function: Any, *args: Any, **kwargs: Any) -> Any:
    if _inside.session is not None:
        return function(_inside.session, *args, **kwargs)
    return await _in_ledger(self, function, *args, **kwargs)


def of_the_inner_loop(self: Wiring, name: str, build: Any) -> Any:
    if _inside.session is None:
        return _per_loop(self, name, build)
    if name not in _inside.things:
        _inside.things[name] = build()
    return _inside.things[name]


def switch_off() -> None:
    """Take the protocol out of this process."""
    registry: Any = KINDS
    for name, kind in KINDS.items():
        handlers = replace(kind.handlers, can_look_up=False)
        registry[name] = EffectKind(handlers, under_a_new_key(kind.send), None, kind.batch)
    registry["node.cancel"] = replace(registry["node.cancel"], send=cancel_without_looking)
    patches: list[tuple[Any, str, Any]] = [
        *_importers("plan", machine.plan, call_instead_of_planning),
        *_importers("plan_and_claim", machine.plan_and_claim, call_within),
        (Wiring, "in_ledger", in_the_open_transaction),
        (Wiring, "_per_loop", of_the_inner_loop),
        (failpoints, "reached", reached),
        (machine, "expire_leases", resend_expired),
        (settling, "settle", settle_anything),
        (shopify_holds, "_standing", nothing_stands),
        (shopify_holds, "release", release_without_looking),
        (ShipBob, "find_order", not_found),
        (EasyPost, "_shipment", not_found),
        (EasyPost, "void", void_without_looking),
        (ShopifyReturns, "find_return", not_found),
        (ShopifyReplacements, "find_replacement", not_found),
        (ShopifyReturns, "process_exchanges", process_without_looking),
    ]
    for owner, name, replacement in patches:
        setattr(owner, name, replacement)


def _importers(name: str, function: Any, replacement: Any) -> list[tuple[Any, str, Any]]:
    """Of all modules that call it by this name."""
    callers = [module for module in sys.modules.values() if getattr(module, name, None) is function]
    return [(module, name, replacement) for module in callers]


def main(arguments: Sequence[str] | None = None) -> int:
    switch_off()
    return worker.main(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
