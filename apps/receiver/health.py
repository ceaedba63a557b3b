"""`GET /healthz` and `GET /readyz`."""

import asyncio
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from apps.programs import REQUESTS
from apps.receiver.answers import Refusal, json_answer
from apps.receiver.writer import GroupWriter
from config.wiring import Wiring
from ledger.heartbeats import SILENT_S, heartbeats
from ledger.tables import InboxEvent
from ledger.tables.base import table_of

_WITHIN_S = 3.0
_inbox = table_of(InboxEvent)


class Health:
    def __init__(self, wiring: Wiring, writer: GroupWriter) -> None:
        self._wiring, self._writer = wiring, writer

    async def live(self, _request: Request) -> Response:
        """The process answers; says nothing of the database."""
        return json_answer({"status": "up"})

    async def ready(self, _request: Request) -> Response:
        """The database answers; how much waits in the inbox, and since when; whether somebody works on requests."""
        try:
            async with asyncio.timeout(_WITHIN_S):
                state = await asyncio.to_thread(self._look)
        except (sa.exc.DBAPIError, TimeoutError):
            raise Refusal("database_away") from None
        return json_answer({"status": "ready", "committing": self._writer.waiting, **state})

    def _look(self) -> dict[str, Any]:
        now = self._wiring.now()
        rows = self._wiring.read(_unhandled)
        oldest = min((row["oldest"] for row in rows), default=None)
        beaten = self._wiring.read(heartbeats).get(REQUESTS)
        silent_s = (self._wiring.real_now() - beaten["at"]).total_seconds() if beaten else None
        return {
            "inbox": {
                "unhandled": {row["source"]: row["waiting"] for row in rows},
                "oldest_s": round(max((now - oldest).total_seconds(), 0.0), 1) if oldest else 0.0,
            },
            "requests": {"alive": silent_s is not None and silent_s <= SILENT_S},
        }


def _unhandled(session: Session) -> list[dict[str, Any]]:
    statement = (
        sa.select(_inbox.c.source, sa.func.count().label("waiting"), sa.func.min(_inbox.c.received_at).label("oldest"))
        .where(_inbox.c.handled_at.is_(None))
        .group_by(_inbox.c.source)
    )
    return [dict(row) for row in session.execute(statement).mappings()]
