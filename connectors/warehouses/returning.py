"""A warehouse node that takes goods back, in our words."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.returns.words import Disposition, Reception


@dataclass(frozen=True, slots=True)
class NodeReturnCapabilities:
    """Declared, never guessed from a vendor's name."""

    keyed_writes: bool  # announced again under its reference, a return is the first one
    lookup_by_reference: bool
    references_are_spent: bool  # a cancelled return keeps its reference: another try needs another one
    dispositions: frozenset[Disposition]  # what the node can be asked to do with units


class NodeReturnState(StrEnum):
    """An unmapped vendor word is UNKNOWN and keeps its raw code."""

    UNKNOWN = "unknown"
    AWAITED = "awaited"
    ARRIVED = "arrived"
    PROCESSING = "processing"
    DONE = "done"  # every unit that came has been dealt with; no more will be said
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class AnnouncedLine:
    """`wanted`: what the node is to do with units; None is what it does with this product usually."""

    sku: str
    quantity: int
    wanted: Disposition | None = None


@dataclass(frozen=True, slots=True)
class NodeReturnRequest:
    """What will come to one building. `reference` is ours, unique at the node and on the box; 50 characters at most.
    Kits are announced by their parts, which is what the node has stock of.

    `shipment`: the node's id of the parcel that the goods went out in, empty when it was not the node's.
    """

    reference: str
    lines: tuple[AnnouncedLine, ...]
    node_location: str
    tracking_number: str = ""
    shipment: str = ""


@dataclass(frozen=True, slots=True)
class Treated:
    """What was done with some units. `disposition` is None for a word that we do not know, which `raw` keeps.

    `note` is the dock's own text, `photo_url` its picture.
    """

    disposition: Disposition | None
    quantity: int
    raw: str
    note: str = field(default="", repr=False)
    photo_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class NodeReturnLine:
    """`expected` units of a SKU were announced; none of one that nobody announced. `kit`: the SKU that was announced,
    when the node expects its parts instead."""

    sku: str
    expected: int
    treated: tuple[Treated, ...] = ()
    kit: str = ""


@dataclass(frozen=True, slots=True)
class FoundUnits:
    """Units of one SKU that fared alike; nothing was done with those that are missing."""

    sku: str
    reception: Reception
    quantity: int
    treated: Treated | None = None


@dataclass(frozen=True, slots=True)
class NodeReturn:
    """What the node knows of a return now. `announced` is False for a parcel that came unasked."""

    external_id: str
    reference: str
    state: NodeReturnState
    raw_state: str
    announced: bool
    lines: tuple[NodeReturnLine, ...]
    node_location: str = ""
    tracking_number: str = ""
    shipment: str = ""
    updated_at: datetime | None = None

    @property
    def content(self) -> dict[str, int]:
        """Units by announced SKU, to compare with a request. A kit came whole when each of its parts did."""
        parts: dict[tuple[str, str], int] = Counter()
        for line in self.lines:
            if line.expected:
                parts[line.kit or line.sku, line.sku] += line.expected
        found: dict[str, int] = {}
        for (sku, _), units in parts.items():
            found[sku] = min(found.get(sku, units), units)
        return found

    def outcome(self) -> tuple[FoundUnits, ...]:
        """What came, unit by unit, in the order in which the node tells it.

        Units beyond those announced are extra. Units of a SKU that nobody announced came instead of missing ones, as
        long as some are missing. What is missing is known only when the node is done.
        """
        expected: Counter[str] = Counter()
        came: Counter[str] = Counter()
        for line in self.lines:
            expected[line.sku] += line.expected
            came[line.sku] += sum(each.quantity for each in line.treated)
        missing = expected - came
        wrong = missing.total() if self.state is NodeReturnState.DONE else 0
        due = expected.copy()
        found: list[FoundUnits] = []
        for line in self.lines:
            for each in line.treated:
                received = min(each.quantity, due[line.sku])
                due[line.sku] -= received
                rest = each.quantity - received
                swapped = 0 if expected[line.sku] else min(rest, wrong)
                wrong -= swapped
                parts = ((Reception.RECEIVED, received), (Reception.WRONG_ITEM, swapped))
                for reception, units in (*parts, (Reception.EXTRA, rest - swapped)):
                    if units:
                        found.append(FoundUnits(line.sku, reception, units, each))
        if self.state is NodeReturnState.DONE:
            found += [FoundUnits(sku, Reception.MISSING, units) for sku, units in missing.items()]
        return tuple(found)


class ReturnsWarehouse(Protocol):
    """Raises: ConnectorError."""

    return_capabilities: NodeReturnCapabilities
    return_topics: tuple[str, ...]  # of deliveries about returns, whose subject is the return

    async def announce_return(self, request: NodeReturnRequest) -> NodeReturn:
        """Tell the node what will come, once per reference.

        A reference whose content equals ours counts as done; with other content it is VendorRejected
        `reference_conflict`, after a cancellation `reference_cancelled`. Also `unknown_sku`, `unknown_location`,
        `unknown_shipment`, `unknown_action`, `bad_quantity`, `bad_reference`. After OutcomeUnknown repeat it,
        or ask `find_return`.
        """

    async def find_return(self, reference: str) -> NodeReturn | None:
        """What the node has under our reference; None when it surely has nothing."""

    async def fetch_return(self, external_id: str) -> NodeReturn | None:
        """The return as it is now; None when there is none."""

    async def cancel_return(self, external_id: str) -> None:
        """Nothing will come. One that is cancelled counts as done; VendorRejected `too_late` once it has arrived,
        `not_found`."""

    def returns_since(self, since: datetime) -> AsyncIterator[list[NodeReturn]]:
        """Pages of returns that were announced, or came unasked, or were finished since then; one may come twice."""
