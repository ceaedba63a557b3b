"""What the ledger does around a return's effects at its shop: what they say, and what follows from them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.policy import Policies
from domain.returns.words import Disposition, Reception, ReturnReason
from domain.states import EffectState
from domain.states_returns import ENDED_RETURN, ReturnLineState
from ledger.effects import EffectDraft, EffectRow, Verdict
from ledger.returning.in_shop import STATE_AFTER, next_steps
from ledger.returning.requests import QUEUE, RequestRow, return_lines, return_units, set_values
from ledger.rows import insert_missing, select_by
from ledger.tables import Effect, ExternalRef, Order, OrderLine, ReturnRequest

Pairs = Sequence[tuple[EffectRow, Verdict]]
_OPEN_EFFECT = (EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN)
REF = "return"  # kind of the shop's ids of returns among the external ones


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units of a line, by the shop's id of it."""

    line: str
    units: int
    reason: ReturnReason | None


@dataclass(frozen=True, slots=True)
class PutAway:
    """What became of units. `word`: restocked, not_restocked or missing; `place` names the shop's location."""

    line: str
    word: str
    units: int
    place: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that a call about one return of a shop may need. `order` and lines in the shop's ids."""

    order: str
    reference: str
    currency: str
    fee_minor: int
    requested_at: datetime
    wanted: tuple[Wanted, ...]
    settled: Mapping[str, int]
    put_away: tuple[PutAway, ...]
    code: str


def told(session: Session, effects: Sequence[EffectRow], policies: Policies) -> dict[str, Told]:
    """By effect."""
    found: dict[str, Told] = {}
    for effect in effects:
        [request] = select_by(session, ReturnRequest, "id", [effect["subject_id"]])
        [order] = select_by(session, Order, "id", [effect["order_id"]])
        found[effect["id"]] = _told(session, request, order, policies)
    return found


def _told(session: Session, request: RequestRow, order: Mapping[str, Any], policies: Policies) -> Told:
    lines = [line for line in return_lines(session, request["id"]) if line["order_id"] == order["id"]]
    ids = {row["id"]: row["external_id"] for row in select_by(session, OrderLine, "order_id", [order["id"]])}
    rulings = request["plan"].get("lines", {})
    given = [line for line in lines if _is_given(line, rulings)]
    settled = Counter[str]()
    for line in given:
        settled[ids[line["order_line_id"]]] += line["returned"] + line["written_off"]
    reasons = request["reasons"] or [{}]
    return Told(
        order=order["external_id"],
        reference=request["id"],
        currency=order["currency"],
        fee_minor=sum(rulings.get(line["id"], {}).get("fee_minor", 0) for line in given),
        requested_at=request["created_at"],
        wanted=tuple(
            Wanted(ids[line["order_line_id"]], line["asked"], ReturnReason(line["reason"]) if line["reason"] else None)
            for line in given
        ),
        settled={line: units for line, units in settled.items() if units},
        put_away=tuple(_put_away(session, request, order, given, ids, policies)),
        code=str(reasons[0].get("code", "")),
    )


def _is_given(line: Mapping[str, Any], rulings: Mapping[str, Mapping[str, Any]]) -> bool:
    refused = line["state"] in (ReturnLineState.DECLINED, ReturnLineState.CANCELLED, ReturnLineState.EXPIRED)
    return not refused and rulings.get(line["id"], {}).get("goods", "send_back") == "send_back"


def _put_away(
    session: Session,
    request: RequestRow,
    order: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    ids: Mapping[str, str],
    policies: Policies,
) -> list[PutAway]:
    """Units in the shop's three words. What was settled without having been seen is missing."""
    target = f"{order['source']}/{order['account']}"
    places = {node.id: node.shop_locations.get(target, "") for node in policies.nodes}
    of_line = {line["id"]: ids[line["order_line_id"]] for line in lines}
    count = Counter[tuple[str, str, str]]()
    for unit in return_units(session, request["id"]):
        if unit["line_id"] not in of_line or unit["reception"] != Reception.RECEIVED:
            continue
        place = places.get(unit["location_id"], "") if unit["disposition"] == Disposition.RESTOCK else ""
        count[of_line[unit["line_id"]], "restocked" if place else "not_restocked", place] += 1
    for line in lines:
        if line["written_off"]:
            count[ids[line["order_line_id"]], "missing", ""] += line["written_off"]
    return [PutAway(line, word, units, place) for (line, word, place), units in sorted(count.items())]


def guard_open(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """Nothing is opened for what has ended before, nor before the shop knows that the goods went out."""
    rows = {row["id"]: row for row in select_by(session, ReturnRequest, "id", [e["subject_id"] for e in effects])}
    untold = {
        row["order_id"]
        for row in select_by(session, Effect, "order_id", {effect["order_id"] for effect in effects})
        if row["kind"] == "shop.fulfil" and row["state"] in _OPEN_EFFECT
    }
    found = {effect["id"]: "wait:parcel_untold" for effect in effects if effect["order_id"] in untold}
    return found | {
        effect["id"]: "cancel:return_ended"
        for effect in effects
        if rows[effect["subject_id"]]["state"] in ENDED_RETURN and not _settled(session, effect)
    }


def _settled(session: Session, effect: EffectRow) -> bool:
    lines = [line for line in return_lines(session, effect["subject_id"]) if line["order_id"] == effect["order_id"]]
    return any(line["returned"] + line["written_off"] for line in lines)


def moved(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of all of them: the shop has it so, and is told what came after it."""
    follow: list[EffectDraft] = []
    for effect, verdict in pairs:
        request = QUEUE.locked_free(session, effect["subject_id"])
        external_id = verdict.external_id or effect["request"].get("return", "")
        note(session, request, effect, external_id, STATE_AFTER[effect["kind"]])
        follow += next_steps(session, request["id"])
    return follow


def note(session: Session, request: RequestRow, order: Mapping[str, Any], external_id: str, state: str) -> RequestRow:
    """Keep how a shop has the return; `order`: an effect or a row that names order and shop."""
    order_id = order["order_id"] if "order_id" in order else order["id"]
    system, _, account = _target(order).partition("/")
    ref = {"system": system, "account": account, "kind": REF, "external_id": external_id, "our_id": request["id"]}
    insert_missing(session, ExternalRef, [ref])
    known = {**request["plan"].get("shop", {}), order_id: {"id": external_id, "state": state}}
    return set_values(session, request, plan={**request["plan"], "shop": known})


def _target(order: Mapping[str, Any]) -> str:
    return str(order["target"]) if "target" in order else f"{order['source']}/{order['account']}"


__all__ = ["REF", "PutAway", "Told", "Wanted", "guard_open", "moved", "note", "told"]
