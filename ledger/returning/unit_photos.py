"""Photos of units that came back, as the warehouse takes them while it grades."""

from collections.abc import Sequence

from sqlmodel import Session

from ledger.returning.requests import return_lines, return_units
from ledger.rows import select_by, update_by
from ledger.tables import ReturnRequest, ReturnUnit


def order_of_unit(session: Session, location_id: str, request_id: str, unit_id: str) -> str | None:
    """The order that a unit at this place belongs to; none when there is no such unit there."""
    units = {unit["id"]: unit for unit in return_units(session, request_id)}
    unit = units.get(unit_id)
    if unit is None or unit["location_id"] != location_id:
        return None
    lines = {line["id"]: line["order_id"] for line in return_lines(session, request_id)}
    [request] = select_by(session, ReturnRequest, "id", [request_id])
    return str(lines.get(unit["line_id"], request["order_id"]))


def attach(session: Session, unit_id: str, photo_ids: Sequence[str]) -> None:
    """Name these photos with the unit, each once."""
    [unit] = select_by(session, ReturnUnit, "id", [unit_id], lock=True)
    update_by(session, ReturnUnit, [{"id": unit_id, "photos": list(dict.fromkeys([*unit["photos"], *photo_ids]))}])
