"""The world of a simulation, as one more vendor: `python -m sandbox --only ...,world`.

Customers, weather and carriers from a seed. What the product learns of it comes from the other vendors alone: orders
by the shop, scans by the carrier. `/_control/world/...` is for whoever plays and reckons: it says what customers buy,
takes what they have read, and tells afterwards what was true.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.core.clock import parse_time
from sandbox.core.http import Reply, Request, Router, json_reply
from sandbox.core.world import Vendor
from sandbox.core.world import World as Process
from sandbox.parcels.model import Way
from sandbox.shipbob.vendor import ShipBob
from sandbox.simulation import histories, journeys, people
from sandbox.simulation.histories import HistoryError
from sandbox.simulation.parameters import ParameterError, Parameters, load, names
from sandbox.simulation.people import Crowd, Customer
from sandbox.simulation.weather import Weather

_SPARE_DAYS = 60  # of weather after the last day that is watched, for the slowest parcels


class _Run:
    """One seed of one world."""

    def __init__(self, parameters: Parameters, seed: int, orders: int, shipments: Path | None) -> None:
        self.parameters, self.seed = parameters, seed
        within = timedelta(days=parameters.orders.within_days)
        self.ends = parameters.starts + within + timedelta(days=parameters.orders.then_days)
        days = (self.ends - parameters.starts).days + _SPARE_DAYS
        self.weather = Weather(parameters, seed, days)
        real = None
        if shipments is not None:
            real = histories.chosen(histories.read(shipments), orders, seed, parameters.starts, within)
            if not real:
                raise HistoryError(f"{shipments.name} has no shipments within the weeks that seed {seed} chose")
        self.crowd = Crowd(parameters, seed, people.customers(parameters, seed, orders, real))
        self.bought = 0

    def journey(self, customer: Customer, made_at: datetime, parcel: int) -> journeys.Journey:
        place = customer.place
        if customer.history is not None and parcel == 1:
            usual = timedelta(days=journeys.usual_days(self.parameters, place))
            return histories.journey(customer.history, usual, journeys.town(place), made_at)
        key = f"{self.seed}:{customer.number}:{parcel}"
        return journeys.draw(self.parameters, self.weather, key, place, made_at)


class Simulated:
    """The vendor: `begin` chooses a world; without it nobody buys and parcels travel by their plans."""

    name = "world"

    def __init__(self, process: Process) -> None:
        self._process = process
        self._run: _Run | None = None
        self._shipbob: ShipBob | None = None
        self.app = Router(process, self.name)
        self.app.add("GET", "/", lambda _request: json_reply(200, {"worlds": names()}))
        self.control = Router(process, "_control")
        for method, path, handler in (
            ("POST", "/begin", self.begin),
            ("POST", "/purchases", self.purchases),
            ("POST", "/heard", self.heard),
            ("POST", "/offers", self.offers),
            ("POST", "/settled", self.settled),
            ("GET", "/truth", self.truth),
        ):
            self.control.add(method, path, handler)

    def meet(self, vendors: Mapping[str, Vendor]) -> None:
        shipbob = vendors.get("shipbob")
        self._shipbob = shipbob if isinstance(shipbob, ShipBob) else None
        self._process.road.travels = self._travels

    def tick(self, now: datetime) -> None:
        if self._run is not None:
            self._run.crowd.pass_until(now)
            self._run.crowd.read_lists(now)

    def _travels(self, code: str, made_at: datetime) -> Way | None:
        """A carrier has made a label: how its parcel will fare. None for a parcel of nobody's here."""
        customer = self._customer(code)
        if self._run is None or customer is None:
            return None
        first = not customer.code or customer.code == code
        journey = self._run.journey(customer, made_at, 1 if first else 2)
        if first:
            customer.code, customer.journey, customer.handed_over_at = code, journey, made_at
        return Way(journey.steps, journeys.CICERO, journeys.town(customer.place), journey.estimate)

    def _customer(self, code: str) -> Customer | None:
        if self._run is None or self._shipbob is None:
            return None
        for shipment in self._shipbob.warehouse.shipments.values():
            if shipment.tracking_number == code:
                number = people.number_of(shipment.recipient)
                return None if number is None else self._run.crowd.by_number.get(number)
        return None

    def begin(self, request: Request) -> Reply:
        """{"world", "seed", "orders", "shipments"?}: a fresh world. Its clock stands at the beginning."""
        body = request.object()
        try:
            seed, orders = int(body["seed"]), int(body["orders"])
            if orders < 1:
                raise ValueError("at least one order")
            shipments = Path(body["shipments"]) if body.get("shipments") else None
            run = _Run(load(str(body["world"])), seed, orders, shipments)
        except (KeyError, TypeError, ValueError) as problem:
            return json_reply(400, {"error": f"world, seed and orders are needed: {problem}"})
        except (ParameterError, HistoryError) as problem:
            return json_reply(400, {"error": str(problem)})
        self._run = run
        self._process.clock.stand_at(run.parameters.starts)
        costs = run.parameters.costs
        return json_reply(
            200,
            {
                "starts": run.parameters.starts.isoformat(),
                "ends": run.ends.isoformat(),
                "orders": len(run.crowd.people),
                "sku": people.SKU,
                "costs": {name: getattr(costs, name) for name in costs.__dataclass_fields__},
            },
        )

    def purchases(self, request: Request) -> Reply:
        """{"until"}: what was bought since the last time: [{"number", "checkout"}]."""
        run, until = self._run, _time(request.object(), "until")
        if run is None or until is None:
            return _bad("begin a world first, and say until when")
        due = [each for each in run.crowd.people[run.bought :] if each.placed_at <= until]
        run.bought += len(due)
        found = [{"number": each.number, "checkout": people.checkout(each)} for each in due]
        return json_reply(200, {"purchases": found})

    def heard(self, request: Request) -> Reply:
        """{"told": [{"number", "at", "until"?}]}: what customers have read; `until` ends a new window."""
        run = self._run
        if run is None:
            return _bad("begin a world first")
        for told in _rows(request, "told"):
            at, number = _time(told, "at"), told.get("number")
            if at is None or not isinstance(number, int) or number not in run.crowd.by_number:
                return _bad("each needs the number of a customer and a time")
            run.crowd.hear(number, at, _time(told, "until"))
        return json_reply(200, {"ok": True})

    def offers(self, request: Request) -> Reply:
        """{"offers": [{"id", "number", "kind", "at"}]}: who takes one, and when."""
        run, taken = self._run, []
        if run is None:
            return _bad("begin a world first")
        for offer in _rows(request, "offers"):
            at, number, kind = _time(offer, "at"), offer.get("number"), offer.get("kind")
            if at is None or number not in run.crowd.by_number or kind not in people.OFFERS:
                return _bad(f"each needs a customer, a time and a kind of {', '.join(people.OFFERS)}")
            decided = run.crowd.decide(number, kind, at)
            if decided is not None:
                taken.append({"id": offer.get("id"), "at": decided.isoformat()})
        return json_reply(200, {"taken": taken})

    def settled(self, request: Request) -> Reply:
        """{"numbers", "at"}: these have their money, or other goods on the way."""
        run, body = self._run, request.object()
        at, numbers = _time(body, "at"), body.get("numbers")
        if run is None or at is None or not isinstance(numbers, list):
            return _bad("numbers of customers and a time are needed")
        if not all(isinstance(number, int) and number in run.crowd.by_number for number in numbers):
            return _bad("numbers of customers are needed")
        for number in numbers:
            run.crowd.settle(number, at)
        return json_reply(200, {"ok": True})

    def truth(self, _request: Request) -> Reply:
        """What was true of every order that was placed, for the reckoning."""
        if self._run is None:
            return _bad("begin a world first")
        parameters = self._run.parameters
        placed = self._run.crowd.people[: self._run.bought]
        return json_reply(200, {"orders": [_truth(parameters, customer) for customer in placed]})


def _truth(parameters: Parameters, customer: Customer) -> dict[str, Any]:
    journey, made_at = customer.journey, customer.handed_over_at
    lost_at = None
    if journey is not None and made_at is not None:
        lost_at = journeys.lost_at(parameters, journey, customer.place, made_at)
    return {
        "number": customer.number,
        "tracking_code": customer.code,
        "placed_at": customer.placed_at.isoformat(),
        "promised_at": customer.promised_at.isoformat(),
        "handed_over_at": _text(made_at),
        "arrives_at": _text(journey.arrives_at if journey else None),
        "gone_at": _text(journey.gone_at if journey else None),
        "lost_at": _text(lost_at),
        "asked": [{"at": asked.at.isoformat(), "why": asked.why} for asked in customer.asked],
        "amends": [{"at": amends.at.isoformat(), "why": amends.why} for amends in customer.amends],
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _time(body: Mapping[str, Any], name: str) -> datetime | None:
    try:
        return parse_time(str(body[name])) if body.get(name) else None
    except ValueError:
        return None


def _rows(request: Request, name: str) -> list[dict[str, Any]]:
    rows = request.object().get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _bad(problem: str) -> Reply:
    return json_reply(400, {"error": problem})


def build(process: Process) -> Simulated:
    return Simulated(process)
