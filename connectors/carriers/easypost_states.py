"""EasyPost's tracker statuses in our words.

Recorded bodies show few of the details; the others are the names that EasyPost's documentation lists. A
detail not listed here leaves its status's word, a status not listed is unknown and keeps its code. `error`
means that EasyPost cannot follow the parcel, which says nothing of the parcel.
"""

from domain.parcels import ParcelState

STATUSES: dict[str, ParcelState] = {
    "pre_transit": ParcelState.LABEL_CREATED,
    "in_transit": ParcelState.IN_TRANSIT,
    "out_for_delivery": ParcelState.OUT_FOR_DELIVERY,
    "delivered": ParcelState.DELIVERED,
    "available_for_pickup": ParcelState.AVAILABLE_FOR_PICKUP,
    "return_to_sender": ParcelState.RETURNING,
    "failure": ParcelState.EXCEPTION,
    "cancelled": ParcelState.CANCELLED,
}
DETAILS: dict[tuple[str, str], ParcelState] = {
    ("pre_transit", "received_at_origin_facility"): ParcelState.ACCEPTED,
    ("in_transit", "received_at_origin_facility"): ParcelState.ACCEPTED,
    ("in_transit", "arrived_at_destination"): ParcelState.ARRIVED_LOCAL,
    ("in_transit", "received_at_destination_facility"): ParcelState.ARRIVED_LOCAL,
    ("in_transit", "out_for_delivery"): ParcelState.OUT_FOR_DELIVERY,
    ("in_transit", "arrived_at_pickup_location"): ParcelState.AVAILABLE_FOR_PICKUP,
    ("in_transit", "address_correction"): ParcelState.EXCEPTION,
    ("in_transit", "delayed"): ParcelState.EXCEPTION,
    ("in_transit", "delivery_exception"): ParcelState.EXCEPTION,
    ("in_transit", "held"): ParcelState.EXCEPTION,
    ("in_transit", "missorted"): ParcelState.EXCEPTION,
    ("in_transit", "transit_exception"): ParcelState.EXCEPTION,
    ("in_transit", "weather_delay"): ParcelState.EXCEPTION,
    ("in_transit", "unable_to_deliver"): ParcelState.ATTEMPTED,
    ("out_for_delivery", "delivery_exception"): ParcelState.EXCEPTION,
    ("out_for_delivery", "unable_to_deliver"): ParcelState.ATTEMPTED,
    ("in_transit", "refused"): ParcelState.EXCEPTION,
    ("in_transit", "return"): ParcelState.RETURNING,
    ("failure", "return"): ParcelState.RETURNING,
    ("in_transit", "lost"): ParcelState.LOST,
    ("failure", "lost"): ParcelState.LOST,
    ("in_transit", "damaged"): ParcelState.DAMAGED,
    ("failure", "damaged"): ParcelState.DAMAGED,
    ("failure", "cancelled"): ParcelState.CANCELLED,
}
# Topics whose bodies we read, and those that are known and of no use here; the caller flags anything else.
TOPICS = ("tracker.created", "tracker.updated", "refund.successful")
IGNORED_TOPICS = frozenset(
    {
        "batch.created",
        "batch.updated",
        "claim.submitted",
        "claim.updated",
        "insurance.cancelled",
        "insurance.purchased",
        "payment.created",
        "payment.completed",
        "payment.failed",
        "report.available",
        "report.failed",
        "report.new",
        "scan_form.created",
        "scan_form.updated",
        "shipment.invoice.created",
        "shipment.invoice.updated",
    }
)


def parcel_state(status: str, detail: str) -> ParcelState:
    """Our word for a status and its detail."""
    return DETAILS.get((status, detail)) or STATUSES.get(status, ParcelState.UNKNOWN)
