"""Agents of the desk and their sessions. Passwords come as hashes and tokens as digests: neither is kept here."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.ids import new_id
from ledger import audit
from ledger.operator import Refused
from ledger.rows import insert_missing, insert_rows, mappings, select_by, update_by
from ledger.tables import Agent, AgentSession
from ledger.tables.base import table_of

AgentRow = Mapping[str, Any]
ACTOR = "person:"  # what a person has cleared is not held again, so an agent acts as one
SEEN_EVERY = timedelta(minutes=1)  # a page that is read does not write the ledger each time
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,63}")
_agent, _session = table_of(Agent), table_of(AgentSession)


@dataclass(frozen=True, slots=True)
class Visit:
    """A session that is good now. `stale`: it is time to note that the agent was here."""

    session_id: str
    agent_id: str
    name: str
    stale: bool

    @property
    def actor(self) -> str:
        return actor_of(self.agent_id)


def actor_of(agent_id: str) -> str:
    """An agent in the audit trail, and as an owner of cases and holds."""
    return f"{ACTOR}{agent_id}"


def digest_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def add_agent(session: Session, *, login: str, name: str, password_hash: str, now: datetime) -> str:
    """Returns the agent's id. Raises: Refused for a login that is taken or cannot be one."""
    wanted = login.strip().lower()
    if not _LOGIN.fullmatch(wanted):
        raise Refused("a login has 2 to 64 letters a-z, digits or . _ @ + - and begins with a letter or a digit")
    if not name.strip() or not name.isprintable():
        raise Refused("an agent needs a name of printable characters: colleagues see it beside what was done")
    row = {
        "id": new_id("agt"), "login": wanted, "name": name.strip(), "password_hash": password_hash,
        "active": True, "created_at": now,
    }  # fmt: skip
    if not insert_missing(session, Agent, [row]):
        raise Refused(f"there is an agent {wanted} already; `aftercart agents password {wanted}` sets a new password")
    _note(session, str(row["id"]), "", "active", "added", now)
    return str(row["id"])


def agents_listed(session: Session) -> list[AgentRow]:
    """All of them, by login, with when each was last seen."""
    seen = sa.func.max(_session.c.last_seen_at).label("last_seen_at")
    query = (
        sa.select(_agent, seen)
        .join(_session, _session.c.agent_id == _agent.c.id, isouter=True)
        .group_by(*_agent.c)
        .order_by(_agent.c.login)
    )
    return mappings(session, query)


def find_agent(session: Session, login: str) -> AgentRow | None:
    found = select_by(session, Agent, "login", [login.strip().lower()])
    return found[0] if found else None


def the_agent(session: Session, login: str) -> AgentRow:
    """Raises: Refused."""
    found = find_agent(session, login)
    if found is None:
        raise Refused(f"there is no agent {login}; `aftercart agents list` shows them")
    return found


def names_of(session: Session, actors: Iterable[str]) -> dict[str, str]:
    """Names of those actors who are agents, by actor."""
    ids = {actor: actor.partition(":")[2] for actor in actors if ":agt_" in actor}
    names = {row["id"]: row["name"] for row in select_by(session, Agent, "id", sorted(set(ids.values())))}
    return {actor: names[agent_id] for actor, agent_id in ids.items() if agent_id in names}


def set_password(session: Session, login: str, password_hash: str, now: datetime) -> None:
    """Whoever is logged in as this agent is logged out. Raises: Refused."""
    agent = the_agent(session, login)
    update_by(session, Agent, [{"id": agent["id"], "password_hash": password_hash}])
    _end_all(session, agent["id"], now)
    _note(session, agent["id"], "", "", "password_set", now)


def renew_hash(session: Session, agent_id: str, password_hash: str) -> None:
    """The same password under today's parameters."""
    update_by(session, Agent, [{"id": agent_id, "password_hash": password_hash}])


def set_active(session: Session, login: str, active: bool, now: datetime) -> None:
    """A disabled agent is thrown out at once. Raises: Refused."""
    agent = the_agent(session, login)
    if agent["active"] == active:
        raise Refused(f"{login} is {'active' if active else 'disabled'} already")
    update_by(session, Agent, [{"id": agent["id"], "active": active}])
    if not active:
        _end_all(session, agent["id"], now)
    before, after = ("disabled", "active") if active else ("active", "disabled")
    _note(session, agent["id"], before, after, "enabled" if active else "disabled", now)


def open_session(session: Session, agent_id: str, digest: str, *, lives: timedelta, now: datetime) -> None:
    """A login; sessions that have run out are forgotten on the way."""
    session.execute(sa.delete(_session).where(_session.c.expires_at < now))
    row = {"id": digest, "agent_id": agent_id, "created_at": now, "expires_at": now + lives, "last_seen_at": now}
    insert_rows(session, AgentSession, [row])
    _note(session, agent_id, "", "logged_in", "login", now)


def visit_of(session: Session, digest: str, *, idle: timedelta, now: datetime) -> Visit | None:
    """The session of this token's digest, unless it was ended, has run out, or its agent is disabled."""
    query = (
        sa.select(_session.c.id, _session.c.agent_id, _session.c.last_seen_at, _agent.c.name)
        .join(_agent, _agent.c.id == _session.c.agent_id)
        .where(
            _session.c.id == digest,
            _session.c.revoked_at.is_(None),
            _session.c.expires_at > now,
            _session.c.last_seen_at > now - idle,
            _agent.c.active.is_(True),
        )
    )
    for row in mappings(session, query):
        return Visit(row["id"], row["agent_id"], row["name"], stale=row["last_seen_at"] < now - SEEN_EVERY)
    return None


def see(session: Session, digest: str, now: datetime) -> None:
    """The agent is here: the session does not run idle."""
    update_by(session, AgentSession, [{"id": digest, "last_seen_at": now}])


def end_session(session: Session, visit: Visit, now: datetime) -> None:
    update_by(session, AgentSession, [{"id": visit.session_id, "revoked_at": now}])
    _note(session, visit.agent_id, "logged_in", "", "logout", now)


def _end_all(session: Session, agent_id: str, now: datetime) -> None:
    open_ones = sa.update(_session).where(_session.c.agent_id == agent_id, _session.c.revoked_at.is_(None))
    session.execute(open_ones.values(revoked_at=now))


def _note(session: Session, agent_id: str, before: str, after: str, cause: str, now: datetime) -> None:
    audit.append(session, [audit.entry("agent", agent_id, before, after, cause, now)])
