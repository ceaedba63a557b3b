"""`aftercart clock`: see and move the product's time."""

from datetime import timedelta
from typing import Annotated

import httpx
import sqlalchemy as sa
import typer
from sqlmodel import Session

from apps.cli.output import UserError, as_person, console, say, show_json
from config import wiring
from config.reading import duration
from ledger import audit
from ledger.tables import Clock
from ledger.tables.base import table_of

clock = typer.Typer(help="The product's clock: real time plus an offset.", no_args_is_help=True)
_clock = table_of(Clock)


@clock.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Show the product's time and how far it is ahead of real time."""
    now = wiring.current().now()
    ahead = timedelta(seconds=round((now - wiring.current().real_now()).total_seconds()))
    if as_json:
        show_json({"now": now, "offset_s": ahead.total_seconds()})
    else:
        console.print(
            f"{now:%Y-%m-%d %H:%M:%S} UTC, {ahead} ahead of real time" if ahead else f"{now:%Y-%m-%d %H:%M:%S} UTC"
        )


@clock.command()
def advance(
    by: Annotated[str, typer.Argument(help='How far, such as "45 min", "6 h" or "3 d".')],
) -> None:
    """Move the product's time forward, for all processes and the sandbox at once."""
    try:
        step = duration(by)
    except ValueError as error:
        raise UserError(f"{by!r}: {error}") from None
    as_person()
    current = wiring.current()
    if not current.settings.sandbox_control_url:
        raise UserError(
            "the clock moves only with the sandbox: set AFTERCART_SANDBOX_CONTROL_URL, or start with --sandbox"
        )
    # the vendors first: what they sign meanwhile must not look old to us
    offset = current.read(read_offset) + step.total_seconds()
    url = f"{current.settings.sandbox_control_url}/clock"
    try:
        httpx.post(url, json={"offset_s": offset}, timeout=30).raise_for_status()
    except httpx.HTTPError as error:
        raise UserError(f"the sandbox did not follow ({type(error).__name__} at {url}); is it running?") from None
    current.ledger(set_offset, offset)
    current.clock.forget()
    say(f"It is now {current.now():%Y-%m-%d %H:%M:%S} UTC.")


def read_offset(session: Session) -> float:
    """How far the product's clock is ahead, in seconds."""
    return float(session.execute(sa.select(_clock.c.offset_s).where(_clock.c.id == 1)).scalar_one())


def set_offset(session: Session, offset_s: float) -> None:
    """Move the product's clock for every process on this ledger."""
    session.execute(sa.update(_clock).where(_clock.c.id == 1).values(offset_s=offset_s))
    now = wiring.current().real_now() + timedelta(seconds=offset_s)
    audit.append(session, [audit.entry("clock", "1", "", f"{offset_s:.0f}", "advance", now)])
