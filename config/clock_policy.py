"""Read config/policies/clocks.toml into `domain.clock_policy`."""

from datetime import timedelta
from typing import Any

from config.reading import TomlFile, duration, list_of, mapping, text, whole
from domain.clock_policy import ClockPolicy
from domain.ship_promise import ShipPolicy

MOST_UNSTATED = timedelta(days=30)
MOST_WORKING_DAYS = 7
SEVERITIES = ("high", "normal", "low")


def clock_policy(file: TomlFile) -> ClockPolicy:
    """Raises: ConfigError, also where a shop allows itself more than the rule does."""
    ship = ShipPolicy(
        countries=frozenset(file.get("ship_promise.countries", list_of(text))),
        unstated=file.get("ship_promise.unstated", _unstated),
        lead=file.get("ship_promise.lead", duration),
        last_call=file.get("ship_promise.last_call", duration),
        renewed_lead=file.get("ship_promise.renewed_lead", duration),
        slip=file.get("ship_promise.slip", duration),
        refund_working_days=file.get("ship_promise.refund_working_days", _working_days),
    )
    if not timedelta(0) < ship.last_call <= min(ship.lead, ship.renewed_lead):
        raise file.wrong("ship_promise.last_call", "it lies between nothing and the leads, which come before it")
    if ship.slip <= ship.last_call:
        raise file.wrong("ship_promise.slip", "a revised date has to leave time for one more notice before it")
    handling, within = file.get("ship_promise.handling", duration), file.get("ship_promise.within", mapping(duration))
    if handling > ship.lead:
        raise file.wrong(
            "ship_promise.handling", "longer than the lead, every order would look late when it is looked at"
        )
    if short := [code for code, stated in within.items() if stated <= ship.lead]:
        raise file.wrong("ship_promise.within", f"{short[0]}: state a time that is longer than the lead")
    return ClockPolicy(
        ship=ship,
        within=within,
        handling=handling,
        case_severity=file.get("cases.severity", _severity),
        case_again=file.get("cases.again", _some_time),
    )


def _some_time(value: Any) -> timedelta:
    if not (found := duration(value)):
        raise ValueError('write a duration above 0 such as "24 h"')
    return found


def _unstated(value: Any) -> timedelta:
    if not timedelta(0) < (found := duration(value)) <= MOST_UNSTATED:
        raise ValueError("where no time was stated the rule allows 30 days at most (16 CFR 435.2(a)(1))")
    return found


def _working_days(value: Any) -> int:
    if not 0 < (found := whole(value)) <= MOST_WORKING_DAYS:
        raise ValueError("the rule allows 7 working days at most (16 CFR 435.1(b)(1))")
    return found


def _severity(value: Any) -> str:
    if value not in SEVERITIES:
        raise ValueError(f"write one of: {', '.join(SEVERITIES)}")
    return str(value)
