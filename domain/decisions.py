"""Decisions in plain values. Codes are stable words; templates and tables turn them into sentences."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in a code with facts that are not personal."""

    code: str
    facts: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, **self.facts}


REASON_TEXT = {
    "paid": "paid in full",
    "authorised": "payment authorised",
    "declined": "the payment was declined",
    "payment_pending": "the payment has not arrived yet",
    "partly_paid": "only a part is paid",
    "authorisation_expired": "the payment authorisation has expired",
    "address_ok": "the address is deliverable",
    "address_missing": "there is no shipping address",
    "address_format": "the address is incomplete or misspelt for its country",
    "address_corrected": "the carrier knows the address under another spelling",
    "address_missing_unit": "the flat or unit number is missing",
    "address_unverifiable": "the carrier cannot find the address",
    "risk_high": "the shop rates the order as risky",
    "risk_medium": "the shop asks to look at the order",
    "risk_waiting": "the shop is still assessing the order",
    "risk_ok": "nothing suspicious",
    "value_high": "the value is above the review limit",
    "country_mismatch": "billing and shipping country differ",
    "velocity": "many orders by the same customer in a short time",
    "no_shipping_needed": "nothing has to be shipped",
    "unknown_sku": "no node knows the product",
    "out_of_stock": "no node has a unit left",
    "partly_out_of_stock": "some units are on backorder",
    "no_node_serves": "no node ships this there",
    "cheapest_plan": "the cheapest plan",
    "cancelled_in_shop": "cancelled in the shop",
    "unpaid_too_long": "not paid in time",
    "edit_window": "waits for the end of the edit window",
    "node_refused": "the warehouse refused the order",
    "node_exception": "the warehouse reports a problem",
    "short_pick": "a unit was missing at picking",
    "retryable": "does not answer, tried again later",
    "outcome_unknown": "gave no clear answer, looked up later",
}


def in_words(code: str) -> str:
    """A code for people."""
    return REASON_TEXT.get(code, code.replace("_", " "))
