"""What happened to an order, told from its audit trail: one sentence for each line, and who it was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from apps.desk.return_words import EXCHANGE, GRADE, RETURN
from apps.desk.words import FULFILMENT, ORDER, PARCEL, REQUEST, actor_words, badge, effect_words
from domain.anomalies.facts import AnomalyKind
from domain.anomalies.words import ANOMALIES
from domain.case_words import choice_words, kind_words
from domain.decisions import in_words
from domain.money import Money
from domain.states import EffectState
from ledger.orders import EDIT_WINDOW
from ledger.stories import Rows, Story

Event = Mapping[str, Any]
_MESSAGES = ("mail.send", "sms.send")
_TELL_WHY_BACK = ("manual_review", "lost", "declined")  # states of a return
_TELL_WHY = ("awaiting_review", "refused", "expired", "undoing", "parked", "undone")  # states of a request


@dataclass(frozen=True, slots=True)
class Told:
    """One line. `minor`: a step on the way that only the whole list shows."""

    at: datetime
    text: str
    by: str
    tone: str = "calm"
    minor: bool = False
    case_id: str = ""


class Timeline:
    """`places`: names of nodes by id; `names`: of agents by actor."""

    def __init__(self, story: Story, places: Mapping[str, str], names: Mapping[str, str]) -> None:
        self._places, self._names = places, names
        self._effects = _by_id(story.effects)
        self._messages = _by_id(story.messages)
        self._anomalies = _by_id(story.anomalies)
        self._cases = _by_id(story.cases)
        self._refunds = _by_id(story.refunds)
        self._parts = {row["id"]: places.get(row["location_id"], row["location_id"]) for row in story.fulfilment_orders}
        self._parcels = {row["id"]: f"Parcel {number}" for number, row in enumerate(story.shipments, start=1)}
        self._story = story
        self._tellers: Mapping[str, Callable[[Event], tuple[str, str, bool]]] = {
            "order": self._order,
            "hold": self._hold,
            "fulfilment_order": self._part,
            "request": self._asked,
            "picking": self._picking,
            "shipment": self._parcel,
            "effect": self._effect,
            "message": self._message,
            "review_case": self._case,
            "order_contact": self._contact,
            "edit_request": self._request,
            "refund": self._refund,
            "return_request": self._return,
            "return_parcel": self._way_back,
            "return_unit": self._unit,
            "exchange": self._exchange,
            "anomaly": self._anomaly,
            "offer": self._offer,
            "carrier_claim": self._claim,
        }

    def lines(self) -> list[Told]:
        """The newest first."""
        return [self._tell(event) for event in reversed(self._story.events)]

    def of_request(self, request: Mapping[str, Any]) -> list[Told]:
        """What has become of one request, the oldest first: its own states, and what was done about it."""
        story, request_id = self._story, request["id"]
        about = {request_id}
        own = (request_id, f"{request_id}:")  # the second begins the names of a return's parts
        about |= {row["id"] for rows in (story.messages, story.cases, story.refunds) for row in rows
                  if row["subject_id"] == own[0] or row["subject_id"].startswith(own[1])}  # fmt: skip
        about |= {row["id"] for rows in (story.return_parcels, story.exchanges) for row in rows
                  if row["request_id"] == request_id}  # fmt: skip
        about |= {event["aggregate_id"] for event in story.events
                  if event["aggregate"] == "return_unit" and event["aggregate_id"].startswith(own[1])}  # fmt: skip
        calls = [row for row in story.effects if row["subject_id"] in about and row["kind"] not in _MESSAGES]
        about |= {row["id"] for row in calls}
        told = [(event, self._tell(event)) for event in story.events if event["aggregate_id"] in about]
        lines = [line for event, line in told if not line.minor or event["aggregate_id"] == request_id]
        # that a call went through is not audited by itself: its row says so
        known = {event["aggregate_id"] for event, _ in told if event["to_state"] == EffectState.DONE}
        lines += [
            Told(row["done_at"], effect_words(row["kind"])[0], actor_words("", self._names), "good")
            for row in calls
            if row["state"] == EffectState.DONE and row["done_at"] and row["id"] not in known
        ]
        if lines and told[0][0]["aggregate_id"] == request_id:  # the runner wrote it down for whoever asked
            lines[0] = replace(lines[0], by=actor_words(request["actor"], self._names))
        return sorted(lines, key=lambda line: line.at)

    def _tell(self, event: Event) -> Told:
        teller = self._tellers.get(event["aggregate"], self._other)
        text, tone, minor = teller(event)
        case_id = event["aggregate_id"] if event["aggregate"] == "review_case" else ""
        return Told(event["at"], text, actor_words(event["actor"], self._names), tone, minor, case_id)

    def _order(self, event: Event) -> tuple[str, str, bool]:
        to, cause = event["to_state"], in_words(event["cause"])
        if to == event["from_state"]:
            return f"By hand: {cause}", "calm", False
        word, tone = badge(ORDER, to)
        if to == "received":
            return "The order came in", "busy", False
        if to in ("held", "cancelled"):
            return f"{word}: {cause}", tone, False
        return word, tone, to in ("validating", "routing", "in_fulfilment")  # its parts say where and when

    def _hold(self, event: Event) -> tuple[str, str, bool]:
        name = event["to_state"] or event["from_state"]
        window = name == EDIT_WINDOW
        if event["to_state"]:
            why = "" if window else f" ({in_words(event['cause'])})"
            return ("The edit window opened" if window else f"Held for {in_words(name)}{why}"), "warn", window
        return ("The edit window closed" if window else f"The hold for {in_words(name)} ended"), "good", window

    def _part(self, event: Event) -> tuple[str, str, bool]:
        place, to = self._parts.get(event["aggregate_id"], ""), event["to_state"]
        if not event["from_state"]:
            return f"Planned for {place}", "busy", False
        word, tone = badge(FULFILMENT, to)
        return f"{place}: {word.lower()}", tone, to == "open"

    def _asked(self, event: Event) -> tuple[str, str, bool]:
        place, to = self._parts.get(event["aggregate_id"], ""), event["to_state"]
        if to == "rejected":
            return f"{place} refused it ({in_words(event['cause'])})", "bad", False
        said = {"submitted": "was asked", "accepted": "took it", "cancelled": "gave it back"}
        return f"{place} {said.get(to, in_words(to))}", "good" if to == "accepted" else "calm", to not in said or (
            to == "submitted")  # fmt: skip

    def _picking(self, event: Event) -> tuple[str, str, bool]:
        place = self._parts.get(event["aggregate_id"], "")
        said = {"handed_over": "handed to the carrier", "short": "units were missing"}
        step = said.get(event["to_state"], in_words(event["to_state"]))
        return f"{place}: {step}", "warn" if event["to_state"] == "short" else "busy", False

    def _parcel(self, event: Event) -> tuple[str, str, bool]:
        word, tone = badge(PARCEL, event["to_state"])
        parcel = self._parcels.get(event["aggregate_id"], "Parcel")
        return f"{parcel}: {word.lower()}", tone, event["to_state"] == "unknown"

    def _effect(self, event: Event) -> tuple[str, str, bool]:
        row = self._effects[event["aggregate_id"]]
        done, wanted = effect_words(row["kind"])
        to, mail = event["to_state"], row["kind"] in _MESSAGES
        if to == "done":
            return done, "good", mail
        said = {
            "rejected": ("Refused", "bad"),
            "unknown": ("No clear answer", "warn"),
            "parked": ("Given to a person", "bad"),
        }
        if to in said:
            word, tone = said[to]
            return f"{word}: to {wanted} ({in_words(event['cause'])})", tone, False
        return f"To {wanted}: {in_words(to)}", "calm", True

    def _message(self, event: Event) -> tuple[str, str, bool]:
        row, to = self._messages[event["aggregate_id"]], event["to_state"]
        kind, name = in_words(row["kind"]), "Text" if row["channel"] == "sms" else "Mail"
        if to == "sent":
            return f"{name} sent: {kind}", "good", False
        if to in ("failed", "bounced"):
            return f"{name} not delivered: {kind} ({in_words(event['cause'])})", "bad", False
        why = f" ({in_words(event['cause'])})" if to == "suppressed" else ""
        return f"{name} {'left out' if to == 'suppressed' else 'wanted'}: {kind}{why}", "calm", True

    def _case(self, event: Event) -> tuple[str, str, bool]:
        kind, cause = self._cases[event["aggregate_id"]]["kind"], event["cause"]
        title = kind_words(kind)[0]
        if not event["from_state"]:
            return f"Case opened: {title}", "warn", False
        if event["to_state"] == "resolved":
            return f"Case decided: {title}. {choice_words(kind, cause).label}", "good", False
        what, _, rest = cause.partition(":")
        if what in ("asked", "answered"):
            told = "Case waits for the customer" if what == "asked" else "Case came back with an answer"
            return f"{told}: {title}", "calm", True
        if what == "handed_over":
            return (
                f"Case handed over: {title}, to {actor_words(rest, self._names) if ':' in rest else rest}",
                "calm",
                False,
            )
        return f"Note written: {title}", "calm", False

    def _contact(self, event: Event) -> tuple[str, str, bool]:
        where = {"shop": "in the shop", "customer": "by the customer", "agent": "by an agent"}
        how = where.get(event["cause"], in_words(event["cause"]))
        return f"The delivery address was changed {how}", "busy", False

    def _request(self, event: Event) -> tuple[str, str, bool]:
        if event["from_state"] == event["to_state"]:
            asked = event["cause"].startswith("asked:")
            return ("The customer was asked a question" if asked else "The question was answered"), "busy", False
        word, tone = badge(REQUEST, event["to_state"])
        on_the_way = event["to_state"] in ("quoted", "fencing", "at_node", "committing", "confirming")
        why = f" ({in_words(event['cause'])})" if event["to_state"] in _TELL_WHY else ""
        return f"Request for a change: {word[:1].lower()}{word[1:]}{why}", tone, on_the_way

    def _refund(self, event: Event) -> tuple[str, str, bool]:
        row = self._refunds[event["aggregate_id"]]
        amount = Money(row["amount_minor"], row["currency"]).display()
        return f"Refund of {amount}: {in_words(event['to_state'])}", "good", event["to_state"] == "executing"

    def _return(self, event: Event) -> tuple[str, str, bool]:
        if event["from_state"] == event["to_state"]:
            return self._request(event)
        word, tone = badge(RETURN, event["to_state"])
        why = f" ({in_words(event['cause'])})" if event["to_state"] in _TELL_WHY_BACK else ""
        return f"Return: {word[:1].lower()}{word[1:]}{why}", tone, event["to_state"] in ("approved", "inspected")

    def _way_back(self, event: Event) -> tuple[str, str, bool]:
        word, tone = badge(PARCEL, event["to_state"])
        return f"Parcel on its way back: {word.lower()}", tone, event["to_state"] in ("unknown", "label_created")

    def _unit(self, event: Event) -> tuple[str, str, bool]:
        return f"Unit graded: {GRADE.get(event['to_state'], in_words(event['to_state']))}", "calm", False

    def _offer(self, event: Event) -> tuple[str, str, bool]:
        """What was offered for a parcel, and what the customer made of it."""
        kinds = {row["id"]: in_words(row["kind"]) for row in self._story.offers}
        kind, to = kinds.get(event["aggregate_id"], ""), event["to_state"]
        why = f": {in_words(event['cause'])}" if to in ("withdrawn", "expired", "declined") else ""
        tone = "good" if to == "executed" else "calm"
        return f"Offer ({kind}) {in_words(to)}{why}", tone, to in ("proposed", "declined")

    def _claim(self, event: Event) -> tuple[str, str, bool]:
        to = event["to_state"]
        return f"Claim against the carrier: {in_words(to)}", "good" if to == "paid" else "calm", to == "waiting"

    def _exchange(self, event: Event) -> tuple[str, str, bool]:
        word, tone = badge(EXCHANGE, event["to_state"])
        why = f" ({in_words(event['cause'])})" if event["to_state"] == "given_up" else ""
        return f"Goods in exchange: {word[:1].lower()}{word[1:]}{why}", tone, event["to_state"] == "ordering"

    def _anomaly(self, event: Event) -> tuple[str, str, bool]:
        words = ANOMALIES[AnomalyKind(self._anomalies[event["aggregate_id"]]["kind"])]
        if not event["from_state"]:
            return f"Parcel in trouble: {words}", "warn", False
        return f"Parcel no longer in trouble ({words}): {in_words(event['cause'])}", "good", False

    def _other(self, event: Event) -> tuple[str, str, bool]:
        what = in_words(event["aggregate"])
        return f"{what.capitalize()}: {in_words(event['to_state'] or event['cause'])}", "calm", True


def _by_id(rows: Rows) -> dict[str, Mapping[str, Any]]:
    return {row["id"]: row for row in rows}
