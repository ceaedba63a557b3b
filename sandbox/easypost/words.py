"""How EasyPost tells what happened to a parcel: status, status detail and message.

The words are those of docs.easypost.com/docs/trackers (status and status_detail).
"""

from sandbox.parcels.model import Step

WORDS: dict[str, tuple[str, str, str]] = {
    "label": ("pre_transit", "label_created", "Shipping label created"),
    "accepted": ("in_transit", "received_at_origin_facility", "Accepted at origin"),
    "departed": ("in_transit", "departed_facility", "Departed from hub"),
    "arrived": ("in_transit", "arrived_at_facility", "Arrived at hub"),
    "local": ("in_transit", "received_at_destination_facility", "Arrived at the local depot"),
    "customs": ("in_transit", "held", "Held by customs"),
    "customs_cleared": ("in_transit", "status_update", "Cleared customs"),
    "out": ("out_for_delivery", "out_for_delivery", "Out for delivery"),
    "attempted": ("in_transit", "delivery_exception", "Nobody at home"),
    "pickup": ("available_for_pickup", "arrived_at_pickup_location", "Available for pickup"),
    "delayed": ("in_transit", "delayed", "Delayed"),
    "weather": ("in_transit", "weather_delay", "Delayed by the weather"),
    "address": ("failure", "address_correction", "The address is wrong or incomplete"),
    "exception": ("failure", "delivery_exception", "Delivery exception"),
    "damaged": ("failure", "damaged", "Parcel damaged"),
    "lost": ("failure", "lost", "Parcel declared lost"),
    "refused": ("return_to_sender", "refused", "Refused by the recipient"),
    "returning": ("return_to_sender", "departed_facility", "On its way back to the sender"),
    "returned": ("return_to_sender", "return", "Returned to the sender"),
    "delivered": ("delivered", "arrived_at_destination", "Delivered"),
    "cancelled": ("cancelled", "cancelled", "Label refunded"),
    "info": ("unknown", "status_update", "Status update"),
}
# the carrier that moves the parcel, by the name that EasyPost sells it under
CARRIERS = {
    "USPS": "usps",
    "UPS": "ups",
    "UPSDAP": "ups",
    "FedEx": "fedex",
    "FedExDefault": "fedex",
    "DHLPaket": "dhl",
    "DHLExpress": "dhl_express",
}


def status(step: Step) -> str:
    return WORDS[step.kind][0]


def detail(step: Step) -> str:
    return step.code or WORDS[step.kind][1]


def message(step: Step) -> str:
    return step.text or WORDS[step.kind][2]
