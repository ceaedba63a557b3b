"""Effects at shops that keep returns of their own: opened, answered, processed, closed, cancelled.

Money is no part of these: see `tasks.sending.refunds`.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from config import wiring
from connectors.errors import ConnectorError, VendorRejected, Withdrawn
from connectors.outcomes import Outcome, Sent
from connectors.shops.returning import (
    DeclineReason,
    Disposal,
    Placed,
    ReturnDraft,
    ReturningShop,
    ShopReturn,
    ShopReturnState,
    WantedReturnLine,
)
from ledger.effects import EffectRow, Handlers, Verdict
from ledger.returning import in_shop, shop_effects
from ledger.returning.shop_effects import Told
from tasks.effects import EffectKind, attempt
from tasks.runtime import in_ledger

# A return names our request. All other calls look before they write, so that a doubtful one is made again.
OPEN = Handlers(shop_effects.moved, None, shop_effects.guard_open, can_look_up=True)
AGAIN = Handlers(shop_effects.moved, None, keyed=True, can_look_up=True)
_TOO_LATE = ("window_closed", "claimed_late")
_GONE = (ShopReturnState.CANCELLED, ShopReturnState.DECLINED)
_ABSENT = Verdict("absent", code="looked_up")
Call = Callable[[ReturningShop, EffectRow, Told], Awaitable[Outcome]]


async def send_opens(rows: Sequence[EffectRow]) -> list[Verdict]:
    return await _each(rows, _open, OPEN)


async def find_opens(rows: Sequence[EffectRow]) -> list[Verdict]:
    """The order's return that names our request."""
    shop, facts = _shop(rows), await _facts(rows)
    found = []
    for row in rows:
        try:
            known = await shop.find_return(facts[row["id"]].order, facts[row["id"]].reference)
        except ConnectorError as error:
            found.append(Verdict("retry", code=error.code, detail=error.detail))
        else:
            is_there = known is not None and known.state not in _GONE
            found.append(Verdict("done", external_id=known.external_id) if known and is_there else _ABSENT)
    return found


async def _open(shop: ReturningShop, row: EffectRow, fact: Told) -> Outcome:
    """Over the parcels that the units went out in. What ended after its guard was asked is left to the guard."""
    if not fact.wanted:
        raise Withdrawn(row["target"], "open return")
    units = await shop.returnable(fact.order)
    free = {each.fulfilled_line: each.quantity for each in units}
    lines: list[WantedReturnLine] = []
    for wanted in fact.wanted:
        left = wanted.units
        for each in units:
            part = min(left, free[each.fulfilled_line]) if each.line == wanted.line else 0
            if part:
                lines.append(WantedReturnLine(each.fulfilled_line, part, wanted.reason))
                free[each.fulfilled_line] -= part
                left -= part
        if left:
            raise VendorRejected(row["target"], "open return", f"{left} units too many", "not_returnable")
    draft = ReturnDraft(fact.order, fact.reference, tuple(lines), fact.fee_minor, fact.currency, fact.requested_at)
    return await shop.create_return(draft)


async def send_approvals(rows: Sequence[EffectRow]) -> list[Verdict]:
    return await _each(rows, lambda shop, row, _fact: shop.approve_return(row["request"]["return"]), AGAIN)


async def send_refusals(rows: Sequence[EffectRow]) -> list[Verdict]:
    return await _each(rows, _decline, AGAIN)


async def _decline(shop: ReturningShop, row: EffectRow, fact: Told) -> Outcome:
    """Our own mail says more than the shop's note could."""
    reason = DeclineReason.FINAL_SALE if fact.code == "final_sale" else DeclineReason.OTHER
    reason = DeclineReason.TOO_LATE if fact.code in _TOO_LATE else reason
    return await shop.decline_return(row["request"]["return"], reason, "")


async def send_processed(rows: Sequence[EffectRow]) -> list[Verdict]:
    return await _each(rows, _process, AGAIN)


async def _process(shop: ReturningShop, row: EffectRow, fact: Told) -> Outcome:
    """Units leave the order, and the shop hears what became of each. Both say totals, and look first."""
    returned = row["request"]["return"]
    now = await shop.fetch_return(returned)
    if now is None:
        raise VendorRejected(row["target"], "process return", "no such return", "not_found")
    left = Counter(fact.settled)
    processed: list[tuple[str, int]] = []
    for line in now.lines:
        units = min(left[line.line], line.quantity)
        left[line.line] -= units
        if units:
            processed.append((line.external_id, units))
    if left.total():
        raise VendorRejected(row["target"], "process return", f"{left.total()} units too many", "bad_quantity")
    disposals = _disposals(now, fact, await _places(row["target"], fact))
    outcome = await shop.process_return(returned, processed)
    if disposals and isinstance(outcome, Sent):
        said = await shop.dispose(returned, disposals)
        return outcome if isinstance(said, Sent) else said
    return outcome


async def _places(target: str, fact: Told) -> dict[str, str]:
    """The shop's ids of its locations by name, where anything goes back onto a shelf."""
    if not any(each.place for each in fact.put_away):
        return {}
    return {name: place for place, name in (await wiring.current().shops()[target].locations()).items()}


def _disposals(now: ShopReturn, fact: Told, places: dict[str, str]) -> list[Disposal]:
    """Our words over the lines that the shop awaits; without a location of the shop's nothing is restocked there."""
    line_of = {line.fulfilled_line: line.line for line in now.lines}
    room = {line.external_id: line.quantity for each in now.awaited for line in each.lines}
    count = Counter[tuple[str, Placed, str]]()
    for each in fact.put_away:
        left, place = each.units, places.get(each.place, "")
        word = Placed.NOT_RESTOCKED if each.word == "restocked" and not place else Placed(each.word)
        for line in (line for awaited in now.awaited for line in awaited.lines):
            part = min(left, room[line.external_id]) if line_of.get(line.fulfilled_line) == each.line else 0
            if part:
                count[line.external_id, word, place] += part
                room[line.external_id] -= part
                left -= part
    return [Disposal(line, word, units, place) for (line, word, place), units in count.items()]


async def send_closed(rows: Sequence[EffectRow]) -> list[Verdict]:
    return await _each(rows, lambda shop, row, _fact: shop.close_return(row["request"]["return"]), AGAIN)


async def send_cancelled(rows: Sequence[EffectRow]) -> list[Verdict]:
    return await _each(rows, lambda shop, row, _fact: shop.cancel_return(row["request"]["return"]), AGAIN)


def _shop(rows: Sequence[EffectRow]) -> ReturningShop:
    return wiring.current().returning_shops()[rows[0]["target"]]


async def _facts(rows: Sequence[EffectRow]) -> dict[str, Told]:
    return await in_ledger(shop_effects.told, rows, wiring.current().policies)


async def _each(rows: Sequence[EffectRow], call: Call, handlers: Handlers) -> list[Verdict]:
    shop, facts = _shop(rows), await _facts(rows)
    return [await attempt(call(shop, row, facts[row["id"]]), handlers) for row in rows]


KINDS = {
    in_shop.OPEN: EffectKind(OPEN, send_opens, find_opens, batch=5),
    in_shop.APPROVE: EffectKind(AGAIN, send_approvals, batch=5),
    in_shop.DECLINE: EffectKind(AGAIN, send_refusals, batch=5),
    in_shop.PROCESS: EffectKind(AGAIN, send_processed, batch=5),
    in_shop.CLOSE: EffectKind(AGAIN, send_closed, batch=5),
    in_shop.CANCEL: EffectKind(AGAIN, send_cancelled, batch=5),
}
