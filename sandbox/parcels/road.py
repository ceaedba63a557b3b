"""The road: all parcels of one world move on it by the sandbox's clock, and every vendor sees the same scans."""

import bisect
import heapq
import itertools
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sandbox.core.clock import Clock
from sandbox.parcels.model import BROOKLYN, FINAL, RENO, Parcel, Place, Step, Way
from sandbox.parcels.plans import PLANS, due_at

Listener = Callable[[Parcel, Step], None]  # the parcel, and what had been the last word before
Travels = Callable[[str, datetime], Way | None]  # number and time of a label; None: by its plan
_LOST_AFTER_H = 120.0


class Storm(NamedTuple):
    """Nothing moves in these states from `begins` until `ends`."""

    id: int
    states: frozenset[str]
    begins: datetime
    ends: datetime


class Road:
    """Parcels by number. Vendors listen; a reset forgets parcels, storms and listeners."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.clear()

    def clear(self) -> None:
        self.by_number: dict[str, Parcel] = {}
        self.storms: list[Storm] = []
        self._chosen: dict[str, str] = {}
        self._listeners: list[Listener] = []
        self._plan: list[tuple[datetime, str]] = []
        self._orders: list[tuple[datetime, int, str, Step]] = []  # what was ordered for later, whatever the plan says
        self._ids = itertools.count(1)
        self.travels: Travels | None = None  # where a simulation says how parcels fare

    def listen(self, listener: Listener) -> None:
        """Be told of every scan as it is made."""
        self._listeners.append(listener)

    def find(self, number: str, carrier: str | None = None) -> Parcel | None:
        """A parcel, when this carrier has it."""
        parcel = self.by_number.get(number)
        return parcel if parcel is not None and carrier in (None, parcel.carrier) else None

    def add(
        self,
        number: str,
        carrier: str,
        plan: str = "normal",
        *,
        origin: Place = RENO,
        destination: Place = BROOKLYN,
    ) -> Parcel:
        """A label was made. A plan that was chosen for this number before goes first."""
        name = self._chosen.get(number, plan)
        now = self._clock.now()
        parcel = Parcel(number, carrier, now, origin, destination, name, PLANS[name])
        if plan == "normal" and self.travels is not None and (way := self.travels(number, now)):
            parcel.way, parcel.plan = way, way.steps
            parcel.origin, parcel.destination = way.origin, way.destination
        parcel.done.append((parcel.plan[0], now))
        self.by_number[number] = parcel
        self._schedule(parcel)
        return parcel

    def follow(self, number: str, plan: str) -> None:
        """Choose a parcel's plan, before or after there is one; what was scanned stays."""
        self._chosen[number] = plan
        parcel = self.by_number.get(number)
        if parcel is not None:
            parcel.plan_name, parcel.plan, parcel.way = plan, PLANS[plan], None
            self._schedule(parcel)

    def hand_in(self, parcel: Parcel, plan: str) -> bool:
        """A customer brings a parcel to the counter, where it is scanned at once. False when its label was refunded or
        used."""
        if parcel.last.kind != "label":
            return False
        parcel.plan_name, parcel.plan = plan, PLANS[plan]
        parcel.since, parcel.delay = self._clock.now(), timedelta(0)
        self._hurry(parcel)
        return True

    def deliver(self, parcel: Parcel) -> bool:
        """Everything that its plan still holds happens now. False when it holds nothing."""
        if parcel.next() is None:
            return False
        while parcel.next() is not None:
            self._hurry(parcel)
        return True

    def _hurry(self, parcel: Parcel) -> None:
        step = parcel.next()
        if step is not None:
            self._report(parcel, step, self._clock.now())

    def scan(self, parcel: Parcel, step: Step, at: datetime | None = None) -> None:
        """A scan that no plan holds, now or at another time: one in the future is made when its time has come."""
        now = self._clock.now()
        if at is not None and at > now:
            heapq.heappush(self._orders, (at, next(self._ids), parcel.number, step._replace(hours=-1)))
        else:
            self._report(parcel, step._replace(hours=-1), at or now)

    def cancel(self, parcel: Parcel) -> None:
        """The label was refunded: the parcel never travels."""
        self.scan(parcel, Step(-1, "cancelled"))

    def age(self, parcel: Parcel, hours: float) -> None:
        """The parcel is older by so many hours, and so is every scan; what was due in them happens."""
        by = timedelta(hours=hours)
        parcel.created_at -= by
        parcel.since = parcel.since - by if parcel.since else None
        parcel.done = [(step, at - by) for step, at in parcel.done]
        self._schedule(parcel)
        self._tell(parcel, parcel.last)
        self.tick(self._clock.now())

    def stall(self, parcel: Parcel) -> None:
        """It lies somewhere, and nobody scans it."""
        parcel.stalled = True
        self._schedule(parcel)

    def move(self, parcel: Parcel) -> bool:
        """It is found, and goes on from here at its usual speed. False when it was not stalled."""
        if not parcel.stalled:
            return False
        parcel.stalled = False
        self._orders = [x for x in self._orders if (x[2], x[3].kind) != (parcel.number, "lost")]
        heapq.heapify(self._orders)
        step = parcel.next()
        if step is not None:
            late = self._clock.now() - due_at(parcel, step)
            parcel.delay += max(late, timedelta(0))
        self._schedule(parcel)
        self.tick(self._clock.now())
        return True

    def lose(self, parcel: Parcel, after_h: float = _LOST_AFTER_H) -> None:
        """It is gone; its carrier says so `after_h` hours later."""
        self.stall(parcel)
        self.scan(parcel, Step(-1, "lost"), self._clock.now() + timedelta(hours=after_h))

    def storm(self, states: Collection[str], hours: float, starts_in_h: float = 0.0) -> Storm:
        """Parcels that would be scanned in these states are told to be late, and move on when it is over."""
        begins = self._clock.now() + timedelta(hours=starts_in_h)
        storm = Storm(next(self._ids), frozenset(states), begins, begins + timedelta(hours=hours))
        self.storms.append(storm)
        return storm

    def tick(self, now: datetime) -> None:
        """All that is due by `now` happens, by its time."""
        while True:
            planned = self._plan[0][0] if self._plan else None
            ordered = self._orders[0][0] if self._orders else None
            if ordered is not None and ordered <= now and (planned is None or ordered <= planned):
                at, _, number, step = heapq.heappop(self._orders)
                self._report(self.by_number[number], step, at)
            elif planned is not None and planned <= now:
                self._pass(*heapq.heappop(self._plan))
            else:
                return

    def _pass(self, due: datetime, number: str) -> None:
        parcel = self.by_number[number]
        step = parcel.next() if parcel.due == due else None
        if step is None:
            return
        storm = self._over(parcel.place(step), due)
        if storm is None:
            self._report(parcel, step, due)
            return
        parcel.delay += storm.ends - due
        if storm.id in parcel.storms:
            self._schedule(parcel)
        else:
            parcel.storms.add(storm.id)
            self._report(parcel, Step(-1, "weather", place=parcel.place(step)), due)

    def _over(self, place: Place | None, at: datetime) -> Storm | None:
        if place is None:
            return None
        return next((x for x in self.storms if place.state in x.states and x.begins <= at < x.ends), None)

    def _schedule(self, parcel: Parcel) -> None:
        step = None if parcel.stalled else parcel.next()
        parcel.due = due_at(parcel, step) if step else None
        if parcel.due is not None:
            heapq.heappush(self._plan, (parcel.due, parcel.number))

    def _report(self, parcel: Parcel, step: Step, at: datetime) -> None:
        before = parcel.last
        bisect.insort_right(parcel.done, (step, at), key=lambda entry: entry[1])
        if step.kind in FINAL:
            parcel.due = None
        self._schedule(parcel)
        self._tell(parcel, before)

    def _tell(self, parcel: Parcel, before: Step) -> None:
        for listener in list(self._listeners):
            listener(parcel, before)
