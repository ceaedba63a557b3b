"""What customers buy on the demo's day: a fixed variety of stories among many plain orders."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apps.demo.changes import Change, changes
from apps.demo.mishaps import SENT_AGAIN, Mishap, mishaps
from apps.demo.people import TEXTED, address, customer
from apps.demo.takebacks import TakeBack, takebacks

SOLD_OUT, SCARCE, SPLIT_ONLY = "SLP-M10-REG", "LAMP-400", "ROPE-40"
_HAZMAT = "GAS-230"
_PLAIN = (
    "MUG-ENA-WHT MUG-ENA-BLU SOCK-S SOCK-M SOCK-L TOWEL-M TOWEL-L BOT-750-BLU BOT-750-GRY BOT-1000-BLU "
    "KNIFE-1 FILTER-1 LAMP-200 ROPE-20 STOVE-1 POT-SET-L MAT-STD SHELL-M-M SHELL-W-M SHELL-W-L BAG-45-BLK "
    "TENT-2P-GRN SLP-0C-REG"
).split()
_SHIPPING = {"standard": "5.00", "express": "14.00", "economy": "3.00"}
FEWEST = 80
_ROAD_WAVE = 3
LAST_WAVE = 5  # a faithful customer buys again the next day
WAVES = (0.38, 0.2, 0.17, 0.15, 0.1)  # shares of the day's orders


@dataclass
class Purchase:
    """One checkout. `story` says what is special about it; the sandbox's ids come once it is made."""

    shop: str
    body: dict[str, Any]
    story: str = "plain"
    wave: int = 0
    change: Change | None = None
    back: TakeBack | None = None
    mishap: Mishap | None = None
    order_id: str = ""
    legacy_id: int = 0
    name: str = ""

    @property
    def mailbox(self) -> str:
        return str(self.body["customer"]["email"])


# story: how many of 300, its wave, and what makes it special
_STORIES: dict[str, tuple[int, int, dict[str, Any]]] = {
    "declined": (5, 0, {"payment": "declined"}),
    "bank transfer": (3, 0, {"payment": "pending"}),
    "expiring": (3, 0, {"payment": "authorized", "authorization_hours": 60}),
    "partly paid": (1, 1, {"payment": "partial"}),
    "undeliverable": (2, 0, {"street": "Undeliverable"}),
    "missing unit": (2, 0, {"street": "Missing unit"}),
    "misspelt": (3, 0, {"street": "Mispelt"}),
    "no postcode": (1, 1, {"zip": ""}),
    "risky": (4, 0, {"risk": "high"}),
    "to look at": (2, 1, {"risk": "medium"}),
    "risk pending": (4, 1, {"risk": "pending"}),
    "valuable": (2, 0, {"lines": [{"sku": "TENT-4P-GRN", "quantity": 5}]}),
    "buys often": (4, 0, {"who": 7}),
    "velocity": (2, 1, {"who": 7}),
    "sold out": (2, 0, {"lines": [{"sku": SOLD_OUT, "quantity": 1}]}),
    "backorder": (3, 0, {"lines": [{"sku": SCARCE, "quantity": 3}, {"sku": "SOCK-M", "quantity": 1}]}),
    "split": (6, 0, {"lines": [{"sku": SPLIT_ONLY, "quantity": 1}, {"sku": _HAZMAT, "quantity": 2}]}),
    "kit": (6, 0, {"lines": [{"sku": "KIT-COOK", "quantity": 1}]}),
    "kit and more": (3, 1, {"lines": [{"sku": "KIT-COOK", "quantity": 2}, {"sku": "STOVE-1", "quantity": 1}]}),
    "gift card": (3, 0, {"lines": [{"sku": "GIFT-50", "quantity": 1}]}),
    "gift card and mug": (2, 1, {"lines": [{"sku": "GIFT-50", "quantity": 1}, {"sku": "MUG-ENA-WHT", "quantity": 1}]}),
    "hazmat": (8, 2, {"lines": [{"sku": _HAZMAT, "quantity": 3}, {"sku": "GAS-450", "quantity": 1}]}),
    "cancelled early": (3, 1, {}),
    "cancelled late": (1, 0, {"lines": [{"sku": _HAZMAT, "quantity": 1}]}),
    "webhook lost": (4, 1, {"send_webhook": False}),
}
# One customer's, as many as the policy lets pass and then two: all at once, which of them are held would be chance.
_ONE_CUSTOMERS = {"buys often", "velocity"}
_HOME = {
    *("no postcode", "undeliverable", "missing unit", "misspelt", "split", "valuable", "cancelled late"),
    *_ONE_CUSTOMERS,
}


def day(count: int, seed: int = 17) -> list[Purchase]:
    """All purchases of the day; the same for the same count. At least FEWEST."""
    rng = random.Random(seed)
    purchases = [*_special(max(count, FEWEST), rng), *_to_be_changed()]
    taken = [sum(p.wave == wave for p in purchases) for wave in range(len(WAVES))]
    left = max(count, FEWEST) - len(purchases)
    for wave, share in enumerate(WAVES):
        more = left if wave == len(WAVES) - 1 else min(left, max(0, round(count * share) - taken[wave]))
        left -= more
        purchases += [_purchase(rng, 1000 + len(purchases) + i, wave) for i in range(more)]
    return purchases


def _special(count: int, rng: random.Random) -> Iterator[Purchase]:
    number = 100
    for story, (often, wave, special) in _STORIES.items():
        copies = often if story in _ONE_CUSTOMERS else max(1, round(often * min(count, 300) / 300))
        for _ in range(copies):
            number += 1
            yield _purchase(rng, number, wave, story, dict(special))


def whole_day(count: int) -> list[Purchase]:
    """A day of which something comes back and something goes astray as well."""
    more = [*_to_be_sent_back(), *_to_go_astray()]
    return day(count - len(more) - SENT_AGAIN) + more  # what is sent once more is an order of its own


def _to_be_changed() -> Iterator[Purchase]:
    """Orders whose customers want them otherwise."""
    for change in changes():
        body = _paid_body(change.number, change.lines) | change.body
        yield Purchase("alpha", body, f"edit: {change.name}", change=change)


def _to_be_sent_back() -> Iterator[Purchase]:
    """Orders of which something comes back, and others of the same customers."""
    for back in takebacks():
        for place, wave in enumerate(back.waves):
            body, mine = _paid_body(back.number, back.lines), back if place == 0 else None
            yield Purchase("alpha", body, f"return: {back.name}" if mine else "faithful", wave, back=mine)


def _to_go_astray() -> Iterator[Purchase]:
    """Orders whose parcels meet trouble that must be found."""
    for mishap in mishaps():
        body = _paid_body(mishap.number, mishap.lines)
        if mishap.texts:
            body["customer"]["phone"] = body["shipping_address"]["phone"] = TEXTED
        yield Purchase("alpha", body, f"road: {mishap.name}", _ROAD_WAVE, mishap=mishap)


def _paid_body(number: int, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "lines": lines,
        "customer": customer(number, "US"),
        "shipping_address": address(number, "US"),
        "currency": "USD",
        "payment": "paid",
        "risk": "low",
        "shipping": {"title": "Standard", "code": "standard", "price": _SHIPPING["standard"]},
    }


def _purchase(
    rng: random.Random, number: int, wave: int, story: str = "plain", special: dict[str, Any] | None = None
) -> Purchase:
    special = special or {}
    shop, country, currency = _market(rng, home=story in _HOME)
    who = special.pop("who", number)
    to = address(who, country)
    if word := special.pop("street", None):
        to["address1"] = f"{number} {word} {to['address1'].split(maxsplit=1)[1]}"
    if "zip" in special:
        to["zip"] = special.pop("zip")
    code = rng.choices(list(_SHIPPING), weights=(7, 2, 1))[0]
    body: dict[str, Any] = {
        "lines": _basket(rng),
        "customer": customer(who, country),
        "shipping_address": to,
        "currency": currency,
        "payment": "authorized" if rng.random() < 0.2 else "paid",
        "risk": "low",
        "shipping": {"title": code.title(), "code": code, "price": _SHIPPING[code]},
        **special,
    }
    return Purchase(shop, body, story, wave)


def _market(rng: random.Random, *, home: bool) -> tuple[str, str, str]:
    """Shop, country and currency: alpha sells in dollars, yen and dinars, nord in euros."""
    if home:
        return "alpha", "US", "USD"
    return rng.choices(
        [
            ("alpha", "US", "USD"), ("alpha", "CA", "USD"), ("alpha", "JP", "JPY"), ("alpha", "KW", "KWD"),
            ("nord", "DE", "EUR"), ("nord", "FR", "EUR"), ("nord", "NL", "EUR"), ("nord", "GB", "EUR"),
        ],
        weights=(44, 5, 10, 6, 16, 8, 7, 4),
    )[0]  # fmt: skip


def _basket(rng: random.Random) -> list[dict[str, Any]]:
    skus = rng.sample(_PLAIN, rng.choices((1, 2, 3, 4), weights=(5, 3, 2, 1))[0])
    lines: list[dict[str, Any]] = [
        {"sku": sku, "quantity": rng.choices((1, 2, 3), weights=(6, 2, 1))[0]} for sku in skus
    ]
    if rng.random() < 0.15:
        lines[0]["discount"] = "2.50"
    return lines
