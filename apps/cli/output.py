"""What all commands share: the console, JSON output, and one clear line for a mistake instead of a traceback."""

import getpass
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pydantic
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table
from rich.text import Text

from apps.prefect_api import PrefectUnreachable
from apps.processes import StartError
from apps.simulate.errors import SimulationError
from config import wiring
from config.accounts import ConfigError
from config.brand import BrandError
from connectors.errors import ConnectorError
from ledger import audit
from ledger.operator import Refused
from ledger.schema import SchemaError
from ledger.session import said_by, what_is_wrong

PROBLEM, MISTAKE = 1, 2
# No markup: order names and vendors' words may hold brackets.
console = Console(markup=False, emoji=False, highlight=False)
errors = Console(stderr=True, markup=False, emoji=False, highlight=False)


class UserError(Exception):
    """The user asked for something that cannot be; the message says what and the mend."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn what a user or an operator can mend into one line. Exits: 1 for a state of affairs, 2 for a mistake."""
    try:
        yield
    except (ConfigError, BrandError, UserError) as error:
        _leave(str(error), MISTAKE)
    except pydantic.ValidationError as error:
        fields = ", ".join(f"AFTERCART_{str(e['loc'][0]).upper()} ({e['msg']})" for e in error.errors() if e["loc"])
        _leave(f"settings are wrong: {fields}", MISTAKE)
    except (Refused, StartError, SimulationError, PrefectUnreachable, ConnectorError, SchemaError) as error:
        _leave(str(error), PROBLEM)
    except sa.exc.DBAPIError as error:
        _leave(database_problem(error), PROBLEM)
    except KeyboardInterrupt:
        _leave("stopped", 130)
    except BrokenPipeError:
        sys.exit(0)


def database_problem(error: sa.exc.DBAPIError) -> str:
    """Name the database and the mend. Never the statement's values."""
    text = said_by(error)
    place = wiring.current().engine.url.render_as_string(hide_password=True)
    if (
        "no such table" in text
        or "unable to open database file" in text
        or "UndefinedTable" in type(error.orig).__name__
    ):
        return f"the database {place} has not been set up for this version; run `aftercart migrate`"
    if "locked" in text:
        return f"the database {place} is busy with another writer; try again"
    said = what_is_wrong(error)
    if not said.startswith("went away"):
        return f"the database {place} {said}"
    return f"the database {place} cannot be used ({text}); check AFTERCART_DATABASE_URL and that the server runs"


def _leave(message: str, code: int) -> None:
    errors.print(Text.assemble(("aftercart: ", "bold red"), message), soft_wrap=True)
    sys.exit(code)


def as_person() -> None:
    """Sign what follows with the user's name in the audit trail."""
    audit.actor.set(f"person:{getpass.getuser()}")


def show_json(value: Any) -> None:
    """Machine-readable output, nothing else on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    return dict(value) if isinstance(value, Mapping) else str(value)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """A readable table; nothing but its title when there is no row. Cells are shown as they are, vendors' brackets
    too, unless they are `Text`."""
    made = Table(box=None, pad_edge=False, header_style="dim", show_header=any(columns))
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text("" if cell is None else str(cell)) for cell in row))
    console.print(Text(title, style="bold"))
    console.print(made if rows else Text("  none", style="dim"))


def moment(value: datetime | None) -> str:
    return "" if value is None else f"{value:%Y-%m-%d %H:%M}"


def say(line: str) -> None:
    """One line of plain words, never broken by the terminal's width: it is read by scripts too."""
    console.print(line, soft_wrap=True)
