"""Whose request it is, as every page of the desk needs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from apps.desk.forms import Form
from ledger.agents import Visit


@dataclass(frozen=True, slots=True)
class Sitting:
    """A request of an agent: who it is, when, the token for the page's forms, and what was posted."""

    visit: Visit
    now: datetime
    form_token: str
    form: Form = field(default_factory=dict)
    files: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.visit.name

    @property
    def actor(self) -> str:
        return self.visit.actor
