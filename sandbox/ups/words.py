"""How UPS tells what happened to a parcel: type, code, status code and description.

Types, and the status codes of three digits, are those of the appendix of the vendor's tracking reference
(developer.ups.com/api/reference/tracking/appendix). The codes of two letters are the ones that public code meets; of
rare events they stand for "one of several", and type and status code decide.
"""

from typing import NamedTuple

from sandbox.parcels.model import Step


class Word(NamedTuple):
    type: str
    code: str
    status_code: str
    text: str


WORDS: dict[str, Word] = {
    "label": Word("M", "MP", "003", "Shipper created a label, UPS has not received the package yet. "),
    "accepted": Word("P", "OR", "005", "Origin Scan"),
    "departed": Word("I", "DP", "005", "Departed from Facility"),
    "arrived": Word("I", "AR", "005", "Arrived at Facility"),
    "local": Word("I", "YP", "071", "Processing at UPS Facility"),
    "customs": Word("X", "SE", "012", "Your package is awaiting release by the customs agency."),
    "customs_cleared": Word("X", "SR", "014", "Your package was released by the customs agency."),
    "out": Word("I", "OT", "021", "Out For Delivery Today"),
    "attempted": Word("X", "48", "022", "The customer was not available on the first attempt."),
    "pickup": Word("I", "ZP", "040", "Delivered to UPS Access Point. Ready for customer pickup."),
    "delayed": Word("X", "OC", "046", "Due to operating conditions, your package may be delayed."),
    "weather": Word("X", "DJ", "053", "Severe weather conditions have delayed delivery."),
    "address": Word("X", "03", "050", "The street number is incorrect. We are attempting to update the address."),
    "exception": Word("X", "X1", "013", "Exception"),
    "damaged": Word("X", "DM", "059", "The package was damaged in transit."),
    "lost": Word("X", "LS", "013", "The package is lost. A claim was opened."),
    "refused": Word("X", "F1", "064", "The receiver refused the delivery."),
    "returning": Word("I", "RT", "036", "The package is on its way back to the sender."),
    "returned": Word("RS", "RS", "034", "Returned to Sender"),
    "delivered": Word("D", "FS", "011", "DELIVERED "),
    "cancelled": Word("MV", "VP", "007", "Shipment information voided."),
    "info": Word("NA", "NA", "000", "Status not available"),
}


def word(step: Step) -> Word:
    known = WORDS[step.kind]
    return known._replace(text=step.text or known.text, code=step.code or known.code)
