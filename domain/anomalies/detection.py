"""Held against what stands already: what begins, what stays, what ends."""

from datetime import datetime

from domain.anomalies.calendar import OperatingCalendar
from domain.anomalies.facts import AnomalyKind, Evidence, Findings, ParcelFacts
from domain.anomalies.policy import AnomalyPolicy
from domain.anomalies.rules import RULES, View, Word
from domain.parcels import ParcelState

# The customer will not get it, or has it: whatever was wrong on the way is over.
_OVER = {
    ParcelState.DELIVERED: "delivered",
    ParcelState.RETURNED: "returned",
    ParcelState.RETURNING: "returning",
    ParcelState.CANCELLED: "cancelled",
}
# Of a parcel that will never arrive only this is still worth a word.
_LAST_WORD = {ParcelState.LOST: AnomalyKind.LOST_DECLARED, ParcelState.DAMAGED: AnomalyKind.DAMAGED}


def detect(facts: ParcelFacts, now: datetime, calendar: OperatingCalendar, policy: AnomalyPolicy) -> Findings:
    """What to open and to clear. `calendar` is the carrier's where the parcel is. Looking twice finds nothing new."""
    over = _OVER.get(facts.state) or ("made_good" if facts.made_good else "")
    if over:
        return Findings(cleared=dict.fromkeys(sorted(facts.open), over))
    view, only = View.of(facts, now, calendar, policy), _LAST_WORD.get(facts.state)
    opened: dict[AnomalyKind, Evidence] = {}
    standing: dict[AnomalyKind, Evidence] = {}
    cleared: dict[AnomalyKind, str] = {}
    moments: list[datetime] = []
    for kind, rule in RULES.items():
        word = rule(view) if only in (None, kind) else Word(clears=str(facts.state))
        if word.at is not None:
            moments.append(word.at)
        if kind not in facts.open:
            if word.opens is not None:
                opened[kind] = word.opens
        elif word.opens is not None:
            standing[kind] = word.opens
        elif word.clears:
            cleared[kind] = word.clears
    return Findings(opened, standing, cleared, min(moments, default=None))
