"""How ShipEngine tells what happened to a parcel: status code and status detail code of its OpenAPI file.

`carrier_status_code` and `carrier_detail_code` are the carrier's own words: UPS's where UPS carries, else made up.
"""

from typing import NamedTuple

from sandbox.parcels.model import Step
from sandbox.ups.words import word as ups_word


class Word(NamedTuple):
    status: str
    detail: str
    text: str


STATUSES = {
    "UN": "Unknown",
    "AC": "Accepted",
    "IT": "In Transit",
    "DE": "Delivered",
    "EX": "Exception",
    "AT": "Delivery Attempt",
    "NY": "Not Yet In System",
    "SP": "Delivered To Collection Location",
}
WORDS: dict[str, Word] = {
    "label": Word("NY", "ELEC_ADVICE_RECD_BY_CARRIER", "Your shipment is now in the carrier's system."),
    "accepted": Word("AC", "RECEIVED_BY_CARRIER", "Your parcel was received by the carrier."),
    "departed": Word("IT", "HUB_SCAN_OUT", "Your parcel has left a hub."),
    "arrived": Word("IT", "HUB_SCAN_IN", "Your parcel has arrived at a hub."),
    "local": Word("IT", "RECEIVED_LOCAL_DELIVERY_DEPOT", "Your parcel is at the depot that delivers it."),
    "customs": Word("EX", "HELD_BY_CUSTOMS", "Your parcel is held by customs."),
    "customs_cleared": Word("IT", "CUSTOMS_CLEARED", "Your parcel has cleared customs."),
    "out": Word("IT", "OUT_FOR_DELIVERY", "Your parcel is out for delivery."),
    "attempted": Word("AT", "ATTEMPTED_DELIVERY", "The carrier has tried to deliver your parcel."),
    "pickup": Word("SP", "DELIVERED_TO_PICKUP_POINT", "Your parcel waits at a pickup point."),
    "delayed": Word("EX", "CARRIER_DELAYS", "Your parcel is delayed at the carrier."),
    "weather": Word("EX", "DELAYED_NOT_CARRIER", "Your parcel is delayed by something outside the carrier's control."),
    "address": Word("EX", "ADDRESS_QUERY", "The carrier needs a better address."),
    "exception": Word("EX", "UNSPECIFIED_EXCEPTION", "Something has happened to your parcel."),
    "damaged": Word("EX", "PARCEL_DAMAGED", "Your parcel was damaged."),
    "lost": Word("EX", "PARCEL_LOST", "Your parcel was lost."),
    "refused": Word("EX", "REFUSED_BY_CUSTOMER", "The parcel was refused."),
    "returning": Word("EX", "RETURN_TO_SENDER", "The parcel is on its way back to the sender."),
    "returned": Word("EX", "UNDELIVERABLE_RETURNED_TO_SENDER", "The parcel is back at the sender."),
    "delivered": Word("DE", "DELIVERED", "Your parcel has been delivered."),
    "cancelled": Word("EX", "CANCELLED", "The shipment was cancelled."),
    "info": Word("UN", "CARRIER_STATUS_NOT_MAPPED", "Status not mapped."),
}
# a carrier's code here -> who carries
CARRIERS = {
    "usps": "usps",
    "stamps_com": "usps",
    "ups": "ups",
    "ups_walleted": "ups",
    "fedex": "fedex",
    "fedex_walleted": "fedex",
    "dhl_express": "dhl_express",
    "dhl_paket": "dhl",
}


def carrier_words(carrier: str, step: Step) -> tuple[str, str, str]:
    """The carrier's status code, detail code and description."""
    if carrier == "ups":
        said = ups_word(step)
        return said.type, said.code, said.text.strip()
    known = WORDS[step.kind]
    return known.status, step.code or step.kind.upper(), step.text or known.text
