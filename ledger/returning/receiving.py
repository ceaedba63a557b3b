"""What the warehouse finds in a parcel that came back, unit by unit: taken in, graded, and put where it belongs.

Stock and money move separately: a unit is stock again, or not, the moment it is graded; what it is worth to the
customer is settled by its request (`ledger.returning.settling`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from domain.returns.words import Disposition, Grade, Reception
from domain.states_returns import ReturnLineState, ReturnState
from ledger import audit
from ledger.cases import CaseDraft, open_cases
from ledger.restock import wake_waiting
from ledger.returning import clocks
from ledger.returning.requests import (
    LineRow,
    RequestRow,
    UnitRow,
    move_lines,
    move_request,
    orders_and_request,
    return_lines,
    return_units,
    wake,
)
from ledger.rows import Row, insert_rows, update_by
from ledger.stock import put_back
from ledger.tables import ReturnUnit

OPENED = (ReturnState.RECEIVED, ReturnState.INSPECTED, ReturnState.MANUAL_REVIEW)
COMES = (ReturnState.APPROVED, ReturnState.LABEL_ISSUED, ReturnState.IN_TRANSIT, ReturnState.LOST, ReturnState.EXPIRED)
AWAITED = (ReturnLineState.APPROVED, ReturnLineState.MISSING, ReturnLineState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Found:
    """One unit as it was found. `line_id`: the return line that it stands for; empty for what nobody announced, and
    where the product says it. `grade` where it was looked at too; `photos`: ids of documents of its order."""

    sku: str
    reception: str = Reception.RECEIVED
    line_id: str = ""
    grade: str = ""
    photos: Sequence[str] = ()


def take_in(session: Session, request_id: str, location_id: str, found: Sequence[Found], now: datetime) -> str:
    """A parcel has been opened. Returns received, not_so (it does not fit the request: a person's case) or too_late."""
    _, request = orders_and_request(session, request_id, None)
    if request["state"] not in (*COMES, *OPENED):
        return _strange(session, request, location_id, found, f"request_{request['state']}", now)
    lines = {line["id"]: line for line in return_lines(session, request_id)}
    named = _named(found, lines)
    problem = _misfit(named, lines)
    if problem:
        return _strange(session, request, location_id, found, problem, now)
    if request["state"] in COMES:
        request = move_request(
            session, request, ReturnState.RECEIVED, "opened", now, location_id=location_id, expires_at=None
        )
    known = Counter(unit["line_id"] or "x" for unit in return_units(session, request_id))
    rows: list[Row] = []
    for unit in named:
        key = unit.line_id or "x"
        known[key] += 1
        here = unit.reception != Reception.MISSING
        name = f"{unit.line_id}:{known[key]}" if unit.line_id else f"{request_id}:x{known[key]}"
        rows.append(
            {
                "id": name, "request_id": request_id, "line_id": unit.line_id, "sku": unit.sku,
                "reception": str(unit.reception), "location_id": location_id if here else "",
                "grade": unit.grade if here else "", "disposition": "", "movement_id": "", "refunded": False,
                "photos": list(unit.photos), "received_at": now if here else None,
                "inspected_at": now if here and unit.grade else None,
            }
        )  # fmt: skip
    insert_rows(session, ReturnUnit, rows)
    _note_grades(session, [row for row in rows if row["grade"]], now)
    _move_found(session, [lines[i] for i in sorted({unit.line_id for unit in named} - {""})], named, now)
    wake(session, request_id, now)
    return "received"


def _named(found: Sequence[Found], lines: Mapping[str, LineRow]) -> list[Found]:
    """Each with its line: where only the product is told, a line of it that still waits for a unit."""
    left = {line["id"]: line["waiting"] for line in lines.values() if line["state"] in AWAITED}
    for unit in found:
        if unit.line_id in left:
            left[unit.line_id] -= 1
    named: list[Found] = []
    for unit in found:
        fits = [i for i, units in left.items() if units > 0 and lines[i]["sku"] == unit.sku]
        if not unit.line_id and unit.reception == Reception.RECEIVED and fits:
            left[fits[0]] -= 1
            named.append(replace(unit, line_id=fits[0]))
        elif not unit.line_id and unit.reception == Reception.RECEIVED:
            named.append(replace(unit, reception=Reception.EXTRA))
        else:
            named.append(unit)
    return named


def _misfit(found: Sequence[Found], lines: Mapping[str, LineRow]) -> str:
    """Why it cannot be what the request announced; "" when it can."""
    count = Counter(unit.line_id for unit in found if unit.line_id)
    for line_id, units in count.items():
        if line_id not in lines:
            return "unknown_line"
        if lines[line_id]["state"] not in AWAITED or units > lines[line_id]["waiting"]:
            return "more_than_announced"
    words, grades = {str(reception) for reception in Reception}, {"", *(str(grade) for grade in Grade)}
    if any(unit.reception not in words for unit in found):
        return "unknown_reception"
    return "" if all(unit.grade in grades for unit in found) else "unknown_grade"


def _move_found(session: Session, lines: Sequence[LineRow], found: Sequence[Found], now: datetime) -> None:
    here = {unit.line_id for unit in found if unit.reception == Reception.RECEIVED}
    came = [line for line in lines if line["id"] in here]
    gone = [line for line in lines if line["id"] not in here and line["state"] != ReturnLineState.MISSING]
    move_lines(session, came, ReturnLineState.RECEIVED, "opened", now)
    move_lines(
        session, [g for g in gone if g["state"] == ReturnLineState.APPROVED], ReturnLineState.MISSING, "not_there", now
    )


def _strange(
    session: Session, request: RequestRow, location_id: str, found: Sequence[Found], why: str, now: datetime
) -> str:
    """The warehouse holds something that no rule knows what to do with."""
    draft = CaseDraft(
        key=f"return_strange:{request['id']}",
        kind="return_strange",
        order_id=request["order_id"],
        subject_id=request["id"],
        owner="warehouse",
        facts={"why": why, "location": location_id, "skus": dict(Counter(unit.sku for unit in found))},
        choices=["sent_on", "kept_aside"],
    )
    open_cases(session, [draft], now)
    return "not_so"


def grade_units(
    session: Session,
    request_id: str,
    grades: Mapping[str, str],
    now: datetime,
    photos: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """An inspection's word, with `photos` by unit. A unit is graded once; the same word again changes nothing. Returns
    inspected or not_so."""
    orders_and_request(session, request_id, None)
    units = {unit["id"]: unit for unit in return_units(session, request_id)}
    known = {str(grade) for grade in Grade}
    if any(i not in units or grade not in known for i, grade in grades.items()):
        return "not_so"
    fresh = [
        {**units[i], "grade": grade, "photos": list(dict.fromkeys([*units[i]["photos"], *(photos or {}).get(i, ())]))}
        for i, grade in sorted(grades.items())
        if not units[i]["grade"] and units[i]["reception"] != Reception.MISSING
    ]
    graded = [{"inspected_at": now} | {name: unit[name] for name in ("id", "grade", "photos")} for unit in fresh]
    update_by(session, ReturnUnit, graded)
    _note_grades(session, fresh, now)
    wake(session, request_id, now)
    return "inspected"


def _note_grades(session: Session, units: Sequence[UnitRow], now: datetime) -> None:
    """Whose word it was, because money follows from it."""
    audit.append(session, [audit.entry("return_unit", unit["id"], "", unit["grade"], "graded", now) for unit in units])


def all_graded(units: Sequence[UnitRow]) -> bool:
    return all(unit["grade"] or unit["reception"] == Reception.MISSING for unit in units)


def put_away(session: Session, request: RequestRow, chosen: Mapping[str, Disposition], now: datetime) -> list[UnitRow]:
    """Units go where they belong, each once; what goes back onto the shelf may be promised at once. Returns all units
    as they are now. The caller holds the request's lock."""
    units = {unit["id"]: dict(unit) for unit in return_units(session, request["id"])}
    fresh = [i for i in sorted(chosen) if not units[i]["disposition"]]
    for i in fresh:
        units[i] |= {"disposition": str(chosen[i]), "movement_id": ""}
    shelf: dict[str, list[str]] = {}
    for i in fresh:
        if chosen[i] is Disposition.RESTOCK:
            shelf.setdefault(units[i]["location_id"], []).append(i)
    skus: set[str] = set()
    for location_id, ids in sorted(shelf.items()):
        moved = put_back(session, location_id, [(units[i]["sku"], f"return:{i}") for i in ids], now)
        for i, movement_id in zip(ids, moved, strict=True):
            units[i]["movement_id"] = movement_id
            skus.add(units[i]["sku"])
    columns = ("id", "disposition", "movement_id")
    update_by(session, ReturnUnit, [{name: units[i][name] for name in columns} for i in fresh])
    wake_waiting(session, sorted(skus), now)
    clocks.stop(session, request, "inspected", now, [clocks.INSPECTION])
    return list(units.values())


def count_back(session: Session, request: RequestRow, now: datetime) -> list[LineRow]:
    """Lines whose units have all been looked at: what came has come back, what did not still waits. Returns the
    request's lines as they are now."""
    units = return_units(session, request["id"])
    here = Counter(unit["line_id"] for unit in units if unit["reception"] == Reception.RECEIVED and unit["grade"])
    lines = return_lines(session, request["id"])
    ready = [line for line in lines if line["state"] == ReturnLineState.RECEIVED]
    moved = move_lines(
        session,
        ready,
        ReturnLineState.INSPECTED,
        "graded",
        now,
        returned={line["id"]: here[line["id"]] for line in ready},
    )
    by_id = {line["id"]: line for line in moved}
    return [by_id.get(line["id"], line) for line in lines]


__all__ = ["AWAITED", "COMES", "OPENED", "Found", "all_graded", "count_back", "grade_units", "put_away", "take_in"]
