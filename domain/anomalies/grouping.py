"""Which troubles are one: parcels that share a place, a lane, a cause or a carrier within a window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.anomalies.facts import AnomalyKind, Cause, CauseKind, IncidentKind
from domain.anomalies.policy import GroupPolicy

INCIDENT_OF: Mapping[AnomalyKind, IncidentKind] = {
    AnomalyKind.NEVER_PICKED_UP: IncidentKind.PICKUP,
    AnomalyKind.STUCK: IncidentKind.DELAY,
    AnomalyKind.LATE_PREDICTED: IncidentKind.DELAY,
    AnomalyKind.LATE: IncidentKind.DELAY,
    AnomalyKind.LOST_SUSPECTED: IncidentKind.DELAY,
    AnomalyKind.CUSTOMS_HOLD: IncidentKind.CUSTOMS,
    AnomalyKind.DAMAGED: IncidentKind.DAMAGE,
}  # the others are one parcel's own: a door, an address, a loss that was told
_WIDE = frozenset({Cause.WEATHER, Cause.LABOUR, Cause.CAPACITY})  # what strikes many at once, whoever carries them


@dataclass(frozen=True, slots=True)
class Trouble:
    """An open anomaly and where it began; an empty word is not known."""

    anomaly_id: str
    shipment_id: str
    kind: AnomalyKind
    opened_at: datetime
    carrier: str
    facility: str
    lane: str
    region: str
    cause: Cause | None = None

    def keys(self) -> list["Key"]:
        """What it may be grouped by, the closest first."""
        kind = INCIDENT_OF.get(self.kind)
        if kind is None:
            return []
        wide = self.cause if self.cause in _WIDE and self.region else None
        found = [
            (CauseKind.FACILITY, f"{self.carrier}|{self.facility}" if self.carrier and self.facility else ""),
            (CauseKind.LANE, f"{self.carrier}|{self.lane}" if self.carrier and self.lane else ""),
            (CauseKind.CAUSE, f"{wide}|{self.region}" if wide else ""),
            (CauseKind.CARRIER, self.carrier),
        ]
        return [Key(kind, cause_kind, key) for cause_kind, key in found if key]


@dataclass(frozen=True, slots=True)
class Key:
    """What makes an incident this one: no two open ones share it."""

    kind: IncidentKind
    cause_kind: CauseKind
    cause_key: str


@dataclass(frozen=True, slots=True)
class Groups:
    """`joined`: anomaly -> incident that stands. `fresh`: those of a new incident."""

    joined: Mapping[str, str]
    fresh: Mapping[Key, tuple[Trouble, ...]]


def group(
    loose: Sequence[Trouble],
    standing: Mapping[Key, str],
    under_way: Mapping[tuple[CauseKind, str], int],
    now: datetime,
    policy: GroupPolicy,
) -> Groups:
    """`loose`: open anomalies of no incident. `standing`: open incidents. `under_way`: parcels under way by lane and
    carrier, as far as it is known.

    What fits an incident that stands joins it, however late. The others become an incident with those that began
    within the window before `now` (its first instant included) when they are enough. Parcels count, not their troubles.
    """
    joined = {
        trouble.anomaly_id: standing[key]
        for trouble in loose
        for key in [next((key for key in trouble.keys() if key in standing), None)]
        if key is not None
    }
    left = [t for t in loose if t.anomaly_id not in joined and now - t.opened_at <= policy.window]
    fresh: dict[Key, tuple[Trouble, ...]] = {}
    for cause_kind in CauseKind:
        for key, members in _by_key(left, cause_kind).items():
            parcels = len({trouble.shipment_id for trouble in members})
            of_all = under_way.get((cause_kind, key.cause_key), 0)
            if parcels >= policy.least[cause_kind] and parcels >= policy.least_share * of_all:
                fresh[key] = tuple(members)
        taken = {trouble.anomaly_id for members in fresh.values() for trouble in members}
        left = [trouble for trouble in left if trouble.anomaly_id not in taken]
    return Groups(joined, fresh)


def _by_key(troubles: Sequence[Trouble], cause_kind: CauseKind) -> dict[Key, list[Trouble]]:
    found: dict[Key, list[Trouble]] = {}
    for trouble in troubles:
        for key in trouble.keys():
            if key.cause_kind is cause_kind:
                found.setdefault(key, []).append(trouble)
    return found
