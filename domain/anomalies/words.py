"""Troubles and incidents in words for the team."""

from collections.abc import Mapping

from domain.anomalies.facts import AnomalyKind, CauseKind, IncidentKind

ANOMALIES: Mapping[AnomalyKind, str] = {
    AnomalyKind.NEVER_PICKED_UP: "never picked up",
    AnomalyKind.STUCK: "does not move",
    AnomalyKind.LATE_PREDICTED: "will probably be late",
    AnomalyKind.LATE: "late",
    AnomalyKind.ATTEMPTS: "tried at the door again and again",
    AnomalyKind.ADDRESS_PROBLEM: "the carrier cannot find the address",
    AnomalyKind.CUSTOMS_HOLD: "held in customs",
    AnomalyKind.DAMAGED: "damaged",
    AnomalyKind.LOST_SUSPECTED: "probably lost",
    AnomalyKind.LOST_DECLARED: "lost",
}
_WHAT: Mapping[IncidentKind, str] = {
    IncidentKind.PICKUP: "not picked up",
    IncidentKind.DELAY: "delayed",
    IncidentKind.CUSTOMS: "held in customs",
    IncidentKind.DAMAGE: "damaged",
}


def where(cause_kind: CauseKind, cause_key: str) -> str:
    """What the parcels share: "USPS at Chicago, US", "weather in US-NY"."""
    head, _, rest = cause_key.partition("|")
    match cause_kind:
        case CauseKind.FACILITY:
            return f"{head.upper()} at {rest}"
        case CauseKind.LANE:
            return f"{head.upper()} from {rest.replace('>', ' to ')}"
        case CauseKind.CAUSE:
            return f"{head} in {rest}"
        case CauseKind.CARRIER:
            return head.upper()


def headline(kind: IncidentKind, cause_kind: CauseKind, cause_key: str, parcels: int) -> str:
    """One sentence about an incident."""
    counted = "1 parcel" if parcels == 1 else f"{parcels} parcels"
    return f"{counted} {_WHAT[kind]}: {where(cause_kind, cause_key)}"
