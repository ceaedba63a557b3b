"""What an edit would cost and whether it may be made: everything that can say no without touching a node."""

import asyncio
from collections.abc import Mapping
from typing import Any

from config import wiring
from connectors.errors import ConnectorError, VendorRejected
from domain.edit_quote import ShopTotals
from ledger.address_checks import AddressAnswer
from ledger.editing import deciding, ending, wishes
from ledger.editing.requests import RequestRow
from ledger.editing.wishes import Answers, Question
from tasks.editing.runtime import Went, onward, waits
from tasks.runtime import in_ledger
from tasks.sending.edits import came_back, lines_edit


async def quote(request: RequestRow, token: int) -> Went:
    """Ask the shop what it would cost and the carrier about the address, then promise stock, judge and decide."""
    wired = wiring.current()
    question = await asyncio.to_thread(wired.read, wishes.question_of, request, wired.policies, wired.now())
    if question.refused:
        await in_ledger(ending.refuse_held, request["id"], token, question.refused, wired.now())
        return onward(str(question.refused[0]["code"]))
    try:
        totals, present, answer = await asyncio.gather(
            calculated(question.target, request["order_id"], question.external_id, question.lines),
            calculated(question.target, request["order_id"], question.external_id, question.unchanged),
            _verified(question),
        )
    except VendorRejected as refused:
        reason = [{"code": f"shop_{refused.reason}"}]
        await in_ledger(ending.refuse_held, request["id"], token, reason, wired.now())
        return onward(refused.reason)
    except ConnectorError as error:
        return waits(error.code)
    outcome = await in_ledger(
        deciding.decide,
        request["id"],
        token,
        Answers(totals, present.discounts if present else None, answer, wired.payment_page),
        wired.policies,
        wired.now(),
    )
    return onward(outcome)


async def calculated(target: str, order_id: str, external_id: str, lines: Mapping[str, Any]) -> ShopTotals | None:
    """What the shop says that its order would cost with this change of lines and shipping, with what came back counted
    in as in all that we keep of an order; None without a change.

    Raises: ConnectorError.
    """
    if not lines:
        return None
    said = await wiring.current().editable_shops()[target].calculate(lines_edit(external_id, lines))
    gone = await came_back(target, order_id)
    return ShopTotals(
        currency=said.currency,
        total_minor=said.total_minor + gone.total_minor,
        goods_minor=said.subtotal_minor + gone.goods_minor,
        tax_minor=said.tax_minor + gone.tax_minor,
        shipping_minor=said.shipping_minor,
        discounts=said.discounts,
    )


async def _verified(question: Question) -> AddressAnswer | None:
    """The carrier's word on a new address. A carrier that is away holds nobody up: the parcel's own check comes."""
    if question.address is None:
        return None
    try:
        verdict = await wiring.current().parcels().verify(question.address)
    except ConnectorError:
        return None
    return AddressAnswer(question.contact_id, str(verdict.verdict), verdict.suggestion)
