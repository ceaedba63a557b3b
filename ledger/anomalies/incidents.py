"""Troubles that parcels share: one incident, one case, one message to the team's chat, however many they become.

What joins later says nothing new; an incident that was quiet for a while is over, and its case ends by itself. Of a
trouble that nobody shares a person hears only where the policy wants it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.anomalies.facts import AnomalyKind, Cause, CauseKind, IncidentKind
from domain.anomalies.grouping import Key, Trouble, group
from domain.anomalies.policy import AnomalyPolicy, GroupPolicy
from domain.anomalies.words import ANOMALIES, headline, where
from domain.ids import new_id
from ledger import audit
from ledger.anomalies.detecting import alone_key
from ledger.anomalies.facts import region_words
from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.effects import EffectDraft, EffectRow, Verdict, plan
from ledger.rows import Row, insert_new, mappings, pairs, select_by, update_by, update_listed
from ledger.tables import Anomaly, FulfilmentOrder, Incident, Location, Order, ReviewCase, Shipment
from ledger.tables.base import table_of

ALERT = "chat.alert"  # the effect's kind
_anomaly, _incident, _case = table_of(Anomaly), table_of(Incident), table_of(ReviewCase)
_shipment, _order = table_of(Shipment), table_of(Order)
_request, _place = table_of(FulfilmentOrder), table_of(Location)
_OPEN = sa.text("anomaly.state = 'open'")  # in the words of the partial indexes, as the next
_STANDING, _GROUPED = sa.text("incident.closed_at IS NULL"), sa.text("anomaly.incident_id <> ''")


@dataclass(frozen=True, slots=True)
class News:
    """A new incident, for an event. Nothing personal: a carrier, a town, a lane."""

    incident_id: str
    kind: str
    headline: str
    parcels: int


@dataclass(slots=True)
class Grouped:
    """What one look at the loose troubles came to; the numbers count troubles, incidents and cases."""

    opened: list[News] = field(default_factory=list)
    joined: int = 0
    closed: int = 0
    alone: int = 0


def group_troubles(session: Session, policy: AnomalyPolicy, *, chat: str, now: datetime) -> Grouped:
    """Group what is loose, end what is over. `chat`: target of the team's chat; empty where there is none. Safe to
    repeat and to do at two places at once: an open incident is one of its key."""
    done = Grouped()
    loose = _loose(session)
    standing = _standing(session)
    found = group(loose, standing, {}, now, policy.groups)
    if any(key.cause_kind in (CauseKind.LANE, CauseKind.CARRIER) for key in found.fresh):
        # Counted only when it matters: it reads all parcels that are under way.
        found = group(loose, standing, _under_way(session), now, policy.groups)
    done.opened = _open(session, found.fresh, chat, now)
    _join(session, found.joined, now)
    done.joined = len(found.joined)
    done.closed = _close(session, policy.groups, now)
    done.alone = _tell_alone(session, policy, now)
    return done


def _loose(session: Session) -> list[Trouble]:
    """Open ones of no incident, locked; those that another run has just locked are its business."""
    query = (
        sa.select(_anomaly)
        .where(_OPEN, _anomaly.c.incident_id == "")
        .order_by(_anomaly.c.id)
        .with_for_update(skip_locked=True)
    )
    return [
        Trouble(
            anomaly_id=row["id"],
            shipment_id=row["shipment_id"],
            kind=AnomalyKind(row["kind"]),
            opened_at=row["opened_at"],
            carrier=row["carrier"],
            facility=row["facility"],
            lane=row["lane"],
            region=row["region"],
            cause=Cause(row["cause"]) if row["cause"] else None,
        )
        for row in mappings(session, query)
    ]


def _standing(session: Session) -> dict[Key, str]:
    """Locked, so that nobody ends one while a parcel joins it."""
    query = sa.select(_incident).where(_STANDING).order_by(_incident.c.id).with_for_update()
    return {_key(row): row["id"] for row in mappings(session, query)}


def _key(row: Mapping[str, Any]) -> Key:
    return Key(IncidentKind(row["kind"]), CauseKind(row["cause_kind"]), row["cause_key"])


def _under_way(session: Session) -> dict[tuple[CauseKind, str], int]:
    """Parcels under way by carrier and by lane, in the words of `ledger.anomalies.facts`."""
    columns = (_shipment.c.carrier, _place.c.country, _place.c.region, _order.c.country, _order.c.region)
    query = (
        sa.select(*columns, sa.func.count())
        .select_from(_shipment)
        .join(_order, _order.c.id == _shipment.c.order_id)
        .join(_request, _request.c.id == _shipment.c.fulfilment_order_id)
        .join(_place, _place.c.id == _request.c.location_id)
        .where(_shipment.c.polling.is_(True))
        .group_by(*columns)
    )
    found: dict[tuple[CauseKind, str], int] = {}
    for carrier, from_country, from_region, to_country, to_region, count in session.execute(query):
        name = str(carrier).strip().lower()
        lane = f"{region_words(from_country, from_region)}>{region_words(to_country, to_region)}"
        for key in ((CauseKind.CARRIER, name), (CauseKind.LANE, f"{name}|{lane}")):
            found[key] = found.get(key, 0) + int(count)
    return found


def _open(session: Session, fresh: Mapping[Key, Sequence[Trouble]], chat: str, now: datetime) -> list[News]:
    """New incidents with their case and message. One that another run has just opened takes the parcels next time."""
    rows: list[Row] = [
        {
            "id": new_id("inc"),
            "kind": str(key.kind),
            "cause_kind": str(key.cause_kind),
            "cause_key": key.cause_key,
            "opened_at": now,
            "parcels": len({trouble.shipment_id for trouble in members}),
        }
        for key, members in fresh.items()
    ]
    new = insert_new(session, Incident, rows)
    news = []
    for row, members in zip(rows, fresh.values(), strict=True):
        if row["id"] not in new:
            continue
        _belong(session, {trouble.anomaly_id: row["id"] for trouble in members}, now)
        audit.append(session, [audit.entry("incident", row["id"], "", "open", row["kind"], now)])
        news.append(News(row["id"], row["kind"], title(row), row["parcels"]))
        open_cases(session, [_draft(row)], now)
        if chat:
            draft = EffectDraft(
                ALERT, f"alert:{row['id']}", chat, subject_id=row["id"], request={"incident_id": row["id"]}
            )
            plan(session, [draft], now)
    return news


def title(incident: Mapping[str, Any]) -> str:
    """An incident in one sentence."""
    key = _key(incident)
    return headline(key.kind, key.cause_kind, key.cause_key, incident["parcels"])


def _draft(row: Mapping[str, Any]) -> CaseDraft:
    return CaseDraft(
        key=case_key(row["id"]),
        kind="delay_incident",
        severity="high",
        subject_id=row["id"],
        facts=_facts(row),
        choices=["ask_carrier", "wait"],
    )


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    key = _key(row)
    return {"incident": title(row), "what_they_share": where(key.cause_kind, key.cause_key), "parcels": row["parcels"]}


def case_key(incident_id: str) -> str:
    """Of an incident's one case."""
    return f"incident:{incident_id}"


def _join(session: Session, joined: Mapping[str, str], now: datetime) -> None:
    """Parcels of incidents that stand: counted, and nobody is told once more."""
    if not joined:
        return
    _belong(session, joined, now)
    touched = sorted(set(joined.values()))
    counted = pairs(
        session,
        sa.select(_anomaly.c.incident_id, sa.func.count(_anomaly.c.shipment_id.distinct()))
        .where(_GROUPED, _anomaly.c.incident_id.in_(touched))
        .group_by(_anomaly.c.incident_id),
    )
    update_by(session, Incident, [{"id": incident_id, "parcels": count} for incident_id, count in counted.items()])
    for row in select_by(session, Incident, "id", touched):
        changed = sa.update(_case).where(_case.c.key == case_key(row["id"]), _case.c.state != "resolved")
        session.execute(changed.values(facts=_facts(row)))


def _belong(session: Session, incidents: Mapping[str, str], now: datetime) -> None:
    """Troubles by their incident; of which a person was told alone is told with the others from now on."""
    update_by(session, Anomaly, [{"id": mine, "incident_id": incident} for mine, incident in incidents.items()])
    for row in select_by(session, Anomaly, "id", incidents):
        if row["alerted_at"] is not None:
            resolve_by_key(session, alone_key(row["id"]), cause="joined_incident", now=now)


def _close(session: Session, policy: GroupPolicy, now: datetime) -> int:
    """End incidents none of whose parcels is in trouble any more, once that has lasted: a parcel that stops again
    within the hour is no second incident."""
    mine = sa.and_(_GROUPED, _anomaly.c.incident_id == _incident.c.id)
    still_open = sa.exists().where(mine, _OPEN)
    last = sa.select(sa.func.max(_anomaly.c.cleared_at)).where(mine)
    over = sa.select(_incident.c.id).where(
        _STANDING, ~still_open, sa.func.coalesce(last.scalar_subquery(), _incident.c.opened_at) <= now - policy.quiet
    )
    ids = [str(i) for i in session.execute(over.with_for_update(skip_locked=True)).scalars()]
    update_listed(session, Incident, ids, closed_at=now)
    audit.append(session, [audit.entry("incident", i, "open", "closed", "quiet", now) for i in ids])
    for incident_id in ids:
        resolve_by_key(session, case_key(incident_id), cause="over", now=now)
    return len(ids)


def _tell_alone(session: Session, policy: AnomalyPolicy, now: datetime) -> int:
    """A case for each trouble that is a person's although it is one parcel's own. Once: whatever becomes of the case,
    the same trouble opens no second one."""
    query = (
        sa.select(_anomaly)
        .where(
            _OPEN,
            _anomaly.c.incident_id == "",
            _anomaly.c.alerted_at.is_(None),
            _anomaly.c.kind.in_([str(kind) for kind in policy.alone]),
            _anomaly.c.opened_at <= now - policy.alone_after,
        )
        .order_by(_anomaly.c.id)
        .with_for_update(skip_locked=True)
    )
    rows = mappings(session, query)
    update_listed(session, Anomaly, [row["id"] for row in rows], alerted_at=now)
    drafts = [
        CaseDraft(
            key=alone_key(row["id"]),
            kind="parcel_trouble",
            order_id=row["order_id"],
            subject_id=row["shipment_id"],
            facts={"trouble": ANOMALIES[AnomalyKind(row["kind"])], "carrier": row["carrier"], **row["evidence"]},
            choices=["ask_carrier", "ask_customer", "wait"],
        )
        for row in rows
    ]
    return len(open_cases(session, drafts, now))


def alert_told(session: Session, told: Sequence[tuple[EffectRow, Verdict]], now: datetime) -> list[EffectDraft]:
    """`on_done` of chat.alert: nothing follows."""
    return []


def guard_alerts(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """An incident that is over is no news."""
    over = {
        row["id"]
        for row in select_by(session, Incident, "id", [effect["subject_id"] for effect in effects])
        if row["closed_at"] is not None
    }
    return {effect["id"]: "cancel:over" for effect in effects if effect["subject_id"] in over}
