"""Read config/policies/portal.toml."""

from datetime import timedelta
from typing import Any

from config.reading import TomlFile, duration, whole
from domain.policy import PortalPolicy

_LONGEST_WINDOW = timedelta(days=1)  # tries are counted no longer, see `ledger.throttles`


def portal_policy(file: TomlFile) -> PortalPolicy:
    """Raises: ConfigError."""
    return PortalPolicy(
        session_lives=file.get("sessions.lives", duration),
        mail_link_lives=file.get("links.in_mails_live", duration),
        lookup_link_lives=file.get("links.asked_for_live", duration),
        lookups_per_network=file.get("look_up.per_network", whole),
        lookups_per_order=file.get("look_up.per_order", whole),
        lookup_window=file.get("look_up.window", _window),
        edit_window=file.get("changes.window", _window),
        edit_previews=file.get("changes.previews", whole),
        edit_requests=file.get("changes.requests", whole),
        return_window=file.get("returns.window", _window),
        return_requests=file.get("returns.requests", whole),
        withdrawals_per_network=file.get("returns.withdrawals_per_network", whole),
        withdrawals_per_order=file.get("returns.withdrawals_per_order", whole),
    )


def _window(value: Any) -> timedelta:
    if (found := duration(value)) > _LONGEST_WINDOW:
        raise ValueError("write a duration of at most one day")
    return found
