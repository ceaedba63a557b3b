"""Effects of exchanges in the shop: its return promises the goods, then they join the order."""

from collections.abc import Awaitable, Callable, Sequence

from config import wiring
from connectors.errors import ConnectorError, VendorRejected
from connectors.outcomes import Outcome, Sent
from connectors.shops.returning import (
    ReturnDraft,
    ReturningShop,
    ShopReturn,
    ShopReturnState,
    WantedExchange,
    WantedReturnLine,
)
from domain.returns.words import ReturnReason
from ledger.effects import EffectRow, Handlers, Verdict
from ledger.returning import replacing
from ledger.shop_stock import external_order_ids
from tasks.effects import EffectKind, attempt
from tasks.runtime import each, read_ledger

OPEN = Handlers(replacing.opened, replacing.refused, replacing.guard_calls, can_look_up=True)
PROCESS = Handlers(replacing.answered, replacing.refused, replacing.guard_calls, can_look_up=True)
_LIVING = (ShopReturnState.OPEN, ShopReturnState.CLOSED)


async def _each(rows: Sequence[EffectRow], call: Callable[[EffectRow], Awaitable[Verdict]]) -> list[Verdict]:
    return await each(call, rows, at_once=wiring.current().settings.vendor_concurrency)


def _shop(row: EffectRow) -> ReturningShop:
    return wiring.current().returning_shops()[row["target"]]


async def _order_id(row: EffectRow) -> str:
    return (await read_ledger(external_order_ids, [row["order_id"]]))[row["order_id"]]


async def send_openings(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Open the request's return in the shop with what it promises, or find the one that promises it."""
    return await _each(rows, lambda row: attempt(_open(row), OPEN))


async def _open(row: EffectRow) -> Outcome:
    shop, order, reference = _shop(row), await _order_id(row), row["request"]["reference"]
    known = await shop.find_return(order, reference)
    if known is not None and known.state in _LIVING:
        if known.exchanges:
            return Sent(known.external_id)
        # it promises nothing, and a shop's return cannot learn to: one that nothing was done with makes room
        gone = await shop.cancel_return(known.external_id)
        if isinstance(gone, ConnectorError):
            return gone
    return await shop.create_return(await _draft(row, shop, order))


async def _draft(row: EffectRow, shop: ReturningShop, order: str) -> ReturnDraft:
    """The units by the parcels that they went out in. Raises: VendorRejected when the shop has not so many."""
    wanted, entries = row["request"], await shop.returnable(order)
    left = [each.quantity for each in entries]
    lines: list[WantedReturnLine] = []
    for line in wanted["lines"]:
        missing = line["quantity"]
        reason = ReturnReason(line["reason"]) if line["reason"] else None
        for at, entry in enumerate(entries):
            units = min(missing, left[at]) if entry.line == line["line"] else 0
            if units:
                left[at] -= units
                missing -= units
                lines.append(WantedReturnLine(entry.fulfilled_line, units, reason))
        if missing:
            raise VendorRejected(row["target"], row["kind"], f"{missing} units cannot be returned", "bad_quantity")
    return ReturnDraft(
        order=order,
        reference=wanted["reference"],
        lines=tuple(lines),
        fee_minor=wanted["fee_minor"],
        currency=wanted["currency"],
        exchanges=tuple(WantedExchange(**exchange) for exchange in wanted["exchanges"]),
    )


async def find_openings(rows: Sequence[EffectRow]) -> list[Verdict]:
    async def find(row: EffectRow) -> Verdict:
        try:
            known = await _shop(row).find_return(await _order_id(row), row["request"]["reference"])
        except ConnectorError as error:
            return Verdict("retry", code=error.code, detail=error.detail)
        if known is None or known.state not in _LIVING or not known.exchanges:
            return Verdict("absent", code="looked_up")
        return Verdict("done", external_id=known.external_id)

    return await _each(rows, find)


async def send_processings(rows: Sequence[EffectRow]) -> list[Verdict]:
    """The exchanges of a return become lines of its order."""
    return await _each(rows, lambda row: attempt(_shop(row).process_exchanges(row["request"]["return"]), PROCESS))


async def find_processings(rows: Sequence[EffectRow]) -> list[Verdict]:
    async def find(row: EffectRow) -> Verdict:
        try:
            known = await _shop(row).fetch_return(row["request"]["return"])
        except ConnectorError as error:
            return Verdict("retry", code=error.code, detail=error.detail)
        done = known is not None and _all_processed(known)
        return Verdict("done", external_id=row["request"]["return"]) if done else Verdict("absent", code="looked_up")

    return await _each(rows, find)


def _all_processed(known: ShopReturn) -> bool:
    return bool(known.exchanges) and all(each.processed >= each.quantity for each in known.exchanges)


KINDS = {
    replacing.OPEN: EffectKind(OPEN, send_openings, find_openings),
    replacing.PROCESS: EffectKind(PROCESS, send_processings, find_processings),
}
