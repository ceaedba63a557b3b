"""What the ledger's codes are called at the desk, and how they look: tone good, busy, warn, bad or calm."""

from collections.abc import Mapping

from domain.decisions import in_words

ORDER: Mapping[str, tuple[str, str]] = {
    "received": ("Came in", "busy"),
    "validating": ("Being checked", "busy"),
    "held": ("Held", "warn"),
    "accepted": ("Accepted", "busy"),
    "routing": ("Planned", "busy"),
    "in_fulfilment": ("With the warehouse", "busy"),
    "completed": ("Completed", "good"),
    "cancelled": ("Cancelled", "calm"),
}
FULFILMENT: Mapping[str, tuple[str, str]] = {
    "scheduled": ("Waits for its release", "calm"),
    "open": ("Being handed over", "busy"),
    "in_progress": ("With the warehouse", "busy"),
    "closed": ("Shipped", "good"),
    "cancelled": ("Cancelled", "calm"),
}
PARCEL: Mapping[str, tuple[str, str]] = {
    "unknown": ("Not seen yet", "calm"),
    "label_created": ("Label made", "calm"),
    "accepted": ("With the carrier", "busy"),
    "in_transit": ("On its way", "busy"),
    "arrived_local": ("In the customer's town", "busy"),
    "customs": ("In customs", "warn"),
    "out_for_delivery": ("Out for delivery", "busy"),
    "attempted": ("Delivery was tried", "warn"),
    "available_for_pickup": ("Waits to be picked up", "warn"),
    "exception": ("In trouble", "bad"),
    "returning": ("Coming back", "warn"),
    "delivered": ("Delivered", "good"),
    "returned": ("Came back", "bad"),
    "lost": ("Lost", "bad"),
    "damaged": ("Damaged", "bad"),
    "cancelled": ("Cancelled", "calm"),
}
MESSAGE: Mapping[str, tuple[str, str]] = {
    "planned": ("Waits", "calm"),
    "suppressed": ("Left out", "calm"),
    "sent": ("Sent", "good"),
    "failed": ("Not delivered", "bad"),
    "bounced": ("Did not arrive", "bad"),
}
REQUEST: Mapping[str, tuple[str, str]] = {
    "requested": ("Came in", "busy"),
    "quoted": ("Priced", "busy"),
    "awaiting_review": ("Waits for an agent", "warn"),
    "awaiting_payment": ("Waits for the payment", "warn"),
    "fencing": ("Being carried out", "busy"),
    "at_node": ("At the warehouse", "busy"),
    "committing": ("In the shop", "busy"),
    "confirming": ("Being read back", "busy"),
    "undoing": ("Being undone", "warn"),
    "parked": ("Both sides differ", "bad"),
    "applied": ("Applied", "good"),
    "undone": ("Undone", "calm"),
    "refused": ("Refused", "calm"),
    "withdrawn": ("Withdrawn", "calm"),
    "expired": ("Expired", "calm"),
}
ASKED = ("Waits for the customer", "calm")  # a request, or its case, while a question has no answer
ANSWERED = ("The customer has answered", "busy")
SEVERITY: Mapping[str, tuple[str, str]] = {
    "high": ("High", "bad"),
    "normal": ("Normal", "warn"),
    "low": ("Low", "calm"),
}
RISK: Mapping[str, str] = {
    "none": "the shop says nothing",
    "pending": "the shop is still assessing it",
    "low": "low",
    "medium": "medium",
    "high": "high",
}
HOLDER: Mapping[str, str] = {
    "ours": "promised by us",
    "at_node": "promised by the warehouse",
    "consumed": "shipped",
    "released": "given back",
}
# kind of effect -> (it was done, what is wanted)
EFFECT: Mapping[str, tuple[str, str]] = {
    "shop.hold": ("Held in the shop", "hold it in the shop"),
    "shop.release_hold": ("Let go in the shop", "let it go in the shop"),
    "shop.fulfil": ("Parcel told to the shop", "tell the shop of the parcel"),
    "shop.capture": ("Money taken", "take the money"),
    "shop.cancel": ("Cancelled in the shop", "cancel it in the shop"),
    "shop.set_available": ("Stock figure written to the shop", "write the stock figure to the shop"),
    "node.create_order": ("Handed to the warehouse", "hand it to the warehouse"),
    "node.cancel": ("Cancelled at the warehouse", "cancel it at the warehouse"),
    "label.quote": ("Label priced", "price a label"),
    "label.buy": ("Label bought", "buy a label"),
    "label.void": ("Label given back", "give the label back"),
    "tracker.create": ("Parcel followed", "follow the parcel"),
    "shop.edit": ("Products and shipping changed in the shop", "change products and shipping in the shop"),
    "shop.edit_address": ("Address changed in the shop", "change the address in the shop"),
    "shop.edit_contact": ("E-mail and phone changed in the shop", "change e-mail and phone in the shop"),
    "shop.manual_payment": ("Payment booked in the shop", "book the payment in the shop"),
    "shop.replacement": ("Order made in a parcel's place", "make an order in a parcel's place"),
    "shop.refund": ("Money given back through the shop", "give money back through the shop"),
    "shop.refund_credit": ("Given back as store credit", "give money back as store credit"),
    "shop.credit_bonus": ("Bonus given as store credit", "give the bonus as store credit"),
    "shop.return_open": ("Return opened in the shop", "open the return in the shop"),
    "shop.return_approve": ("Return approved in the shop", "approve the return in the shop"),
    "shop.return_decline": ("Return declined in the shop", "decline the return in the shop"),
    "shop.return_process": ("Units taken back in the shop", "take the units back in the shop"),
    "shop.return_close": ("Return closed in the shop", "close the return in the shop"),
    "shop.return_cancel": ("Return cancelled in the shop", "cancel the return in the shop"),
    "node.return_announce": ("Return announced to the warehouse", "announce the return to the warehouse"),
    "node.return_cancel": ("Return cancelled at the warehouse", "cancel the return at the warehouse"),
    "node.change_address": ("Address changed at the warehouse", "change the address at the warehouse"),
    "node.change_lines": ("Products changed at the warehouse", "change the products at the warehouse"),
    "payment.link": ("Payment page made", "make a payment page"),
    "payment.expire": ("Payment page closed", "close the payment page"),
    "payment.refund": ("Money of the payment page given back", "give the payment page's money back"),
    "helpdesk.ticket": ("Ticket opened at the helpdesk", "open a ticket at the helpdesk"),
    "helpdesk.note": ("Note added to the ticket", "add a note to the ticket"),
    "mail.send": ("Mail handed over", "hand the mail over"),
    "sms.send": ("Text handed over", "hand the text over"),
    "chat.alert": ("Team told in its chat", "tell the team in its chat"),
    "carrier.return_quote": ("Label for the way back priced", "price a label for the way back"),
    "carrier.return_label": ("Label for the way back bought", "buy a label for the way back"),
    "carrier.return_ship": ("Label for the way back made", "have the carrier make a label for the way back"),
    "carrier.return_recall": ("Label for the way back recalled", "recall the label for the way back"),
    "carrier.return_void": ("Label for the way back given back", "give the label for the way back back"),
}
# after a post: what it did
NOTICES: Mapping[str, str] = {
    "assigned": "Handed over.",
    "noted": "Your note is kept.",
    "question": "The customer is asked. The case comes back with the answer.",
    "resolved": "Decided. What follows is in the timeline.",
    "held": "The order is held.",
    "released": "The hold has ended; the order goes on.",
    "asked": "The change is asked for; it appears under Requests in a moment.",
    "returning": "The return is asked for; it appears under Returns in a moment.",
    "keeping": "The return is ended; its label is given back in a moment.",
    "retried": "Everything that waited is tried now.",
}


def badge(table: Mapping[str, tuple[str, str]], code: str) -> tuple[str, str]:
    """(text, tone)."""
    return table.get(code, (in_words(code).capitalize(), "calm"))


def effect_words(kind: str) -> tuple[str, str]:
    """(it was done, what is wanted)."""
    plain = in_words(kind.replace(".", " "))
    return EFFECT.get(kind, (plain.capitalize(), plain))


def actor_words(actor: str, names: Mapping[str, str]) -> str:
    """Who did it, as a colleague would say; `names` of agents by actor."""
    if actor in names:
        return names[actor]
    role, _, rest = actor.partition(":")
    if role == "person" and rest:
        return "the customer" if rest == "customer" else f"{rest} (command line)"
    if role == "floor":
        return "the warehouse"
    return {"customer": "the customer", "shop": "the shop"}.get(actor, "Aftercart")


def owner_words(owner: str, names: Mapping[str, str]) -> str:
    """A team by its name, a person as `actor_words`."""
    return actor_words(owner, names) if ":" in owner else in_words(owner)
