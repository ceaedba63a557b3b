"""What a shop decides about clocks; the law's own numbers stand beside the rules that use them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from domain.ship_promise import ShipPolicy


@dataclass(frozen=True, slots=True)
class ClockPolicy:
    """`within`: time to shipping that the shop states, by shipping code. `handling`: from release to hand-over.
    An overdue case gets `case_severity` and is due once more after `case_again`."""

    ship: ShipPolicy
    within: Mapping[str, timedelta]
    handling: timedelta
    case_severity: str
    case_again: timedelta

    def time_to_ship(self, shipping_code: str) -> timedelta:
        return self.within.get(shipping_code, self.ship.unstated)
