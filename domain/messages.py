"""What we may say to a customer, and when it may still be said.

A message is a claim about the world: a kind, a subject (order or parcel) and facts. Facts are JSON and never
personal, so that they may be stored, digested and shown; names, addresses and links join at rendering.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.message_catalogue import CATALOGUE, ClaimEntry, ClaimKind
from domain.message_facts import FactsError, check_fact
from domain.order import Facts

__all__ = [
    "CATALOGUE",
    "ClaimEntry",
    "ClaimKind",
    "FactsError",
    "SendVerdict",
    "Suppressed",
    "check_facts",
    "dedupe_key",
    "facts_digest",
    "may_send",
]


class Suppressed(StrEnum):
    """Why a claim is not said."""

    ALREADY_SAID = "already_said"
    STALE = "stale"  # nobody wants to hear it so late
    SUPERSEDED = "superseded"  # a later milestone of the same parcel was said
    NO_LONGER_TRUE = "no_longer_true"
    CONTRADICTS = "contradicts"  # what was said before, and nothing has taken it back
    NOTHING_TO_TAKE_BACK = "nothing_to_take_back"  # "found again" to somebody who never heard that it was lost
    WINDOW_PASSED = "window_passed"  # nobody is promised a day that is gone
    OFFER_OVER = "offer_over"
    SWITCHED_OFF = "switched_off"  # this shop does not say such things


@dataclass(frozen=True, slots=True)
class SendVerdict:
    """Send, or suppress for `reason`."""

    reason: Suppressed | None = None

    @property
    def send(self) -> bool:
        return self.reason is None


def check_facts(kind: ClaimKind, facts: Facts) -> None:
    """Refuse facts that its templates could not say. Raises: FactsError naming the fact, never its value."""
    entry = CATALOGUE[kind]
    for name, fact_type in entry.required.items():
        if name not in facts:
            raise FactsError("missing", name)
        check_fact(name, fact_type, facts[name])
    for name, value in facts.items():
        if name in entry.required:
            continue
        if name not in entry.optional:
            # A fact that no template knows is how personal data would creep into stored facts.
            raise FactsError("unknown", name)
        if value is not None:
            check_fact(name, entry.optional[name], value)


def facts_digest(facts: Facts) -> str:
    """The same facts in any order have the same digest."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def dedupe_key(kind: ClaimKind, subject_id: str, facts: Facts, channel: str) -> str:
    """What "said once" means: one claim about one subject with these facts on one channel."""
    return f"message:{kind}:{subject_id}:{facts_digest(facts)}:{channel}"


def may_send(
    *, kind: ClaimKind, said: Sequence[ClaimKind], still_true: bool, created_at: datetime, now: datetime
) -> SendVerdict:
    """Judge a planned claim at the moment of sending. `said`: kinds already sent about the same subject.

    The validity includes its last instant.
    """
    entry = CATALOGUE[kind]
    if not still_true:
        return SendVerdict(Suppressed.NO_LONGER_TRUE)
    if kind in said and not entry.repeatable:
        return SendVerdict(Suppressed.ALREADY_SAID)
    if any(CATALOGUE[other].milestone > entry.milestone > 0 for other in said):
        return SendVerdict(Suppressed.SUPERSEDED)
    if now - created_at > entry.validity:
        return SendVerdict(Suppressed.STALE)
    return SendVerdict()
