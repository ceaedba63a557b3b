"""`aftercart orders`: list, look at, hold, release, retry."""

from typing import Annotated, Any

import typer
from sqlmodel import Session

from apps.cli.order_story import print_story, read_story
from apps.cli.output import as_person, console, moment, say, show_json, table
from config import wiring
from domain.money import to_decimal_text
from domain.states import OrderState
from ledger import operator
from ledger.order_search import OrderFilter, orders_listed
from ledger.orders import OrderRow

orders = typer.Typer(help="Orders: list, show, hold, release, retry.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The order's name (#1001 or 1001) or our id.", show_default=False)]
Account = Annotated[str, typer.Option(help="Which shop, as SYSTEM/ACCOUNT, where several use the same name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


@orders.command("list")
def list_orders(
    state: Annotated[OrderState | None, typer.Option(help="Only orders in this state.")] = None,
    account: Annotated[str, typer.Option(help="Only this shop, as SYSTEM/ACCOUNT.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 30,
    as_json: AsJson = False,
) -> None:
    """List orders, newest first."""
    found = wiring.current().read(_list, state, account, limit)
    if as_json:
        show_json(found)
        return
    columns = ("order", "shop", "placed (UTC)", "total", "state", "held for")
    rows = [
        (o["name"], o["shop"], moment(o["placed_at"]), o["total"], o["state"], ", ".join(o["held_for"])) for o in found
    ]
    table(f"Orders ({len(found)})", columns, rows, right=("total",))


def _list(session: Session, state: str | None, account: str, limit: int) -> list[dict[str, Any]]:
    found = orders_listed(session, OrderFilter(state=state or "", account=account), limit=limit)
    return [
        {
            "id": row["id"], "name": row["name"], "shop": operator.account_of(row), "placed_at": row["placed_at"],
            "total": f"{to_decimal_text(row['total_minor'], row['currency'])} {row['currency']}", "state": row["state"],
            "held_for": row["held_for"],
        }
        for row in found
    ]  # fmt: skip


@orders.command()
def show(
    name: Name,
    account: Account = "",
    personal: Annotated[
        bool, typer.Option("--personal", help="Show name, address, e-mail and phone unmasked.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell an order's story: facts, lines, holds, money, parcels, messages, decisions, timeline."""
    story = wiring.current().read(read_story, name, account, personal)
    if as_json:
        show_json(story)
    else:
        print_story(story)


@orders.command()
def hold(
    name: Name, reason: Annotated[str, typer.Argument(help="Why, in a few words.")], account: Account = ""
) -> None:
    """Keep an order from being released until you release the hold."""
    as_person()
    current = wiring.current()

    def act(session: Session) -> OrderRow:
        order = operator.find_order(session, name, account=account)
        operator.hold(session, order, reason, current.now())
        return order

    order = current.ledger(act)
    say(f"{order['name']} is held. `aftercart orders release {order['name'].removeprefix('#')}` lets it go.")


@orders.command()
def release(
    name: Name,
    hold_name: Annotated[
        str, typer.Argument(metavar="HOLD", help="The hold's name, as `orders show` lists it.")
    ] = operator.HOLD,
    account: Account = "",
) -> None:
    """End a hold and put the order in line again."""
    as_person()
    current = wiring.current()

    def act(session: Session) -> tuple[OrderRow, str]:
        order = operator.find_order(session, name, account=account)
        return order, operator.release(session, order, hold_name, current.now())

    order, stage = current.ledger(act)
    say(f"{order['name']}: the hold {hold_name} has ended; in line for {stage}.")


@orders.command()
def retry(name: Name, account: Account = "") -> None:
    """Try everything of an order that waits, now."""
    as_person()
    current = wiring.current()

    def act(session: Session) -> tuple[OrderRow, int, int]:
        order = operator.find_order(session, name, account=account)
        return order, *operator.retry(session, order, current.now())

    order, stages, effects = current.ledger(act)
    if stages or effects:
        say(f"{order['name']}: {stages} stages and {effects} outside effects are tried now.")
    else:
        console.print(
            f"{order['name']} waits for nothing that could be tried; `aftercart orders show` says why it stands."
        )
