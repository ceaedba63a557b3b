"""`aftercart cases`: what waits for a person."""

from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.text import Text
from sqlmodel import Session

from apps.cli.output import as_person, moment, say, show_json, table
from config import wiring
from domain.decisions import in_words
from domain.states import CaseState
from ledger import operator
from ledger.rows import select_by
from ledger.tables import Order, ReviewCase
from ledger.tables.base import table_of
from tasks.effect_kinds import KINDS

cases = typer.Typer(help="Review cases: what waits for a person.", no_args_is_help=True)
_case, _order = table_of(ReviewCase), table_of(Order)
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
Id = Annotated[str, typer.Argument(help="The case's id.", show_default=False)]


@cases.command("list")
def list_cases(
    resolved: Annotated[bool, typer.Option("--resolved", help="Show resolved ones instead of open ones.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, by due time.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List open cases, the most urgent first."""
    current = wiring.current()
    found = current.read(_list, resolved, limit)
    if as_json:
        show_json(found)
        return
    now = current.now()
    rows = [
        (
            c["id"], c["severity"], in_words(c["kind"]), c["order"], c["owner"],
            Text(moment(c["due_at"])).append(" overdue" if c["due_at"] < now and not resolved else "", style="red"),
            c["resolution"] if resolved else ", ".join(c["choices"]),
        )
        for c in found
    ]  # fmt: skip
    last = "resolution" if resolved else "choices"
    table(f"Cases ({len(found)})", ("case", "severity", "about", "order", "owner", "due (UTC)", last), rows)


def _list(session: Session, resolved: bool, limit: int) -> list[dict[str, Any]]:
    is_resolved = _case.c.state == CaseState.RESOLVED
    query = (
        sa.select(_case, _order.c.name.label("order"))
        .join(_order, _order.c.id == _case.c.order_id, isouter=True)
        .where(is_resolved if resolved else sa.not_(is_resolved))
        .order_by(_case.c.due_at)
        .limit(limit)
    )
    return [{**row, "order": row["order"] or ""} for row in session.execute(query).mappings()]


@cases.command()
def show(case_id: Id, as_json: AsJson = False) -> None:
    """Show a case with its facts and the choices it offers."""
    case = wiring.current().read(_one, case_id)
    if as_json:
        show_json(case)
        return
    rows = [("about", in_words(case["kind"])), ("state", case["state"]), ("severity", case["severity"])]
    rows += [("order", case["order_id"]), ("owner", case["owner"]), ("due (UTC)", moment(case["due_at"]))]
    rows += [(str(name), str(value)) for name, value in case["facts"].items()]
    rows += [("resolution", case["resolution"])] if case["resolution"] else [("choices", ", ".join(case["choices"]))]
    table(f"Case {case_id}", ("fact", "value"), rows)


def _one(session: Session, case_id: str) -> dict[str, Any]:
    found = select_by(session, ReviewCase, "id", [case_id])
    if not found:
        raise operator.Refused(f"there is no case {case_id}; `aftercart cases list` shows the open ones")
    return dict(found[0])


@cases.command()
def resolve(
    case_id: Id, choice: Annotated[str, typer.Argument(help="One of the choices that the case offers.")]
) -> None:
    """Decide a case."""
    as_person()
    current = wiring.current()

    def act(session: Session) -> str:
        return operator.resolve_case(
            session, case_id, choice, current.now(), {name: kind.handlers for name, kind in KINDS.items()}
        )

    say(f"Case {case_id} is resolved: {choice}; {current.ledger(act)}.")
