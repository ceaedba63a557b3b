"""Orders that a shop makes in the place of parcels that do not come."""

from collections.abc import Sequence

from config import wiring
from connectors.errors import ConnectorError
from connectors.shops.replacing import ReplacementLine, ReplacementOrder
from ledger.effects import EffectRow, Handlers, Verdict
from ledger.offers import replacing
from ledger.orders import address_of, contacts
from ledger.shop_stock import external_order_ids
from tasks.effects import EffectKind, attempt, verdict
from tasks.runtime import read_ledger

# No shop honours a key for it; it is known again by our reference.
REPLACE = Handlers(replacing.replaced, replacing.refused, replacing.guard_replacements, can_look_up=True)


async def send_replacements(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Have the order made; its address is the one that stood when the customer chose."""
    shop = wiring.current().replacing_shops()[rows[0]["target"]]
    return [await attempt(shop.place_replacement(wanted), REPLACE) for wanted in await _wanted(rows)]


async def find_replacements(rows: Sequence[EffectRow]) -> list[Verdict]:
    shop = wiring.current().replacing_shops()[rows[0]["target"]]
    found = []
    for wanted in await _wanted(rows):
        try:
            outcome = await shop.find_replacement(wanted)
        except ConnectorError as error:
            found.append(Verdict("retry", code=error.code, detail=error.detail))
        else:
            found.append(Verdict("absent", code="looked_up") if outcome is None else verdict(outcome, REPLACE))
    return found


async def _wanted(rows: Sequence[EffectRow]) -> list[ReplacementOrder]:
    ids = await read_ledger(external_order_ids, [row["order_id"] for row in rows])
    people = await read_ledger(contacts, sorted({row["request"]["contact"] for row in rows}))
    return [
        ReplacementOrder(
            reference=row["subject_id"],
            replaces=ids[row["order_id"]],
            ship_to=address_of(people[row["request"]["contact"]]),
            email=people[row["request"]["contact"]]["email"],
            shipping_code=row["request"]["shipping_code"],
            lines=tuple(ReplacementLine(line["variant"], line["quantity"]) for line in row["request"]["lines"]),
        )
        for row in rows
    ]


KINDS = {replacing.KIND: EffectKind(REPLACE, send_replacements, find_replacements, batch=5)}
