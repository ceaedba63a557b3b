"""`aftercart agents`: who may log in at the desk."""

import sys
from getpass import getpass
from typing import Annotated, Any

import typer
from rich.text import Text

from apps.cli.output import UserError, as_person, moment, say, show_json, table
from config import wiring
from ledger import agents as ledger_agents

agents = typer.Typer(help="Agents: who may log in at the desk.", no_args_is_help=True)
Login = Annotated[str, typer.Argument(help="The agent's login.", show_default=False)]


@agents.command()
def add(login: Login, name: Annotated[str, typer.Option(help="As colleagues see it beside what was done.")]) -> None:
    """Let somebody log in. The password is asked for, or read from standard input: its first line."""
    as_person()
    current = wiring.current()
    hashed = _hashed(_password())
    current.ledger(ledger_agents.add_agent, login=login, name=name, password_hash=hashed, now=current.now())
    say(f"Agent {login.strip().lower()} can log in at {current.settings.desk_url}.")


@agents.command("list")
def list_agents(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """List agents, disabled ones too."""
    found: list[dict[str, Any]] = [
        {name: row[name] for name in ("id", "login", "name", "active", "created_at", "last_seen_at")}
        for row in wiring.current().read(ledger_agents.agents_listed)
    ]
    if as_json:
        show_json(found)
        return
    rows = [
        (
            row["login"], row["name"], Text("active", style="green") if row["active"] else "disabled",
            moment(row["created_at"]), moment(row["last_seen_at"]),
        )
        for row in found
    ]  # fmt: skip
    table(f"Agents ({len(rows)})", ("login", "name", "", "since (UTC)", "last seen (UTC)"), rows)


@agents.command()
def disable(login: Login) -> None:
    """Throw an agent out at once. What the agent did stays in the audit trail."""
    as_person()
    current = wiring.current()
    current.ledger(ledger_agents.set_active, login, False, current.now())
    say(f"Agent {login} is disabled and logged out.")


@agents.command()
def enable(login: Login) -> None:
    """Let a disabled agent log in again."""
    as_person()
    current = wiring.current()
    current.ledger(ledger_agents.set_active, login, True, current.now())
    say(f"Agent {login} can log in again.")


@agents.command()
def password(login: Login) -> None:
    """Set a new password, asked for or from standard input; the agent is logged out everywhere."""
    as_person()
    current = wiring.current()
    current.read(ledger_agents.the_agent, login)  # before anybody types a password in vain
    hashed = _hashed(_password())
    current.ledger(ledger_agents.set_password, login, hashed, current.now())
    say(f"Agent {login} has a new password.")


def _hashed(password: str) -> str:
    from apps.desk.passwords import hash_password

    return hash_password(password)


def _password() -> str:
    """Never an argument: those stand in the shell's history and in the list of processes."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass("Password: ")
    if getpass("Once more: ") != first:
        raise UserError("the two passwords differ; nothing was changed")
    return first
