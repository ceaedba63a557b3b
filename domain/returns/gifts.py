"""What of a return is shown to whom. A recipient of a gift sees no price, a buyer not what became of the gift; neither
sees the marks that only those who decide go by.

What may be seen is listed, so that a new field is hidden until somebody decides otherwise.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from domain.decisions import Reason
from domain.returns.money import ExchangeQuote, ReturnRefund
from domain.returns.policy import Destination, GiftPolicy
from domain.returns.rulings import LineRuling, Verdict


class Viewer(StrEnum):
    BUYER = "buyer"
    RECIPIENT = "recipient"
    WAREHOUSE = "warehouse"
    AGENT = "agent"


# Of an order's line, as a page lists it.
_GOODS = frozenset({"line_id", "sku", "title", "options", "image_url", "quantity", "left", "delivered_at"})
_PRICES = frozenset({"unit_price_minor", "discount_minor", "tax_minor", "paid_minor", "currency"})
LINE_FIELDS: Mapping[Viewer, frozenset[str]] = {
    Viewer.BUYER: _GOODS | _PRICES | {"order_id", "order_name"},
    Viewer.RECIPIENT: _GOODS,
    Viewer.WAREHOUSE: _GOODS | {"order_id", "order_name", "barcode"},
    Viewer.AGENT: _GOODS | _PRICES | {"order_id", "order_name", "barcode"},
}

# Of `LineRuling.as_json`.
_ANSWER = frozenset({"ask", "verdict", "reasons", "rule", "window_end", "resolutions", "goods", "next_step", "next_at"})
_TERMS = frozenset({"when", "claw_back_at", "send_by"})
_MONEY = frozenset({"value_minor", "currency", "fees", "fee_minor", "refund_by", "overridden"})
RULING_FIELDS: Mapping[Viewer, frozenset[str]] = {
    Viewer.BUYER: _ANSWER | _TERMS | _MONEY,
    Viewer.RECIPIENT: _ANSWER | _TERMS,
    Viewer.WAREHOUSE: frozenset({"ask", "goods", "send_by"}),
    Viewer.AGENT: _ANSWER | _TERMS | _MONEY | {"trust"},
}
# Of `ReturnAsk.as_json`: the buyer's order is not the recipient's to know.
_NOT_OF_ASK: Mapping[Viewer, frozenset[str]] = {Viewer.RECIPIENT: frozenset({"order_id"})}
# Why a person looks at it is between the shop and that person; told, it would teach how not to be looked at.
INTERNAL = frozenset(
    {"return_value_high", "many_claims", "many_returns", "dispute_open", "keep_cap_reached", "claimed_late",
     "delivery_unknown", "delivery_assumed", "partly_sent", "carrier_says_delivered", "photo_missing"}
)  # fmt: skip
# Facts of reasons that hold no amount.
_FACTS = frozenset({"ended", "exclusion", "accepted", "left", "offered"})
_INSIDERS = (Viewer.AGENT,)


def shown_line(line: Mapping[str, Any], viewer: Viewer) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name in LINE_FIELDS[viewer]}


def shown_ruling(ruling: LineRuling, viewer: Viewer) -> dict[str, Any]:
    """The ruling as its page or screen may say it."""
    facts = {name: value for name, value in ruling.as_json().items() if name in RULING_FIELDS[viewer]}
    facts["ask"] = {name: value for name, value in facts["ask"].items() if name not in _NOT_OF_ASK.get(viewer, ())}
    if viewer not in _INSIDERS and "reasons" in facts:
        facts["reasons"] = _told(ruling)
    return facts


def _told(ruling: LineRuling) -> list[dict[str, Any]]:
    told = [_without_amounts(reason) for reason in ruling.reasons if reason.code not in INTERNAL]
    if not told and ruling.verdict is Verdict.REVIEW:
        told = [{"code": "being_reviewed"}]
    return told


def _without_amounts(reason: Reason) -> dict[str, Any]:
    return {"code": reason.code} | {name: value for name, value in reason.facts.items() if name in _FACTS}


def shown_refund(refund: ReturnRefund, viewer: Viewer, *, issued: bool = False) -> dict[str, Any]:
    """A recipient learns what their credit is worth when they have it (`issued`): it can be spent. How much of it was
    the price nobody says. The warehouse has no part in money."""
    if viewer is Viewer.WAREHOUSE:
        return {}
    if viewer is not Viewer.RECIPIENT:
        return refund.as_json()
    credit = refund.back.to(Destination.STORE_CREDIT) + refund.back.bonus_minor
    return {"currency": refund.currency, "store_credit_minor": credit} if issued and credit else {}


def sees_request(viewer: Viewer, policy: GiftPolicy, *, gift: bool) -> bool:
    """Whether a request, and units that are gone because of it, may be shown. `gift`: a recipient asked for it."""
    if viewer is Viewer.BUYER:
        return not gift or policy.tell_buyer
    return viewer is not Viewer.RECIPIENT or gift


def recipient_choices(quotes: Sequence[tuple[str, ExchangeQuote]]) -> tuple[str, ...]:
    """The SKUs that a recipient may take: those that cost nothing more. A list with a surcharge would be a price list;
    what is left over of a dearer gift stays unsaid and goes to the recipient's credit."""
    return tuple(sku for sku, quote in quotes if not quote.to_pay_minor)
