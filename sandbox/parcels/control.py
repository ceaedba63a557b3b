"""The knobs of the road, `/_control/parcels/...`: whatever is turned here, every carrier's API tells of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.core.clock import stamp
from sandbox.core.http import BadJsonError, Handler, Reply, Request, Router, json_reply
from sandbox.parcels.model import BROOKLYN, KINDS, RENO, ROLES, Parcel, Place, Step
from sandbox.parcels.plans import PLANS
from sandbox.parcels.road import Storm

if TYPE_CHECKING:
    from sandbox.core.world import World

Act = Callable[[Parcel, dict[str, Any]], bool | None]  # False: the parcel is not in a state for it


class Control:
    """Numbers in bodies are hours; a place is {"city", "state", "zip", "country"?} or the name of a role."""

    def __init__(self, world: "World") -> None:
        self._world, self._road = world, world.road
        self.app = Router(world, "_control", bad_json=_refuse)
        self.app.add("GET", "/", lambda _request: json_reply(200, [row(x) for x in self._road.by_number.values()]))
        self.app.add("POST", "/", self._add)
        self.app.add("GET", "/storms", lambda _request: json_reply(200, [_storm(x) for x in self._road.storms]))
        self.app.add("POST", "/storms", self._begin)
        self.app.add("DELETE", "/storms", self._end)
        self.app.add("GET", "/{number}", self._on(lambda _parcel, _given: None))
        acts: dict[str, Act] = {
            "plan": self._plan,
            "scan": self._scan,
            "age": self._age,
            "stall": self._stall,
            "move": self._move,
            "lose": self._lose,
            "hand_in": self._hand_in,
            "deliver": self._deliver,
        }
        for name, act in acts.items():
            self.app.add("POST", f"/{{number}}/{name}", self._on(act))

    def _on(self, act: Act) -> Handler:
        """A handler that turns one knob of one parcel and answers with the parcel."""

        def handler(request: Request) -> Reply:
            parcel = self._road.find(request.params["number"])
            if parcel is None:
                return json_reply(404, {"error": "no such parcel"})
            if act(parcel, request.object()) is False:
                return json_reply(422, {"error": f"the parcel is {'stalled' if parcel.stalled else parcel.last.kind}"})
            return json_reply(200, row(parcel))

        return handler

    def _add(self, request: Request) -> Reply:
        """{"number", "carrier", "plan"?, "origin"?, "destination"?}: a label that was made elsewhere."""
        given = request.object()
        number, carrier = given.get("number"), given.get("carrier")
        if not isinstance(number, str) or not number or not isinstance(carrier, str) or not carrier:
            raise BadJsonError("number and carrier are needed")
        if number in self._road.by_number:
            return json_reply(409, {"error": "there is such a parcel"})
        made = self._road.add(
            number,
            carrier,
            _choice(given, "plan", PLANS, "normal"),
            origin=_place(given.get("origin"), RENO),
            destination=_place(given.get("destination"), BROOKLYN),
        )
        return json_reply(201, row(made))

    def _plan(self, parcel: Parcel, given: dict[str, Any]) -> None:
        """{"plan"}: what will happen from here."""
        self._road.follow(parcel.number, _choice(given, "plan", PLANS))

    def _scan(self, parcel: Parcel, given: dict[str, Any]) -> None:
        """{"kind", "place"?, "text"?, "code"?, "hours_ago"?}: one scan, there and then; below 0 it is still to come."""
        kind, where = _choice(given, "kind", KINDS), given.get("place")
        text, code = given.get("text", ""), given.get("code", "")
        if not isinstance(text, str) or not isinstance(code, str):
            raise BadJsonError("text and code must be texts")
        step = Step(-1, kind, text=text, code=code)
        if isinstance(where, str):
            step = step._replace(role=_choice(given, "place", ROLES))
        elif where is not None:
            step = step._replace(place=_place(where, RENO))
        at = self._world.clock.now() - timedelta(hours=_hours(given, "hours_ago", 0.0, least=-10_000))
        self._road.scan(parcel, step, at)

    def _age(self, parcel: Parcel, given: dict[str, Any]) -> None:
        """{"hours"}: older by so many."""
        self._road.age(parcel, _hours(given, "hours"))

    def _stall(self, parcel: Parcel, _given: dict[str, Any]) -> None:
        self._road.stall(parcel)

    def _move(self, parcel: Parcel, _given: dict[str, Any]) -> bool:
        return self._road.move(parcel)

    def _lose(self, parcel: Parcel, given: dict[str, Any]) -> None:
        """{"after"?}: the carrier admits it so many hours later, 0 for now."""
        self._road.lose(parcel, _hours(given, "after", 120.0))

    def _hand_in(self, parcel: Parcel, given: dict[str, Any]) -> bool:
        return self._road.hand_in(parcel, _choice(given, "plan", PLANS, "handed_in"))

    def _deliver(self, parcel: Parcel, _given: dict[str, Any]) -> bool:
        return self._road.deliver(parcel)

    def _begin(self, request: Request) -> Reply:
        """{"states": ["IL"], "hours", "starts_in"?}"""
        given = request.object()
        states = given.get("states")
        if not isinstance(states, list) or not states or not all(isinstance(x, str) for x in states):
            raise BadJsonError("states must be a list of the codes of states")
        storm = self._road.storm(states, _hours(given, "hours"), _hours(given, "starts_in", 0.0))
        return json_reply(201, _storm(storm))

    def _end(self, _request: Request) -> Reply:
        """Storms that are not over yet end for the parcels that they have not met."""
        self._road.storms.clear()
        return json_reply(200, [])


def row(parcel: Parcel) -> dict[str, Any]:
    """A parcel as a driver of tests wants to see it."""
    return {
        "number": parcel.number,
        "carrier": parcel.carrier,
        "plan": parcel.plan_name,
        "last": parcel.last.kind,
        "stalled": parcel.stalled,
        "expected_at": stamp(parcel.expected_at),
        "next_at": stamp(parcel.due) if parcel.due else None,
        "origin": parcel.origin._asdict(),
        "destination": parcel.destination._asdict(),
        "scans": [{"kind": step.kind, "at": stamp(at), "text": step.text} for step, at in parcel.done],
    }


def _storm(storm: Storm) -> dict[str, Any]:
    return {"id": storm.id, "states": sorted(storm.states), "begins": stamp(storm.begins), "ends": stamp(storm.ends)}


def _refuse(problem: BadJsonError) -> Reply:
    return json_reply(400, {"error": str(problem)})


def _choice(given: dict[str, Any], name: str, allowed: "dict[str, Any] | tuple[str, ...]", default: str = "") -> str:
    value = given.get(name, default)
    if not isinstance(value, str) or value not in allowed:
        raise BadJsonError(f"{name} must be one of {', '.join(allowed)}")
    return value


def _hours(given: dict[str, Any], name: str, default: float | None = None, *, least: float = 0.0) -> float:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= 10_000:
        raise BadJsonError(f"{name} must be a number of hours")
    return float(value)


def _place(value: Any, default: Place) -> Place:
    if value is None:
        return default
    if not isinstance(value, dict) or set(value) - set(Place._fields):
        raise BadJsonError("a place has city, state, zip and country")
    if not {"city", "state", "zip"} <= set(value) or not all(isinstance(x, str) for x in value.values()):
        raise BadJsonError("a place needs city, state and zip as texts")
    return Place(**value)
