"""What the codes of returns are called at the desk and on the warehouse's screen."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from apps.desk.times import day
from domain.decisions import in_words
from domain.money import Money
from domain.returns.policy import DispositionRule, ReturnPolicy

RETURN: Mapping[str, tuple[str, str]] = {
    "requested": ("Came in", "busy"),
    "approved": ("Approved", "busy"),
    "label_issued": ("Waits to be sent", "calm"),
    "in_transit": ("On its way back", "busy"),
    "received": ("At the warehouse", "busy"),
    "inspected": ("Looked at", "busy"),
    "manual_review": ("Waits for an agent", "warn"),
    "lost": ("Lost on its way", "bad"),
    "expired": ("Never sent", "calm"),
    "resolved": ("Money is going back", "busy"),
    "closed": ("Done", "good"),
    "declined": ("Declined", "calm"),
    "cancelled": ("Taken back", "calm"),
}
EXPECTED = ("Expected", "calm")  # at the warehouse, whatever has become of its label
EXCHANGE: Mapping[str, tuple[str, str]] = {
    "reserved": ("Kept for the customer", "busy"),
    "awaiting_payment": ("Waits for the customer's payment", "calm"),
    "firm": ("Goes out when its moment comes", "busy"),
    "ordering": ("Is being ordered in the shop", "busy"),
    "ordered": ("Ordered in the shop", "good"),
    "given_up": ("Given up", "warn"),
}
LINE: Mapping[str, tuple[str, str]] = {
    "requested": ("Asked for", "busy"),
    "approved": ("Awaited", "calm"),
    "received": ("Has come", "busy"),
    "missing": ("Missing", "bad"),
    "inspected": ("Looked at", "busy"),
    "expired": ("Never sent", "calm"),
    "resolved": ("Settled", "good"),
    "declined": ("Declined", "calm"),
    "cancelled": ("Taken back", "calm"),
}
KIND: Mapping[str, str] = {
    "return": "Return",
    "exchange": "Exchange",
    "claim": "Claim",
    "withdrawal": "Withdrawal",
}
REASON: Mapping[str, str] = {
    "too_small": "too small",
    "too_large": "too large",
    "colour": "the colour is not liked",
    "style": "it does not suit",
    "changed_mind": "changed their mind",
    "ordered_by_mistake": "ordered by mistake",
    "arrived_late": "arrived too late",
    "unwanted_gift": "a gift that is not wanted",
    "other": "another reason",
    "damaged": "arrived damaged",
    "defective": "has a fault",
    "wrong": "another product came",
    "not_as_described": "not as described",
    "missing": "was missing from the parcel",
    "never_arrived": "the parcel never arrived",
}
CONDITION: Mapping[str, str] = {
    "unopened": "unopened",
    "opened": "opened, not used",
    "used": "used",
    "incomplete": "something of it is gone",
}
WANT: Mapping[str, str] = {
    "refund": "money back",
    "store_credit": "store credit",
    "exchange": "another variant",
    "replacement": "the same once more",
    "repair": "a repair",
}
RECEPTION: Mapping[str, str] = {
    "received": "Received",
    "missing": "Missing",
    "wrong_item": "Wrong item",
    "extra": "Extra",
}
GRADE: Mapping[str, str] = {
    "a": "A: as new",
    "b": "B: as new, but for its packaging",
    "c": "C: used, can be sold as such",
    "damaged": "Damaged",
    "not_as_described": "Not what the request says",
}
PLACE: Mapping[str, str] = {
    "restock": "Back onto the shelf",
    "repair": "To repair",
    "dispose": "Dispose of it",
    "return_to_vendor": "Back to the vendor",
    "quarantine": "Put it aside (quarantine)",
}
WHEN: Mapping[str, str] = {
    "at_once": "at once",
    "first_scan": "as soon as a carrier has the parcel",
    "receipt": "as soon as the parcel is here",
    "inspection": "after a look at the goods",
}
GOODS: Mapping[str, str] = {
    "send_back": "come back",
    "keep": "stay with the customer",
    "nothing": "the customer has none",
    "unsent": "have not left yet",
}
DESTINATION: Mapping[str, str] = {
    "original": "back to it",
    "store_credit": "as store credit",
    "by_hand": "by hand",
}
_UNEXPECTED: Mapping[str, str] = {
    "reception:missing": "it was not in the parcel",
    "reception:wrong_item": "it is not what was announced, and may be another customer's",
    "reception:extra": "nobody announced it, and it may be another customer's",
}
_LAWS = {"withdrawal": "the law lets consumers withdraw from the contract",
         "guarantee": "the law makes the seller answer for faults"}  # fmt: skip
_LAST = timedelta(seconds=1)  # a window is open before its end: its last day is the one before
_SHOPS_OWN = {
    "window_closed": "our own time for it is over",
    "claim_window_closed": "our own time for claims is over",
    "final_sale": "it was sold as a final sale",
    "excluded": "we do not take such products back otherwise",
    "condition_not_accepted": "we would not take it back in that condition",
}

_PHOTO: Mapping[str, str] = {
    "photo_too_large": "That photo is too large: 15 MB at most.",
    "photo_too_many_pixels": "That photo has too many pixels: make it smaller.",
    "photo_too_many": "So many photos at once, or of one order, are not kept.",
    "photo_heic": "Set the camera to JPEG: this photo's format cannot be read.",
}


def photo_words(code: str) -> str:
    """Why a photo was not kept."""
    return _PHOTO.get(code, "That file is no photo that can be kept.")


def place_words(rule: str, policy: ReturnPolicy, currency: str) -> str:
    """Why a unit goes where it goes."""
    if rule in _UNEXPECTED:
        return _UNEXPECTED[rule]
    name = rule.partition(":")[2]
    found = next((each for each in policy.dispositions if each.name == name), None)
    about = _disposition_words(found, currency) if found is not None else ""
    return f"rule “{in_words(name)}”" + (f": {about}" if about else "")


def _disposition_words(rule: DispositionRule, currency: str) -> str:
    scope, parts = rule.scope, []
    if rule.grades:
        named = [GRADE[str(grade)].partition(":")[0] for grade in rule.grades]
        parts.append(f"grade {_or(sorted(named))}")
    if rule.value_up_to is not None and currency:
        limit = Money(rule.value_up_to.of(currency), currency).display()
        parts.append(f"worth at most {limit}")
    if scope.kinds or scope.reasons:
        parts.append(_or(sorted([KIND[str(kind)].lower() for kind in scope.kinds]
                                + [REASON[str(reason)] for reason in scope.reasons])))  # fmt: skip
    for what, names in (("tagged", scope.tags), ("in", scope.categories), ("product", scope.skus)):
        parts += [f"{what} {_or(sorted(names))}"] if names else []
    return ", ".join(parts) or "everything else"


def rule_words(rule: str, overridden: Iterable[str], policy: ReturnPolicy) -> str:
    """By which rule a line was allowed or refused, and what the law has set aside for it."""
    kind, _, name = rule.partition(":")
    days = next((each.days for each in policy.windows if each.name == name), None) if kind == "window" else None
    if kind == "law":
        law, _, whose = name.partition(":")
        said = f"{_LAWS.get(law, 'the law')} ({whose.upper()})" if whose else _LAWS.get(law, "the law")
    elif days is not None:
        said = f"our rule “{in_words(name)}”: {days} days after delivery"
    elif kind == "season":
        said = f"our season{f' “{in_words(name)}”' if name else ''}, which gives longer"
    elif kind == "claim":
        said = f"our terms for claims ({REASON.get(name, in_words(name))})"
    else:
        said = f"our rule “{in_words(name or kind)}”" if rule else ""
    aside = [_aside(code) for code in overridden]
    return said + (f". The law sets aside: {'; '.join(aside)}" if aside else "")


def _aside(code: str) -> str:
    kind, _, name = code.partition(":")
    return f"our fee “{in_words(name)}”" if kind == "fee" else _SHOPS_OWN.get(code, in_words(code.replace(":", " ")))


def last_day(until: str | None) -> str:
    """The last day of a time whose end is kept as text."""
    return day(datetime.fromisoformat(until) - _LAST) if until else ""


def _or(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
