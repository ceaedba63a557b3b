"""What the last three weeks were like, as columns for a learned model: per day, for the network and each region."""

from dataclasses import dataclass

import numpy as np

from bench.baselines.orders import Flags, Floats, Ints, Orders, Words

DAYS = 21
SHRINK = 20.0  # orders' worth of the network in each region's figures


@dataclass(frozen=True, slots=True)
class Recent:
    """`tables[name]`: regions and what was known of each when day `first + d` began; the last is the network."""

    first: int
    tables: dict[str, tuple[tuple[str, ...], Floats]]

    def columns(self, orders: Orders, now: Floats) -> Floats:
        found = []
        for name, (names, table) in sorted(self.tables.items()):
            place = {region: number for number, region in enumerate(names)}
            words = orders.words[name]
            at = np.array([place.get(region, len(names)) for region in words.names], dtype=np.int64)[words.at]
            row = np.clip(np.floor(now).astype(np.int64) - self.first, 0, len(table) - 1)
            found += [table[row, at], table[row, len(names)]]
        return np.column_stack([column.reshape(len(now), -1) for column in found])


def recent(orders: Orders, first: float, last: float, usual: Floats) -> Recent:
    """`usual`: the days each order would need in ordinary times."""
    start = int(np.floor(first))
    days = int(np.floor(last)) - start + 1
    slower = np.log(np.maximum(orders.seen_until - orders.shipped, 0.25) / usual)
    passed = np.floor(np.minimum(orders.promised, orders.seen_until)).astype(np.int64)
    arrived = np.floor(orders.seen_until).astype(np.int64)
    judged = orders.delivered | (orders.seen_until > orders.promised)
    tables = {}
    for name in ("destination", "origin"):
        words = orders.words[name]
        pace = _table(words, arrived, orders.delivered, slower, start, days)
        late = _table(words, passed, judged, orders.late.astype(np.float64), start, days)
        tables[name] = (words.names, np.concatenate([pace[..., None], late[..., None]], axis=-1))
    return Recent(start, tables)


def _table(words: Words, day: Ints, held: Flags, values: Floats, start: int, days: int) -> Floats:
    """Means over the DAYS before each day, regions shrunk towards the network, which is the last column."""
    held = held & (day >= start - DAYS) & (day < start + days)
    size = len(words.names)
    place = (day[held] - start + DAYS) * size + words.at[held]
    count = np.bincount(place, minlength=(days + DAYS) * size).reshape(-1, size)
    total = np.bincount(place, values[held], minlength=(days + DAYS) * size).reshape(-1, size)
    count, total = (np.concatenate([np.zeros((1, size)), np.cumsum(each, axis=0)]) for each in (count, total))
    count, total = count[DAYS:-1] - count[: -DAYS - 1], total[DAYS:-1] - total[: -DAYS - 1]
    network = total.sum(axis=1, keepdims=True) / np.maximum(count.sum(axis=1, keepdims=True), 1)
    return np.concatenate([(total + SHRINK * network) / (count + SHRINK), network], axis=1)
