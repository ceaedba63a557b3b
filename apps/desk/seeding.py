"""An agent to try the desk with: only where every vendor is a fake one, with a new password at each start."""

import secrets
from dataclasses import dataclass, field

from sqlmodel import Session

from config.wiring import Wiring
from ledger import agents, audit

LOGIN, NAME = "sandbox", "Sandbox agent"


@dataclass(frozen=True, slots=True)
class DeskLogin:
    """Printed once, kept nowhere."""

    login: str
    password: str = field(repr=False)

    def __str__(self) -> str:
        return f"log in as {self.login} with the password {self.password}"


def seed_agent(wiring: Wiring) -> DeskLogin | None:
    """Make the agent, or give it a new password; none where a real vendor's account is configured."""
    sandbox = wiring.settings.sandbox_control_url.rpartition("/")[0]
    if not sandbox or not all(address.startswith(f"{sandbox}/") for address in wiring.accounts.addresses):
        return None
    from apps.desk.passwords import hash_password  # here: every command loads this module, few need the hasher

    made = DeskLogin(LOGIN, secrets.token_urlsafe(12))
    hashed = hash_password(made.password)

    def act(session: Session) -> None:
        now = wiring.now()
        if agents.find_agent(session, LOGIN) is None:
            agents.add_agent(session, login=LOGIN, name=NAME, password_hash=hashed, now=now)
        else:
            agents.set_password(session, LOGIN, hashed, now)

    acting = audit.actor.set("sandbox")
    try:
        wiring.ledger(act)
    finally:
        audit.actor.reset(acting)
    return made
