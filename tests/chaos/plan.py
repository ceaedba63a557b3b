"""A chaos run before it is run: pure values that print as a story, one line each."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

WORKERS = ("worker-1", "worker-2")
PROGRAMS = (*WORKERS, "sweeper", "receiver")


@dataclass(frozen=True, slots=True)
class Buy:
    """A customer's checkout. `number` names it in this plan; `special` is what is odd about it."""

    step: int
    number: int
    shop: str
    special: str
    body: dict[str, Any] = field(hash=False)

    def __str__(self) -> str:
        lines = ", ".join(f"{line['quantity']} x {line['sku']}" for line in self.body["lines"])
        return f"customer {self.number} buys {lines} in {self.shop} ({self.special}, {self.body['payment']})"


@dataclass(frozen=True, slots=True)
class Cancel:
    step: int
    number: int

    def __str__(self) -> str:
        return f"customer {self.number} cancels in the shop"


@dataclass(frozen=True, slots=True)
class Fault:
    """The next calls of an operation go wrong, `skip` of them aside."""

    step: int
    vendor: str
    operation: str
    kind: str
    times: int
    status: int = 0
    delay_s: float = 0.0
    skip: int = 0

    def __str__(self) -> str:
        how = f"{self.kind} {self.status}" if self.status else self.kind
        after = f" after {self.skip}" if self.skip else ""
        return f"{self.vendor}: the next {self.times}{after} of {self.operation} end in {how}"


@dataclass(frozen=True, slots=True)
class Deliveries:
    """From now on a vendor's webhooks are doubled, held back, delayed, lost."""

    step: int
    vendor: str
    duplicate: float = 0.0
    reorder: float = 0.0
    drop: float = 0.0
    delay_s: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.vendor}'s webhooks: {self.duplicate:.0%} doubled, {self.reorder:.0%} out of order, "
            f"{self.drop:.0%} lost, {self.delay_s:g} s late"
        )


@dataclass(frozen=True, slots=True)
class Skew:
    step: int
    seconds: float

    def __str__(self) -> str:
        return f"the vendors' clock is {self.seconds:+g} s against ours"


@dataclass(frozen=True, slots=True)
class Floor:
    """The own warehouse: so many of the next picks come up short, or are scanned twice."""

    step: int
    short: int
    repeat: int

    def __str__(self) -> str:
        return f"own warehouse: {self.short} of the next picks come up short, {self.repeat} are scanned twice"


@dataclass(frozen=True, slots=True)
class ShortAtNode:
    step: int
    units: int

    def __str__(self) -> str:
        return f"the 3PL finds too few units for the next {self.units} of its orders"


@dataclass(frozen=True, slots=True)
class Astray:
    """A parcel under way gets a fate; `nth` of those that travel then."""

    step: int
    nth: int
    fate: str

    def __str__(self) -> str:
        return f"parcel {self.nth} of those under way: {self.fate}"


@dataclass(frozen=True, slots=True)
class Restock:
    step: int
    sku: str
    on_hand: int

    def __str__(self) -> str:
        return f"the 3PL has {self.on_hand} of {self.sku}"


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL to programs at a call of a vendor. `moment`: hold_before (the call has arrived and is not done),
    hold (it is done and not answered), pass (somewhere after it)."""

    step: int
    programs: tuple[str, ...]
    vendor: str
    operation: str
    skip: int
    moment: str

    def __str__(self) -> str:
        when = {"hold_before": "before it is done", "hold": "done, not answered", "pass": "just after"}[self.moment]
        names = " and ".join(self.programs)
        return f"SIGKILL to {names} at {self.vendor} {self.operation}, {self.skip} calls later ({when})"


Event = Buy | Cancel | Fault | Deliveries | Skew | Floor | ShortAtNode | Astray | Restock | Kill


@dataclass(frozen=True, slots=True)
class Plan:
    """`minutes` of simulated time before each step; `events` in the order of their steps."""

    seed: int
    minutes: tuple[int, ...]
    events: tuple[Event, ...]

    def at(self, step: int) -> list[Event]:
        return [event for event in self.events if event.step == step]

    def kept(self, events: Iterable[Event]) -> "Plan":
        """The same story with fewer events; a cancellation of what nobody buys goes as well."""
        kept = list(events)
        bought = {event.number for event in kept if isinstance(event, Buy)}
        return replace(self, events=tuple(e for e in kept if not isinstance(e, Cancel) or e.number in bought))

    def only(self, numbers: Sequence[int]) -> "Plan":
        """The same story with the events of these numbers, counted from 0 in the order of the whole plan."""
        return self.kept(self.events[number] for number in numbers)

    def numbers_in(self, whole: "Plan") -> list[int]:
        """Where the events of this story stand in the whole plan that it was cut from."""
        mine = {id(event) for event in self.events}
        return [number for number, event in enumerate(whole.events) if id(event) in mine]

    def compact(self) -> "Plan":
        """Steps in which nothing happens are left out, their time is not; what follows the last event is."""
        used = sorted({event.step for event in self.events})
        bounds = [-1, *used]
        minutes = tuple(sum(self.minutes[a + 1 : b + 1]) for a, b in pairwise(bounds))
        new = {step: number for number, step in enumerate(used)}
        return replace(self, minutes=minutes, events=tuple(replace(e, step=new[e.step]) for e in self.events))

    def story(self) -> list[str]:
        """What happens, a line per event; steps in which nothing happens are left out."""
        lines, at = [f"seed {self.seed}: {self.summary()}"], 0
        for step, minutes in enumerate(self.minutes):
            at += minutes
            lines += [f"  {at // 60:3}:{at % 60:02}  {event}" for event in self.at(step)]
        return lines

    def summary(self) -> str:
        kinds = Counter(type(event).__name__.lower() for event in self.events)
        hours = sum(self.minutes) / 60
        return f"{hours:.0f} h simulated; " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
