"""A fitted model and a measured drift as JSON: numbers, words and lists, so that any version can look inside.

No pickle: a stored row must not be able to run code, nor to break with a library's next version. Floats come back as
they were, bit by bit (JSON keeps the shortest text that reads back as the same number).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from domain.delays.calibration import Calibration, Traits
from domain.delays.clock import Clock
from domain.delays.drift import COLUMNS, KEYS, Drift
from domain.delays.effects import Additive, Term
from domain.delays.model import DelayModel
from domain.delays.parcels import Floats
from domain.delays.policy import ColdStart, Prior
from domain.delays.scale import Scale
from domain.delays.survival import Curve

FORMAT = 1  # of what is written here; rises with whatever an older reader would misread
Json = dict[str, Any]


class StoredModelError(Exception):
    """What is stored is of another format or incomplete: fit anew."""


def model_to_json(model: DelayModel) -> Json:
    """Raises: ValueError when a number is not finite, which no database's JSON holds."""
    scale = model.scale
    return {
        "format": FORMAT,
        "scale": {
            "pace": list(scale.clock.pace),
            "cold": _cold_to_json(scale.cold),
            "edges": {name: _list(values) for name, values in scale.edges.items()},
            "level": _additive_to_json(scale.level),
            "spread": _additive_to_json(scale.spread),
            "plain": _curve_to_json(scale.plain),
        },
        "trust": _list(model.trust),
        "curve": _curve_to_json(model.curve),
        "after_scan": {name: _curve_to_json(curve) for name, curve in model.after_scan.items()},
        "calibration": _calibration_to_json(model.calibration),
    }


def model_from_json(stored: Mapping[str, Any]) -> DelayModel:
    """Raises: StoredModelError."""
    if stored.get("format") != FORMAT:
        raise StoredModelError(f"the model is of format {stored.get('format')}, this program reads {FORMAT}")
    try:
        scale = stored["scale"]
        model = DelayModel(
            scale=Scale(
                clock=Clock(tuple(scale["pace"])),
                cold=_cold(scale["cold"]),
                edges={name: _floats(values) for name, values in scale["edges"].items()},
                level=_additive(scale["level"]),
                spread=_additive(scale["spread"]),
                plain=_curve(scale["plain"]),
            ),
            trust=_floats(stored["trust"]),
            curve=_curve(stored["curve"]),
            after_scan={name: _curve(curve) for name, curve in stored["after_scan"].items()},
            calibration=_calibration(stored["calibration"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoredModelError(f"the model cannot be read: {type(error).__name__}") from None
    if model.trust.shape != (COLUMNS,):
        raise StoredModelError("the model trusts another number of drifts than are measured")
    return model


def drift_to_json(drift: Drift) -> Json:
    """Raises: ValueError when a number is not finite."""
    return {
        "format": FORMAT,
        "first": drift.first,
        "network": [_list(table) for table in drift.network],
        "own": [
            # Names in the order of their columns: a list of them is all that the mapping says.
            {"names": sorted(column, key=column.__getitem__), "tables": [_list(table) for table in tables]}
            for column, *tables in drift.own
        ],
    }


def drift_from_json(stored: Mapping[str, Any]) -> Drift:
    """Raises: StoredModelError."""
    if stored.get("format") != FORMAT:
        raise StoredModelError(f"the drift is of format {stored.get('format')}, this program reads {FORMAT}")
    try:
        long, short = (_floats(table) for table in stored["network"])
        own = []
        for each in stored["own"]:
            slow, quick = (_floats(table) for table in each["tables"])
            own.append(({name: at for at, name in enumerate(each["names"])}, slow, quick))
        found = Drift(int(stored["first"]), (long, short), tuple(own))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoredModelError(f"the drift cannot be read: {type(error).__name__}") from None
    if len(found.own) != len(KEYS):
        raise StoredModelError("the drift has other keys than the model reads")
    return found


def _list(values: Floats) -> list[Any]:
    if not np.isfinite(values).all():
        raise ValueError("a model holds a number that is not finite")
    found: list[Any] = values.tolist()
    return found


def _floats(values: Sequence[Any]) -> Floats:
    return np.array(values, dtype=np.float64)


def _curve_to_json(curve: Curve) -> Json:
    return {"at": _list(curve.at), "hazard": _list(curve.hazard), "rate": curve.rate}


def _curve(stored: Mapping[str, Any]) -> Curve:
    return Curve(_floats(stored["at"]), _floats(stored["hazard"]), float(stored["rate"]))


def _additive_to_json(additive: Additive) -> Json:
    terms = [{"columns": list(term.columns), "effects": dict(term.effects)} for term in additive.terms]
    return {"base": additive.base, "terms": terms}


def _additive(stored: Mapping[str, Any]) -> Additive:
    terms = tuple(
        Term(tuple(term["columns"]), {name: float(effect) for name, effect in term["effects"].items()})
        for term in stored["terms"]
    )
    return Additive(float(stored["base"]), terms)


def _cold_to_json(cold: ColdStart) -> Json:
    prior = {"spread": cold.prior.spread, "parcels": cold.prior.parcels}
    return {"days": dict(cold.days), "other": cold.other, "prior": prior}


def _cold(stored: Mapping[str, Any]) -> ColdStart:
    prior = Prior(float(stored["prior"]["spread"]), float(stored["prior"]["parcels"]))
    return ColdStart({name: float(days) for name, days in stored["days"].items()}, float(stored["other"]), prior)


def _calibration_to_json(found: Calibration) -> Json:
    traits = found.traits
    return {
        "line": list(found.line),
        "traits": None if traits is None else {"least": _list(traits.least), "most": _list(traits.most)},
        "gone": found.gone,
        "offsets": _additive_to_json(found.offsets),
    }


def _calibration(stored: Mapping[str, Any]) -> Calibration:
    traits = stored["traits"]
    return Calibration(
        line=tuple(float(value) for value in stored["line"]),
        traits=None if traits is None else Traits(_floats(traits["least"]), _floats(traits["most"])),
        gone=float(stored["gone"]),
        offsets=_additive(stored["offsets"]),
    )
