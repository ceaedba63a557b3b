"""Read config/policies/messages.toml into `domain.channels`."""

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any

from config.edit_policy import set_of
from config.reading import TomlFile, duration, flag, list_of, mapping, text, whole
from domain.anomalies.facts import Cause
from domain.channels import ChannelRules, MessageRules, Quiet
from domain.claims import Channel, ClaimKind, Purpose
from domain.message_catalogue import CATALOGUE
from domain.texts import TEXTED

_WAYS = (Channel.EMAIL, Channel.SMS)  # what is pushed; the order's page shows everything


def message_policy(file: TomlFile) -> MessageRules:
    """Raises: ConfigError."""
    return MessageRules(
        channels={channel: _rules(file, channel) for channel in _WAYS},
        preferred=_preferred(file),
        window_shift=timedelta(days=file.get("news.window_shift_days", whole)),
        attempted_again=file.get("news.attempted_again", duration),
        retraction_wait=file.get("news.retraction_wait", duration),
        kept_in_time=file.get("news.kept_in_time", set_of(Cause)),
        text_segments=file.get("sms.segments", _some),
        off=_off(file),
    )


def _off(file: TomlFile) -> frozenset[ClaimKind]:
    """Nobody is kept from what they have a right to."""
    found: frozenset[ClaimKind] = file.get("off", set_of(ClaimKind), frozenset())
    for kind in sorted(found):
        if CATALOGUE[kind].purpose is Purpose.CONTRACT:
            raise file.wrong("off", f"customers have a right to {kind}; it cannot be switched off")
    return found


def _rules(file: TomlFile, channel: Channel) -> ChannelRules:
    return ChannelRules(
        needs_consent=file.get(f"{channel}.needs_consent", flag),
        quiet=_quiet(file, channel),
        most=file.get(f"{channel}.most", _some),
        per=file.get(f"{channel}.within", duration),
    )


def _quiet(file: TomlFile, channel: Channel) -> Quiet | None:
    """Both hours or none."""
    begins = file.get(f"{channel}.quiet_from", text, "")
    ends = file.get(f"{channel}.quiet_until", text, "")
    if not begins and not ends:
        return None
    return Quiet(file.get(f"{channel}.quiet_from", _clock), file.get(f"{channel}.quiet_until", _clock))


def _preferred(file: TomlFile) -> Mapping[ClaimKind, tuple[Channel, ...]]:
    found = file.get("ways", mapping(list_of(_way)))
    for name, ways in found.items():
        if name not in set(ClaimKind):
            raise file.wrong(f"ways.{name}", "there is no such message")
        if not ways or len(set(ways)) != len(ways):
            raise file.wrong(f"ways.{name}", "name each way once")
        if Channel.SMS in ways and name not in TEXTED:
            raise file.wrong(f"ways.{name}", "there is no text for it; it can only be mailed")
    return {ClaimKind(name): tuple(ways) for name, ways in found.items()}


def _way(value: Any) -> Channel:
    if value not in _WAYS:
        raise ValueError('write "email" or "sms"')
    return Channel(value)


def _clock(value: Any) -> time:
    try:
        found = time.fromisoformat(text(value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise ValueError('write a time of day such as "21:00"')
    return found


def _some(value: Any) -> int:
    if (found := whole(value)) < 1:
        raise ValueError("write a whole number above 0")
    return found
