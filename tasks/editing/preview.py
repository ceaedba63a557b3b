"""Ask what an edit would cost without asking for it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from config import wiring
from connectors.errors import VendorRejected
from domain.edits import OF_A_PERSON, EditError, parse_actions
from ledger.editing import previewing
from ledger.editing.intake import PROPOSED
from ledger.editing.previewing import Preview
from ledger.editing.wishes import Answers, Refused
from tasks.editing.quoting import calculated


async def preview(
    order_id: str,
    actions: Sequence[Mapping[str, Any]],
    *,
    contact: Mapping[str, str] | None = None,
    agent: bool = False,
) -> Preview:
    """What these actions (as in a request) would come to. `contact`: the fields of a new address that are known.

    Raises: ConnectorError when the shop does not answer.
    """
    wired = wiring.current()
    try:
        parsed = [
            replace(action, contact_version=PROPOSED) if action.kind in OF_A_PERSON else action
            for action in parse_actions([dict(action) for action in actions])
        ]
        order, wish = await asyncio.to_thread(
            wired.read,
            previewing.wish_to_preview,
            order_id,
            parsed,
            wired.policies,
            wired.now(),
            agent=agent,
            country=(contact or {}).get("country", ""),
        )
        lines, target = wish.shop.get("lines", {}), f"{order['source']}/{order['account']}"
        totals, present = await asyncio.gather(
            calculated(target, order["id"], order["external_id"], lines),
            calculated(target, order["id"], order["external_id"], wish.unchanged),
        )
    except EditError as error:
        return Preview([{"code": error.code, "where": error.where}])
    except Refused as refused:
        return Preview(refused.reasons)
    except VendorRejected as refused_there:
        return Preview([{"code": f"shop_{refused_there.reason}"}])
    answers = Answers(totals, present.discounts if present else None, None, wired.payment_page)
    country = (contact or {}).get("country", "") or order["country"]
    return previewing.preview_of(order, wish, answers, country, wired.policies)


__all__ = ["Preview", "preview"]
