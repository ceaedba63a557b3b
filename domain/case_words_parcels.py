"""Words of the cases about parcels in trouble, offers for them and claims against carriers, for `domain.case_words`."""

from collections.abc import Mapping

NOTED = "Nothing is done from here: it is written down and the case ends."
Words = tuple[str, str] | tuple[str, str, bool]

# kind -> (title, what has happened)
KINDS: Mapping[str, tuple[str, str]] = {
    "delivery_taken_back": ("Not delivered after all", "The carrier took back that it had delivered the parcel."),
    "codes_unmapped": ("A carrier says what we do not know", "Too many of a day's scans have codes without a meaning."),
    "delay_incident": (
        "Many parcels, one trouble",
        "Parcels that share a place, a lane or a carrier are in trouble together. It ends by itself when they move.",
    ),
    "parcel_trouble": ("A parcel is in trouble", "It does not arrive as it should, and no others share what keeps it."),
    "offer_review": (
        "An offer needs your word",
        "A parcel is in trouble, and a rule wants a person to look before the customer is offered anything.",
    ),
    "arrived_after_offer": (
        "A parcel came although it was made good",
        "Its customer has the goods twice, or the goods and the money.",
    ),
    "replacement_refused": (
        "The shop would not make a replacement",
        "The customer has chosen it and was promised it.",
    ),
    "carrier_claim": ("A claim against a carrier is ready", "The packet is made; the carrier takes it from now on."),
    "carrier_claim_closing": ("A claim's window closes soon", "Nothing has been claimed of the carrier so far."),
    "carrier_claim_answer": ("A carrier's answer is waited for", "The claim for a parcel was filed."),
}
# choice -> (label, what it does[, whether it is final])
CHOICES: Mapping[str, Words] = {
    "offer": ("Offer it", "The customer may choose, and hears of it now."),
    "customer_keeps_it": ("The customer keeps it", NOTED),
    "asked_back": ("It is asked back", f"You have asked the customer for it. {NOTED}"),
    "claim_filed": ("The claim is filed", "The carrier's answer is waited for, in a case of its own."),
    "not_claimed": ("Claim nothing", "The claim ends.", True),
    "parcel_arrived": ("The parcel has come", "The claim ends.", True),
    "claim_paid": ("The carrier has paid", "The claim ends.", True),
    "claim_denied": ("The carrier does not pay", "The claim ends.", True),
}
SPECIAL: Mapping[tuple[str, str], Words] = {
    ("delay_incident", "wait"): ("Wait", "Nobody is told again, however many parcels join it."),
    ("parcel_trouble", "wait"): ("Wait", "Nobody is told of this trouble again."),
    ("delivery_taken_back", "accept"): ("Nothing more to do", NOTED),
    ("codes_unmapped", "mended"): ("It is mended", "The next scans are read by the table as it is now."),
    ("codes_unmapped", "accept"): ("Leave it as it is", "The case ends, and comes back on another day."),
    ("offer_review", "decline"): ("Offer nothing", "The customer is not asked.", True),
    ("carrier_claim_closing", "wait"): ("Seen", NOTED),
    ("replacement_refused", "replaced"): ("It is sent by hand", NOTED),
    ("replacement_refused", "refunded"): ("The money is given back by hand", NOTED),
}
