"""From a seed to a plan: what customers buy, what goes wrong, and who is killed when."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from apps.demo.purchases import FEWEST, SCARCE, SOLD_OUT, SPLIT_ONLY, day
from tests.chaos.plan import (
    WORKERS,
    Astray,
    Buy,
    Cancel,
    Deliveries,
    Event,
    Fault,
    Floor,
    Kill,
    Plan,
    Restock,
    ShortAtNode,
    Skew,
)

T = TypeVar("T")
BUYING = (10, 15, 20, 30, 45, 60)  # minutes before each step with purchases, repeated for long days
ON_ITS_WAY = (60, 60, 90, 120, 180, 240, 360, 600, 720, 720, 720)  # picking, labels, parcels for two days
WAVE = 90  # orders of one step with purchases
# What the pipeline calls, with how often it is chosen for trouble and for kills.
CALLS: dict[tuple[str, str], int] = {
    ("shopify", "nodes"): 3,
    ("shopify", "orders"): 2,
    ("shopify", "fulfillmentOrderHold"): 3,
    ("shopify", "fulfillmentOrderReleaseHold"): 3,
    ("shopify", "fulfillmentCreate"): 3,
    ("shopify", "orderCapture"): 2,
    ("shopify", "orderCancel"): 2,
    ("shopify", "inventorySetQuantities"): 2,
    ("shopify", "*"): 4,
    ("shipbob", "POST /2026-01/order"): 4,
    ("shipbob", "GET /2026-01/order*"): 2,
    ("shipbob", "*:cancel"): 1,
    ("shipbob", "*"): 3,
    ("easypost", "POST /v2/addresses"): 2,
    ("easypost", "POST /v2/shipments"): 2,
    ("easypost", "POST /v2/shipments/{id}/buy"): 4,
    ("easypost", "POST /v2/trackers"): 2,
    ("easypost", "*"): 3,
    ("smtp", "DATA"): 4,
}
# In the first hour nothing is handed over yet.
EARLY = ("nodes", "orders", "fulfillmentOrderHold", "orderCancel", "POST /v2/addresses", "DATA", "*")
# (kind, status): what may happen to a call. A timeout costs half a minute of real time, so there are few.
TROUBLE: dict[tuple[str, int], int] = {
    ("throttle", 0): 4,
    ("error", 500): 2,
    ("error", 503): 3,
    ("error_after", 502): 4,
    ("refuse", 0): 3,
    ("truncate", 0): 4,
    ("delay", 0): 2,
}
PLENTY = 400  # units that the 3PL has of everything at first
MADE_UP = ("KIT-", "GIFT-")  # have no stock of their own
FATES = ("exception", "attempted", "lost", "returned", "stuck", "fast")


def generate(seed: int, *, orders: int, kills: int) -> Plan:
    """The same plan for the same arguments."""
    rng = random.Random(f"chaos {seed}")
    waves = max(len(BUYING), -(-orders // WAVE))
    minutes = tuple(BUYING[i % len(BUYING)] for i in range(waves)) + ON_ITS_WAY
    events: list[Event] = [*_purchases(rng, seed, orders, waves)]
    events += _cancellations(rng, events, len(minutes))
    for step in range(len(minutes) - 2):
        events += _weather(rng, step, busy=orders / waves)
    events += [
        Fault(rng.randrange(3, waves + 3), *_call(rng), "timeout_after", 1, delay_s=45, skip=rng.randrange(3))
        for _ in range(1 + orders // 1000)
    ]
    events += _kills(rng, kills, waves, orders)
    events += _stock(rng, events, waves)
    return Plan(seed, minutes, tuple(sorted(events, key=lambda event: event.step)))


def _purchases(rng: random.Random, seed: int, orders: int, waves: int) -> Iterator[Event]:
    day_of = day(max(orders, FEWEST), seed)
    rng.shuffle(day_of)
    for number, one in enumerate(day_of[:orders], start=1):
        step = min(waves - 1, int(waves * rng.random() ** 1.3))  # more in the morning
        yield Buy(step, number, one.shop, one.story, one.body)


def _cancellations(rng: random.Random, events: list[Event], steps: int) -> Iterator[Event]:
    for event in events:
        if isinstance(event, Buy) and (event.special.startswith("cancelled") or rng.random() < 0.04):
            yield Cancel(min(steps - 1, event.step + rng.choice((0, 1, 1, 2, 3, 5, 7))), event.number)


def _weather(rng: random.Random, step: int, *, busy: float) -> Iterator[Event]:
    """What vendors and the floor do wrong in one step."""
    if rng.random() < 0.4:
        yield Skew(step, rng.choice((-4.0, -1.5, 0.0, 2.0, 6.0)))
    for vendor in ("shopify", "shipbob", "easypost"):
        if rng.random() < 0.4:
            yield Deliveries(
                step,
                vendor,
                duplicate=rng.choice((0.0, 0.1, 0.3)),
                reorder=rng.choice((0.0, 0.1, 0.3)),
                drop=rng.choice((0.0, 0.0, 0.05, 0.2)),
                delay_s=rng.choice((0.0, 0.0, 0.3, 1.0)),
            )
    for _ in range(rng.choice((0, 1, 2, 3))):
        (kind, status), (vendor, operation) = _weighted(rng, TROUBLE), _call(rng, step)
        if vendor == "smtp":  # a mail server that takes a mail and then says "never" lies: nothing could help
            kind, status = rng.choice((("throttle", 0), ("error", 451), ("refuse", 0), ("truncate", 0)))
        delay_s = rng.choice((0.2, 1.0)) if kind == "delay" else 0.0
        yield Fault(step, vendor, operation, kind, rng.choice((1, 1, 2, 3, 8)), status, delay_s, _few(rng, busy / 4))
    if rng.random() < 0.3:
        yield Floor(step, short=rng.choice((0, 1, 2)), repeat=rng.choice((0, 1, 3)))
    if rng.random() < 0.1:
        yield ShortAtNode(step, 1)
    for _ in range(rng.choice((0, 1, 2))):
        yield Astray(step, rng.randrange(200), rng.choice(FATES))


def _kills(rng: random.Random, kills: int, waves: int, orders: int) -> Iterator[Event]:
    """Most while orders come in and are handed over, some while parcels travel."""
    for _ in range(kills):
        step = rng.randrange(waves + 3) if rng.random() < 0.8 else rng.randrange(waves, waves + len(ON_ITS_WAY) - 2)
        programs = rng.choices(
            [WORKERS[:1], WORKERS[1:], WORKERS, ("receiver",), ("sweeper",), (*WORKERS, "sweeper", "receiver")],
            weights=(30, 25, 15, 12, 12, 6),
        )[0]
        moment = rng.choice(("hold_before", "hold", "hold", "pass", "pass"))
        yield Kill(step, programs, *_call(rng, step), _few(rng, orders / waves / 6), moment)


def _stock(rng: random.Random, events: Sequence[Event], waves: int) -> Iterator[Event]:
    """Enough of almost everything; some goods are short in the morning and arrive later."""
    wanted = Counter[str]()
    for event in events:
        if isinstance(event, Buy):
            wanted.update({line["sku"]: line["quantity"] for line in event.body["lines"]})
    for sku, units in sorted(wanted.items()):
        if units > PLENTY and not sku.startswith(MADE_UP):
            yield Restock(0, sku, units - PLENTY // 4)
    for sku, units in ((SOLD_OUT, 0), (SPLIT_ONLY, 0), (SCARCE, 9)):
        yield Restock(0, sku, units)
        if rng.random() < 0.7:
            yield Restock(rng.randrange(waves, waves + 5), sku, rng.choice((5, 60)))


def _call(rng: random.Random, step: int = len(BUYING)) -> tuple[str, str]:
    """A vendor's operation that a step may come to."""
    return _weighted(rng, CALLS if step > 2 else {call: n for call, n in CALLS.items() if call[1] in EARLY})


def _weighted(rng: random.Random, choices: Mapping[T, int]) -> T:
    return rng.choices(list(choices), weights=list(choices.values()))[0]


def _few(rng: random.Random, about: float) -> int:
    return int(rng.expovariate(1 / max(about, 0.5)))
