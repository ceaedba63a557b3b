"""`aftercart cases`: what waits for a person."""

from typing import Annotated

import typer
from rich.text import Text
from sqlmodel import Session

from apps.cli.output import as_person, moment, say, show_json, table
from config import wiring
from domain.decisions import in_words
from ledger import operator
from ledger.case_queue import Filter, cases_listed, find_case
from tasks.effect_kinds import KINDS

cases = typer.Typer(help="Review cases: what waits for a person.", no_args_is_help=True)
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
    found = current.read(cases_listed, Filter(resolved=resolved), current.now(), limit=limit)
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


@cases.command()
def show(case_id: Id, as_json: AsJson = False) -> None:
    """Show a case with its facts and the choices it offers."""
    case = wiring.current().read(find_case, case_id)
    if as_json:
        show_json(case)
        return
    rows = [("about", in_words(case["kind"])), ("state", case["state"]), ("severity", case["severity"])]
    rows += [("order", case["order_id"]), ("owner", case["owner"]), ("due (UTC)", moment(case["due_at"]))]
    rows += [(str(name), str(value)) for name, value in case["facts"].items()]
    rows += [("resolution", case["resolution"])] if case["resolution"] else [("choices", ", ".join(case["choices"]))]
    table(f"Case {case_id}", ("fact", "value"), rows)


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
