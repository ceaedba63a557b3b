"""Columns of offers and of claims against carriers for `domain.privacy`: none of them names a person."""

from collections.abc import Mapping

OFFER_TABLES: Mapping[str, str] = {
    "offer": (
        "id order_id shipment_id customer_id round kind state reason amount_minor shipping_minor currency expires_at "
        "decision_id led_to replacement_external_id replacement_order_id created_at accepted_at ended_at"
    ),
    "offer_line": "offer_id order_line_id sku quantity settled",
    # facts are the parcel's, its towns and amounts; whom it went to is in the document
    "carrier_claim": (
        "id order_id shipment_id carrier ground state amount_minor currency opens_at closes_at document_id facts "
        "created_at filed_at ended_at"
    ),
}
