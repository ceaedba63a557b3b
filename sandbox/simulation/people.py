"""Customers: what they buy and when, when they ask where it is, what they take of what they are offered.

Each has luck of their own from the seed, slot by slot: two runs of one seed differ only by what people were told.
"""

import math
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sandbox.simulation.histories import History
from sandbox.simulation.journeys import Journey
from sandbox.simulation.parameters import Parameters, Place

SLOT = timedelta(hours=6)
_PER_DAY = SLOT / timedelta(days=1)
OFFERS = ("wait", "credit", "replacement", "refund")  # kinds that customers know what to do with
IN_PLACE = frozenset({"replacement", "refund"})  # of the parcel
_HOURS = (6, 8, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 20, 21, 22, 23)  # UTC; when people shop, an assumption
_FIRST = "Ada Ben Chloe Dario Elif Farid Grace Hugo Ines Jonas Kemi Leila Mateo Nora Omar Priya Rosa Sami".split()
_LAST = "Okafor Lindqvist Moreau Tanaka Haddad Novak Silva Keller Osei Rahman Fischer Dubois Costa Berg".split()
SKU = "GAS-230"  # dangerous goods: only the 3PL may send it, so that all orders go one way
_MAIL = "customer{number}@example.com"
_MAILBOX = re.compile(r"customer([0-9]{1,9})@example\.com")
LATE, SILENT, USUAL = "late", "silent", "usual"


class Asked(NamedTuple):
    """A question where an order is, and what drove it."""

    at: datetime
    why: str


class Amends(NamedTuple):
    """What a person of the shop offered by hand."""

    at: datetime
    why: str


@dataclass(slots=True)
class Customer:
    """One order and who waits for it. `expects_by` is the latest date that they believe."""

    number: int
    place: Place
    placed_at: datetime
    promised_at: datetime
    quantity: int
    history: History | None = None
    journey: Journey | None = None
    code: str = ""
    handed_over_at: datetime | None = None
    heard_at: datetime | None = None
    expects_by: datetime | None = None
    asked: list[Asked] = field(default_factory=list)
    amends: list[Amends] = field(default_factory=list)
    offered: bool = False  # the goods or the money, by whatever the shop runs: nobody offers them by hand beside it
    settled_at: datetime | None = None  # took an offer: they wait for this parcel no more
    looked_until: datetime | None = None

    @property
    def arrived(self) -> datetime | None:
        return self.journey.arrives_at if self.journey else None

    def waits(self, now: datetime) -> bool:
        """Whether they still wait for the parcel, and would ask about it."""
        if self.settled_at is not None and self.settled_at <= now:
            return False
        return now >= self.placed_at and (self.arrived is None or now < self.arrived)


def customers(parameters: Parameters, seed: int, count: int, histories: list[History] | None) -> list[Customer]:
    """By the time of their orders. Histories bring their own times and promises."""
    made = [_customer(parameters, seed, number, None) for number in range(count)] if histories is None else [
        _customer(parameters, seed, number, history) for number, history in enumerate(histories)
    ]  # fmt: skip
    return sorted(made, key=lambda customer: (customer.placed_at, customer.number))


def _customer(parameters: Parameters, seed: int, number: int, history: History | None) -> Customer:
    rng = random.Random(f"{seed}:customer:{number}")
    place, quantity = rng.choice(parameters.places), rng.choice((1, 1, 1, 2, 2, 3))
    day = rng.randrange(int(parameters.orders.within_days))
    hour, minute = rng.choice(_HOURS), rng.uniform(0, 60)
    if history is not None:
        # one town for each region of the file: what slowed a region is then seen in one place
        place = random.Random(f"region:{history.region}").choice(parameters.places)
        return Customer(number, place, history.ordered, history.promised, quantity, history)
    placed = parameters.starts + timedelta(days=day, hours=hour, minutes=minute)
    return Customer(number, place, placed, promised(parameters, place, placed), quantity)


def promised(parameters: Parameters, place: Place, placed: datetime) -> datetime:
    """The end of the day that checkout names, by the customer's own clock."""
    zone = timedelta(hours=place.utc_h)
    local = placed + zone + timedelta(days=parameters.orders.promise_days)
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1) - zone


def checkout(customer: Customer) -> dict[str, Any]:
    """What they send to the shop."""
    number, place = customer.number, customer.place
    first, last = _FIRST[number % len(_FIRST)], _LAST[number % len(_LAST)]
    return {
        "lines": [{"sku": SKU, "quantity": customer.quantity}],
        "customer": {"first_name": first, "last_name": last, "email": _MAIL.format(number=number), "phone": ""},
        "shipping_address": {
            "first_name": first, "last_name": last, "address1": f"{1 + number % 900} Main Street", "city": place.city,
            "province_code": place.state, "zip": place.zip, "country_code": "US", "phone": "+16175550123",
        },
        "payment": "paid",
        "risk": "low",
        "shipping": {"title": "Standard", "code": "standard", "price": "5.00"},
        "created_at": customer.placed_at.isoformat(),
    }  # fmt: skip


def number_of(recipient: Mapping[str, Any]) -> int | None:
    """Who a parcel is for, by the address on its label's order; None for a stranger."""
    known = _MAILBOX.fullmatch(str(recipient.get("email") or ""))
    return int(known[1]) if known else None


class Crowd:
    """All customers of a run, as time goes by."""

    def __init__(self, parameters: Parameters, seed: int, people: list[Customer]) -> None:
        self._p, self._seed = parameters, seed
        self.people = people
        self.by_number = {customer.number: customer for customer in people}

    def pass_until(self, now: datetime) -> None:
        """Each who waits may ask, once in each slot that has gone by."""
        for customer in self.people:
            if customer.placed_at > now:
                return
            for slot, at in self._slots(customer, now):
                if customer.waits(at):
                    self._may_ask(customer, slot, at)

    def _slots(self, customer: Customer, now: datetime) -> Iterator[tuple[int, datetime]]:
        slot = 0 if customer.looked_until is None else round((customer.looked_until - customer.placed_at) / SLOT)
        while (at := customer.placed_at + (slot + 1) * SLOT) <= now:
            customer.looked_until = at
            yield slot, at
            slot += 1

    def _may_ask(self, customer: Customer, slot: int, at: datetime) -> None:
        rate, why = self.rate(customer, at)
        luck = random.Random(f"{self._seed}:ask:{customer.number}:{slot}").random()
        if luck < 1 - math.exp(-rate * _PER_DAY):
            customer.asked.append(Asked(at, why))
            self._answer(customer, at)

    def rate(self, customer: Customer, at: datetime) -> tuple[float, str]:
        """How likely per day they ask now, and what drives it most."""
        p = self._p.people
        if customer.asked and at < customer.asked[-1].at + timedelta(days=p.rests_days):
            return 0.0, USUAL
        expected = customer.expects_by or customer.promised_at
        late = max(_days(at - expected), 0.0)
        quiet = max(_days(at - (customer.heard_at or customer.placed_at)) - p.patience_days, 0.0)
        parts = {USUAL: p.asks, SILENT: p.silent * quiet, LATE: p.late * late}
        return min(sum(parts.values()), p.asks_most), max(parts, key=lambda why: parts[why])

    def _answer(self, customer: Customer, at: datetime) -> None:
        """A person answers, and offers amends by the rule that helpdesks have: by what a carrier's page shows."""
        agents = self._p.agents
        answered = at + timedelta(hours=agents.answer_h)
        customer.heard_at = max(customer.heard_at or answered, answered)
        scanned = self._last_scan(customer, answered)
        silent = scanned is not None and _days(answered - scanned) >= agents.silent_days
        late = _days(answered - customer.promised_at) >= agents.late_days
        if silent or late:
            self._make_good(customer, Amends(answered, "asked"))

    def _make_good(self, customer: Customer, amends: Amends) -> None:
        """A person gives the goods or the money; nobody gives twice, and whoever has either waits no more."""
        if not customer.amends and not customer.offered and customer.settled_at is None:
            customer.amends.append(amends)
            customer.settled_at = amends.at

    def read_lists(self, now: datetime) -> None:
        """Once in a while somebody reads which parcels the carrier has given up."""
        every = timedelta(days=self._p.agents.list_days)
        read = self._p.starts + ((now - self._p.starts) // every) * every
        for customer in self.people:
            given_up = self._given_up(customer)
            if given_up is not None and given_up <= read and customer.waits(read):
                self._make_good(customer, Amends(read, "list"))

    def _given_up(self, customer: Customer) -> datetime | None:
        journey, made = customer.journey, customer.handed_over_at
        if journey is None or made is None or journey.steps[-1].kind not in ("lost", "damaged"):
            return None
        return made + timedelta(hours=journey.steps[-1].hours)

    def _last_scan(self, customer: Customer, at: datetime) -> datetime | None:
        if customer.journey is None or customer.handed_over_at is None:
            return None
        times = (customer.handed_over_at + timedelta(hours=step.hours) for step in customer.journey.steps)
        return max((moment for moment in times if moment <= at), default=customer.handed_over_at)

    def hear(self, number: int, at: datetime, until: datetime | None) -> None:
        """They have read something about their order; `until` is the end of a new window, if it named one."""
        customer = self.by_number[number]
        customer.heard_at = max(customer.heard_at or at, at)
        believes = random.Random(f"{self._seed}:believe:{number}").random() < self._p.people.believes
        if until is not None and believes:
            customer.expects_by = max(until, customer.expects_by or customer.promised_at)

    def decide(self, number: int, kind: str, at: datetime) -> datetime | None:
        """When they take it; None when they never do, or have their money already. Raises: KeyError for a kind that
        nobody knows."""
        p, customer = self._p.people, self.by_number[number]
        shares = (p.takes_wait, p.takes_credit, p.takes_replacement, p.takes_refund)
        share = dict(zip(OFFERS, shares, strict=True))
        rng = random.Random(f"{self._seed}:offer:{number}:{kind}")
        takes, after = rng.random() < share[kind], rng.expovariate(1 / max(p.decides_h, 0.01))
        customer.offered = customer.offered or kind in IN_PLACE
        if not takes or customer.settled_at is not None:
            return None
        return at + timedelta(hours=after)

    def settle(self, number: int, at: datetime) -> None:
        """They took a replacement or their money."""
        customer = self.by_number[number]
        customer.settled_at = min(customer.settled_at or at, at)


def _days(span: timedelta) -> float:
    return span.total_seconds() / 86_400
