"""Read config/policies/anomalies.toml into `domain.anomalies.policy`."""

from math import isfinite
from typing import Any

from config.edit_policy import set_of, word
from config.reading import TomlFile, duration, mapping, whole
from domain.anomalies.facts import AnomalyKind, CauseKind
from domain.anomalies.policy import AnomalyPolicy, Foretold, GroupPolicy, Silence
from domain.parcels import ParcelState


def anomaly_policy(file: TomlFile) -> AnomalyPolicy:
    """Raises: ConfigError."""
    return AnomalyPolicy(
        picked_up_within=file.get("pickup.within", _days),
        silence=_silence(file),
        foretold=_foretold(file),
        late_grace=file.get("late.grace", duration),
        attempts=file.get("attempts.at", _some),
        customs=file.get("customs.within", _days),
        groups=_groups(file),
        alone=file.get("alone.kinds", set_of(AnomalyKind)),
        alone_after=file.get("alone.after", duration),
    )


def _silence(file: TomlFile) -> Silence:
    days = file.get("silence.days", mapping(_days), {})
    for name in days:
        if name not in set(ParcelState):
            raise file.wrong(f"silence.days.{name}", f"there is no such state; write one of {', '.join(ParcelState)}")
    silence = Silence(
        days={word(ParcelState, name): value for name, value in days.items()},
        other=file.get("silence.other", _days),
        lost=file.get("silence.lost", _days),
        abroad=file.get("silence.abroad", _days),
        clears_share=file.get("silence.clears_share", _share),
    )
    if silence.lost <= max([silence.other, *silence.days.values()]):
        raise file.wrong("silence.lost", "write more days than those after which a parcel is stuck")
    if silence.abroad < 1:
        raise file.wrong("silence.abroad", "write 1 or more: a way across a border is not shorter")
    return silence


def _foretold(file: TomlFile) -> Foretold:
    foretold = Foretold(
        opens=file.get("late.foretold_opens", _share),
        clears=file.get("late.foretold_clears", _share),
        fresh=file.get("late.foretold_fresh", duration),
    )
    if foretold.clears >= foretold.opens:
        raise file.wrong(
            "late.foretold_clears", "write less than foretold_opens, or a wavering chance alarms every day"
        )
    return foretold


def _groups(file: TomlFile) -> GroupPolicy:
    least = file.get("incidents.least", mapping(_several))
    for name in sorted(least.keys() ^ {str(kind) for kind in CauseKind}):
        wrong = "is missing" if name not in least else f"there is no such thing; write {', '.join(CauseKind)}"
        raise file.wrong(f"incidents.least.{name}", wrong)
    return GroupPolicy(
        window=file.get("incidents.window", duration),
        least={kind: least[kind] for kind in CauseKind},
        least_share=file.get("incidents.least_share", _share),
        quiet=file.get("incidents.quiet", duration),
    )


def _days(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value <= 0:
        raise ValueError("write a number above 0")
    return float(value)


def _share(value: Any) -> float:
    if (found := _days(value)) >= 1:
        raise ValueError("write a share between 0 and 1")
    return found


def _some(value: Any) -> int:
    if (found := whole(value)) < 1:
        raise ValueError("write 1 or more")
    return found


def _several(value: Any) -> int:
    if (found := whole(value)) < 2:
        raise ValueError("write 2 or more: one parcel is no incident")
    return found
