"""What the customer of a parcel in trouble is told: one claim, the gravest that is sure. Pure.

Silence alone is no news to somebody whose parcel is still expected in time. Nobody is told that a parcel seems lost
unless something is done about it. The day that was promised first is named beside each new window, and no window ends
before it: of a parcel that we call late we name no day on which it would be in time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.anomalies.facts import AnomalyKind, Cause, Evidence
from domain.claims import ClaimKind
from domain.order import Facts
from domain.parcels import ParcelState

_K = AnomalyKind
SILENCE = frozenset({_K.NEVER_PICKED_UP, _K.STUCK, _K.LOST_SUSPECTED})
LATENESS = frozenset({_K.LATE, _K.LATE_PREDICTED})
# All that is told of troubles; what is wanted and unsaid of these is taken back when it is not the word of the hour.
TOLD = (
    ClaimKind.PARCEL_LOST,
    ClaimKind.PARCEL_ATTEMPTED,
    ClaimKind.PARCEL_STUCK,
    ClaimKind.PARCEL_DELAYED,
    ClaimKind.PARCEL_RECOVERED,
)
MOVING = frozenset(
    {ParcelState.ACCEPTED, ParcelState.IN_TRANSIT, ParcelState.ARRIVED_LOCAL, ParcelState.OUT_FOR_DELIVERY}
)
_GONE = frozenset({ParcelState.DAMAGED, ParcelState.RETURNING, ParcelState.RETURNED, ParcelState.CANCELLED})
_DAY = timedelta(days=1)
WIDEST = timedelta(days=14)  # of a window that says anything: of a parcel that stood for weeks nobody knows the day
# In the words of the templates (domain.message_parcels.DELAY_CAUSES).
_CAUSES: Mapping[str, str] = {
    Cause.WEATHER: "weather",
    Cause.CAPACITY: "volume",
    Cause.LABOUR: "strike",
    Cause.MISSORTED: "missed_connection",
    Cause.PAPERS: "customs",
}
_CAUSE_OF_KIND = {_K.CUSTOMS_HOLD: "customs", _K.NEVER_PICKED_UP: "not_picked_up"}


@dataclass(frozen=True, slots=True)
class Outcry:
    """A parcel in trouble as its customer is told of it.

    `troubles`: evidence of what stands, by kind; `cause` of them, as the carrier named it, or empty. `window`: first
    and last day on which it is expected, on the customer's calendar; None when nothing is. `promised`: the day that
    was promised first. `last_seen`: when it last moved. `made_good`: goods or money were offered in its place, or a
    person looks whether they are. `feared`: the customer was told that it stands still, is lost or comes back, and
    nothing since.
    """

    state: ParcelState
    troubles: Mapping[AnomalyKind, Evidence]
    last_seen: datetime
    cause: str = ""
    window: tuple[date, date] | None = None
    promised: date | None = None
    made_good: bool = False
    feared: bool = False


def word_of(case: Outcry) -> tuple[ClaimKind, Facts] | None:
    """The claim and its own facts; None when there is nothing to say."""
    seen, troubles = case.last_seen.isoformat(), case.troubles
    if case.state is ParcelState.DELIVERED or case.state in _GONE:
        return None  # its scan says so
    if case.state is ParcelState.LOST or (_K.LOST_SUSPECTED in troubles and case.made_good):
        return ClaimKind.PARCEL_LOST, {"last_seen": seen}
    if _K.ATTEMPTS in troubles and case.state is ParcelState.ATTEMPTED:
        tried = troubles[_K.ATTEMPTS]
        return ClaimKind.PARCEL_ATTEMPTED, {"attempted_at": tried["last_at"], "attempts": tried["attempts"]}
    if case.feared and case.state in MOVING and not SILENCE & troubles.keys():
        return ClaimKind.PARCEL_RECOVERED, {"seen_at": seen, **_until(case)}
    if troubles.keys() & {_K.STUCK, _K.LOST_SUSPECTED} and (case.promised is None or LATENESS & troubles.keys()):
        return ClaimKind.PARCEL_STUCK, {"last_seen": seen}
    if LATENESS & troubles.keys() and (window := _told(case)):
        return ClaimKind.PARCEL_DELAYED, _delayed(case, window)
    return None


def _told(case: Outcry) -> tuple[date, date] | None:
    """The window, where it is narrow enough to be one; without the days on which a parcel that we call late would be in
    time."""
    window = case.window
    if window is None or window[1] - window[0] > WIDEST:
        return None
    if case.promised is None or not LATENESS & case.troubles.keys():
        return window
    earliest = case.promised + _DAY
    return max(window[0], earliest), max(window[1], earliest)


def _delayed(case: Outcry, window: tuple[date, date]) -> Facts:
    facts: Facts = {"arrives_from": window[0].isoformat(), "arrives_to": window[1].isoformat()}
    if case.promised is not None:
        facts["promised"] = case.promised.isoformat()
    of_kinds = (word for kind, word in _CAUSE_OF_KIND.items() if kind in case.troubles)
    if cause := _CAUSES.get(case.cause) or next(of_kinds, ""):
        facts["cause"] = cause
    return facts


def _until(case: Outcry) -> Facts:
    window = _told(case)
    return {"arrives_to": window[1].isoformat()} if window else {}
