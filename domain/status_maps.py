"""What carriers' codes mean in our sixteen words: a versioned table per source, data of `config/carriers`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.parcels import ParcelState, TrackingEvent

ANY = "*"
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Meaning:
    """`mapped` is False for a code that the table does not have: its state is UNKNOWN. A code may well be mapped to
    UNKNOWN, when it says nothing of the parcel."""

    state: ParcelState
    corrects: bool = False
    mapped: bool = True


_NOTHING = Meaning(ParcelState.UNKNOWN, mapped=False)


@dataclass(frozen=True, slots=True)
class StatusMap:
    """`meanings` by (code, detail); `*` stands for any code, or for any detail. A detail of several parts is joined by
    `/`, the general part first."""

    source: str
    version: int
    meanings: Mapping[tuple[str, str], Meaning] = field(repr=False)

    def meaning(self, code: str, detail: str = "") -> Meaning:
        """The most exact entry: code with detail, the detail alone, the code alone; of a detail the whole, then its
        parts from the last one."""
        details = (detail, *reversed(detail.split("/")))
        for key in (*((code, each) for each in details), *((ANY, each) for each in details), (code, ANY)):
            found = self.meanings.get(key)
            if found is not None:
                return found
        return _NOTHING

    def event(
        self,
        occurred_at: datetime,
        code: str,
        detail: str = "",
        *,
        city: str = "",
        region: str = "",
        country: str = "",
    ) -> TrackingEvent:
        """A scan with its meaning by this table. A code is a word: what a carrier sends in its place is cut to one."""
        code, detail = _word(code), _word(detail)
        meaning = self.meaning(code, detail)
        return TrackingEvent(
            state=meaning.state,
            occurred_at=occurred_at,
            raw_code=code,
            detail_code=detail,
            city=city,
            region=region,
            country=country,
            corrects=meaning.corrects,
            source=self.source,
            map_version=self.version,
            mapped=meaning.mapped,
        )


def _word(text: str) -> str:
    """Printable and of bounded length, so that any column and any log takes it."""
    cut = text[:_LONGEST]
    return cut if cut.isprintable() else "".join(char for char in cut if char.isprintable())


@dataclass(frozen=True, slots=True)
class StatusCodePolicy:
    """`alert_above`: share of a day's scans of one source whose code has no meaning (0.005: one in two hundred)."""

    alert_above: float


def too_many_unmapped(told: int, unmapped: int, policy: StatusCodePolicy) -> bool:
    """Above the share, not at it."""
    return told > 0 and unmapped > told * policy.alert_above
