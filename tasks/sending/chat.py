"""Alerts to the team's chat: written at the moment of sending, so that they say how many parcels it is by then."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from config import wiring
from config.accounts import ConfigError
from connectors.messaging.chat import ChatHook
from ledger.anomalies import incidents
from ledger.effects import EffectRow, Handlers, Verdict
from ledger.rows import select_by
from ledger.tables import Incident, ReviewCase
from tasks.effects import EffectKind, attempt
from tasks.runtime import each, in_ledger

# Incoming webhooks have neither key nor look-up: at most once, and a case on doubt, which tells the same people.
ALERT = Handlers(incidents.alert_told, guard=incidents.guard_alerts)


def _chat() -> ChatHook:
    """Raises: ConfigError when the account is gone."""
    found = wiring.current().chat()
    if found is None:
        raise ConfigError("the accounts file has no [[chat]] entry; add the channel that alerts were planned for")
    return found


async def send_alerts(rows: Sequence[EffectRow]) -> list[Verdict]:
    told = await in_ledger(_incidents, [row["subject_id"] for row in rows])

    async def post(row: EffectRow) -> Verdict:
        return await attempt(_chat().post(alert_text(told[row["subject_id"]])), ALERT)

    return await each(post, rows, at_once=1)  # some chats take one message a second


def alert_text(incident: Mapping[str, Any]) -> str:
    """Counts, a carrier and a town; and where its case is."""
    desk = wiring.current().settings.desk_url.rstrip("/")
    return f"{incidents.title(incident)}.\n{desk}/desk/cases/{incident['case_id']}"


def _incidents(session: Session, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    rows = select_by(session, Incident, "id", set(ids))
    cases = select_by(session, ReviewCase, "key", [incidents.case_key(row["id"]) for row in rows])
    case_of = {case["subject_id"]: case["id"] for case in cases}
    return {row["id"]: {**row, "case_id": case_of.get(row["id"], "")} for row in rows}


KINDS = {incidents.ALERT: EffectKind(ALERT, send_alerts)}
