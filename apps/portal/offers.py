"""What can still be changed, as the order's page shows it: open kinds with their clock, closed ones by their reason."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from apps.portal.words import Clock, Local
from config.wiring import Wiring
from domain.edit_windows import NextStep, Window
from domain.edits import OF_GOODS, EditKind
from domain.money import Money
from ledger.editing import previewing
from ledger.orders import OrderRow

# Every kind's window, read in one go; none where nothing can be offered at all.
Offers = Callable[[Session, OrderRow, datetime], Sequence[Window]]
_SILENT = ("order_cancelled",)  # the page says so anyway


@dataclass(frozen=True, slots=True)
class Open:
    """A kind that can still be asked for. `clock` None: no end is known yet; `path` empty: there is no form for it."""

    kind: str
    path: str
    clock: Clock | None


@dataclass(frozen=True, slots=True)
class Closed:
    """Kinds that are too late for one reason, with the one next step; `price` empty: free."""

    kinds: tuple[str, ...]
    reason: str
    step: str
    price: str


@dataclass(frozen=True, slots=True)
class Row:
    """Kinds that one form changes until one time."""

    kinds: tuple[str, ...]
    path: str
    clock: Clock | None


@dataclass(frozen=True, slots=True)
class Changes:
    open: tuple[Open, ...] = ()
    closed: tuple[Closed, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is open as a customer sees it: whatever is done to the goods until the same time is one row."""
        groups: dict[tuple[str, Clock | None], list[Open]] = {}
        for offer in self.open:
            groups.setdefault(("" if offer.kind in OF_GOODS else offer.kind, offer.clock), []).append(offer)
        return tuple(
            Row(tuple(offer.kind for offer in offers), offers[0].path, clock) for (_, clock), offers in groups.items()
        )

    @property
    def counts_down(self) -> bool:
        """Whether a clock is near enough to count."""
        return any(offer.clock and offer.clock.left for offer in self.open)

    def __bool__(self) -> bool:
        return bool(self.open or self.closed)


def offered_by(wiring: Wiring) -> Offers:
    """What the policies, the warehouses and the payment still allow."""

    def found(session: Session, order: OrderRow, now: datetime) -> Sequence[Window]:
        return previewing.offers(session, order["id"], wiring.policies, now).windows

    return found


def changes_of(windows: Sequence[Window], paths: Mapping[EditKind, str], local: Local) -> Changes:
    """`paths`: address of each kind's form."""
    offered = tuple(
        Open(window.kind, paths.get(window.kind, ""), local.clock(window.until) if window.until else None)
        for window in windows
        if window.open
    )
    groups: dict[tuple[str, NextStep | None], list[str]] = {}
    for window in windows:
        if not window.open and window.reason not in _SILENT:
            groups.setdefault((window.reason, window.next_step), []).append(window.kind)
    return Changes(offered, tuple(
        Closed(tuple(kinds), reason, step.code if step else "", _price(step, local))
        for (reason, step), kinds in groups.items()
    ))  # fmt: skip


def _price(step: NextStep | None, local: Local) -> str:
    return Money(step.price_minor, step.currency).display(local.locale) if step and step.price_minor else ""
