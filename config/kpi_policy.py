"""Read config/policies/kpis.toml into `domain.kpis.KpiPolicy`."""

from math import isfinite
from typing import Any

from config.reading import TomlFile, mapping, text
from domain.kpis import EDIT_MEASURES, Aim, KpiPolicy, Measures, Unit
from domain.return_kpis import RETURN_MEASURES

_AIM = ("baseline", "target")


def kpi_policy(file: TomlFile) -> KpiPolicy:
    """Raises: ConfigError."""
    return KpiPolicy(
        baseline_period=file.get("kpis.baseline_period", _said),
        edits=_aims(file, "kpis.edits", EDIT_MEASURES),
        returns=_aims(file, "kpis.returns", RETURN_MEASURES),
    )


def _aims(file: TomlFile, path: str, measures: Measures) -> dict[str, Aim]:
    """An aim for every measure of which one way is better, and for no other."""
    given = file.get(path, mapping(mapping(lambda value: value)))
    aimed = {name for name, (_, better) in measures.items() if better is not None}
    for name in sorted(given.keys() ^ aimed):
        known = "is missing" if name in aimed else f"there is no such measure; write {', '.join(sorted(aimed))}"
        raise file.wrong(f"{path}.{name}", known)
    aims = {}
    for name, values in sorted(given.items()):
        if values.keys() != set(_AIM):
            raise file.wrong(f"{path}.{name}", "write baseline and target, nothing else")
        parse = _percent if measures[name][0] is Unit.PERCENT else _number
        aims[name] = Aim(*(file.get(f"{path}.{name}.{part}", parse) for part in _AIM))
    return aims


def _percent(value: Any) -> float:
    if (found := _number(value)) > 100:
        raise ValueError("write per cent, at most 100")
    return found


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or not isfinite(value):
        raise ValueError("write a number that is not negative")
    return float(value)


def _said(value: Any) -> str:
    if not text(value).strip():
        raise ValueError("say what the baseline was measured on")
    return str(value)
