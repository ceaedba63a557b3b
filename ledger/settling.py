"""Settling effects: outcomes of sends and look-ups become rows, and what follows from them is wanted at once.

A result whose row was taken over by a later claim is dropped: the later holder finds the truth by look-up.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from domain.states import EffectState
from ledger import audit
from ledger.cases import CaseDraft, open_cases
from ledger.effects import EffectDraft, EffectRow, Handlers, Verdict, move_effects, plan
from ledger.queue import backoff
from ledger.rows import mappings, select_by, update_by
from ledger.tables import Effect
from ledger.tables.base import table_of

MAX_ATTEMPTS = 16  # with the pauses between them about five hours: a vendor may be down for an afternoon
_effect = table_of(Effect)


def settle(
    session: Session, results: Sequence[tuple[EffectRow, Verdict]], handlers: Mapping[str, Handlers], *, now: datetime
) -> list[EffectDraft]:
    """Record outcomes of sends and look-ups; returns the effects that follow from them (not yet written).

    A result whose row was taken over by a later claim is dropped: the later holder finds the truth by look-up.
    """
    ids = [row["id"] for row, _ in results]
    held = {row["id"]: row for row in select_by(session, Effect, "id", ids, lock=True)}
    live = [
        (row, verdict)
        for row, verdict in results
        if held[row["id"]]["lease_token"] == row["lease_token"]
        and held[row["id"]]["state"] in (EffectState.SENDING, EffectState.UNKNOWN)
    ]
    follow: list[EffectDraft] = []
    done = [(row, verdict) for row, verdict in live if verdict.name == "done"]
    update_by(
        session,
        Effect,
        [
            {
                "id": row["id"],
                "state": EffectState.DONE,
                "response": verdict.data,
                "external_id": verdict.external_id,
                "done_at": now,
                "lease_until": None,
                "error": "",
            }
            for row, verdict in done
        ],
    )
    looked_up = [row for row, _ in done if held[row["id"]]["state"] == EffectState.UNKNOWN]
    entries = [audit.entry("effect", r["id"], EffectState.UNKNOWN, EffectState.DONE, "found", now) for r in looked_up]
    audit.append(session, entries)
    for kind, pairs in _by_kind(done).items():
        follow += handlers[kind].on_done(session, pairs, now)
    for row, verdict in live:
        if verdict.name != "done":
            follow += _settle_other(session, row, held[row["id"]]["state"], verdict, handlers[row["kind"]], now)
    return follow


def _by_kind(pairs: Sequence[tuple[EffectRow, Verdict]]) -> dict[str, list[tuple[EffectRow, Verdict]]]:
    kinds: dict[str, list[tuple[EffectRow, Verdict]]] = {}
    for pair in pairs:
        kinds.setdefault(pair[0]["kind"], []).append(pair)
    return kinds


def _settle_other(
    session: Session, row: EffectRow, state: str, verdict: Verdict, handlers: Handlers, now: datetime
) -> list[EffectDraft]:
    row = {**row, "state": state}
    if verdict.name == "rejected":
        if state == EffectState.UNKNOWN:
            move_effects(session, [row], EffectState.PARKED, verdict.code, now)
            row = {**row, "state": EffectState.PARKED}
        move_effects(session, [row], EffectState.REJECTED, verdict.code, now)
        if handlers.on_rejected is None:
            open_cases(session, [_case(row, "effect_rejected", verdict, ["retry", "ignore"])], now)
            return []
        return handlers.on_rejected(session, [(row, verdict)], now)
    if verdict.name == "unknown":
        if state == EffectState.SENDING:
            move_effects(session, [row], EffectState.UNKNOWN, verdict.code, now, due_at=now)
        elif row["attempts"] >= MAX_ATTEMPTS:
            _park(session, row, verdict, handlers, now)
        else:
            _postpone(session, row, now, verdict)
        return []
    if verdict.name == "pending":
        due = now + timedelta(seconds=verdict.after_s or 0)
        if state == EffectState.SENDING:
            move_effects(session, [row], EffectState.UNKNOWN, "pending", now, due_at=due)
        values = {"external_id": verdict.external_id, "due_at": due, "lease_until": None, "error": "pending"}
        update_by(session, Effect, [{"id": row["id"], **values}])
        return []
    if verdict.name == "absent" or (verdict.name == "retry" and state == EffectState.SENDING):
        if row["attempts"] >= MAX_ATTEMPTS:
            _park(session, row, verdict, handlers, now)
        else:
            wait = timedelta(0) if verdict.name == "absent" else backoff(row["attempts"], after_s=verdict.after_s)
            move_effects(session, [row], EffectState.PLANNED, verdict.code or verdict.name, now, due_at=now + wait)
        return []
    if verdict.name == "retry":  # the look-up itself could not be made: ask again later, for as long as it takes
        _postpone(session, row, now, verdict)
        return []
    if verdict.name == "auth":
        open_cases(
            session,
            [
                CaseDraft(
                    key=f"auth:{row['target']}",
                    kind="credentials_refused",
                    severity="high",
                    subject_id=row["target"],
                    facts={"target": row["target"], "detail": verdict.detail},
                    choices=["mend_credentials_and_retry"],
                )
            ],
            now,
        )
        due = now + timedelta(minutes=5)
        if state == EffectState.SENDING:
            move_effects(session, [row], EffectState.PLANNED, "auth_failed", now, due_at=due)
        else:
            _postpone(session, row, now, verdict)
        return []
    if verdict.name == "doubt":  # neither keyed nor to be looked up: a person decides
        _park(session, row, verdict, handlers, now)
        return []
    raise ValueError(verdict.name)


def _park(session: Session, row: EffectRow, verdict: Verdict, handlers: Handlers, now: datetime) -> None:
    """Stop trying and ask a person. A sending row goes through what is known of it: doubtful or not sent."""
    if row["state"] == EffectState.SENDING:
        known = EffectState.UNKNOWN if verdict.name == "doubt" else EffectState.PLANNED
        move_effects(session, [row], known, verdict.code, now)
        row = {**row, "state": known}
    move_effects(session, [row], EffectState.PARKED, verdict.code, now)
    # whoever can ask the vendor needs no person's word that it is done
    certain = handlers.keyed or handlers.can_look_up
    choices = ["retry", "drop"] if certain else ["retry", "mark_done", "drop"]
    open_cases(session, [_case(row, "effect_parked", verdict, choices)], now)


def _case(row: EffectRow, kind: str, verdict: Verdict, choices: list[str]) -> CaseDraft:
    return CaseDraft(
        key=f"{kind}:{row['key']}",
        kind=kind,
        severity="high",
        order_id=row["order_id"],
        subject_id=row["id"],
        facts={"effect": row["kind"], "target": row["target"], "code": verdict.code, "detail": verdict.detail},
        choices=choices,
    )


def _postpone(session: Session, row: EffectRow, now: datetime, verdict: Verdict) -> None:
    update_by(
        session,
        Effect,
        [
            {
                "id": row["id"],
                "due_at": now + backoff(row["attempts"], after_s=verdict.after_s),
                "lease_until": None,
                "error": verdict.code,
            }
        ],
    )


def decide_parked(
    session: Session, effect_id: str, to: EffectState, now: datetime, handlers: Handlers | None = None
) -> list[EffectDraft]:
    """A person's word on a parked effect: done, rejected or planned again; returns what follows, to be planned.

    A second sending is never a first one: it looks before it repeats. Raises: IllegalTransition.
    """
    [row] = select_by(session, Effect, "id", [effect_id], lock=True)
    if to is EffectState.PLANNED:
        update_by(session, Effect, [{"id": effect_id, "attempts": 1}])
    move_effects(session, [row], to, "person", now, due_at=now)
    if handlers is None or to is EffectState.PLANNED:
        return []
    if to is EffectState.DONE:
        return handlers.on_done(session, [(row, Verdict("done"))], now)
    dropped = Verdict("rejected", code="dropped_by_person")
    return handlers.on_rejected(session, [(row, dropped)], now) if handlers.on_rejected else []


def renew_rejected(session: Session, subject_id: str, now: datetime) -> int:
    """Try again what was definitely refused, for one effect or everything about one subject. The vendor replays
    its refusal under the old key, so the next try has a new one. Returns how many."""
    about = sa.or_(_effect.c.id == subject_id, _effect.c.subject_id == subject_id)
    refused = sa.select(_effect).where(about, _effect.c.state == EffectState.REJECTED)
    return renew(session, mappings(session, refused), now)


def renew(session: Session, rows: Sequence[EffectRow], now: datetime) -> int:
    """Plan the next try of effects that have ended, each under a new key. Returns how many."""
    drafts = [
        EffectDraft(
            kind=row["kind"],
            key=_next_key(session, row["key"].partition("#")[0]),
            target=row["target"],
            order_id=row["order_id"],
            subject_id=row["subject_id"],
            request=row["request"],
        )
        for row in rows
    ]
    plan(session, drafts, now)
    return len({draft.key for draft in drafts})


def _next_key(session: Session, base: str) -> str:
    tried = session.execute(
        sa.select(sa.func.count()).where(
            sa.or_(_effect.c.key == base, _effect.c.key.startswith(f"{base}#", autoescape=True))
        )
    ).scalar_one()
    return f"{base}#{tried + 1}"
