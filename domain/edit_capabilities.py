"""What nodes, sources, holds and states of an order let an edit change, and until when.

The table is data (config/edit_capabilities.toml); nodes are known by kinds of what they can, never by vendor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.edits import EditKind
from domain.states import FulfilmentOrderState, RequestState


class EditField(StrEnum):
    """What a node or a shop has a call for."""

    ADDRESS = "address"
    CONTACT = "contact"
    LINES = "lines"
    SHIPPING = "shipping"
    CANCEL = "cancel"


FIELD_OF: Mapping[EditKind, EditField] = {
    EditKind.ADDRESS: EditField.ADDRESS,
    EditKind.CONTACT: EditField.CONTACT,
    EditKind.QUANTITY: EditField.LINES,
    EditKind.SWAP: EditField.LINES,
    EditKind.ADD: EditField.LINES,
    EditKind.REMOVE: EditField.LINES,
    EditKind.SHIPPING: EditField.SHIPPING,
    EditKind.CANCEL: EditField.CANCEL,
}
PARTLY_SHIPPED, SHIPPED = "partly_shipped", "shipped"


class Stage(StrEnum):
    """How far a node is with a shipment. A kind of node has some of these, in an order of its own."""

    UNTOLD = "untold"  # it knows nothing yet
    TOLD = "told"
    PICKING = "picking"
    LABELLED = "labelled"
    PACKED = "packed"
    SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class NodePart:
    """One fulfilment order. Flags are what its node said or scanned; `shipped`: some of it has left.

    `lines`: order line -> units still to ship.
    """

    id: str
    system: str
    state: str
    request_state: str
    release_at: datetime
    lines: Mapping[str, int]
    picking: bool = False
    labelled: bool = False
    packed: bool = False
    shipped: bool = False


@dataclass(frozen=True, slots=True)
class NodeKind:
    """`stages` in the order in which they come, after `untold`; `until`: the first stage at which it is too late."""

    stages: tuple[Stage, ...]
    until: Mapping[EditField, Stage]

    def takes(self, field: EditField, stage: Stage) -> bool:
        order = (Stage.UNTOLD, *self.stages)
        return order.index(stage) < order.index(self.until[field])

    def stage_of(self, part: NodePart) -> Stage:
        """The furthest stage that is known; one that this kind of node does not have does not count."""
        if part.shipped or part.state == FulfilmentOrderState.CLOSED:
            return Stage.SHIPPED
        if part.request_state in _UNTOLD:
            return Stage.UNTOLD
        known = {Stage.PICKING: part.picking, Stage.LABELLED: part.labelled, Stage.PACKED: part.packed}
        return next((stage for stage in reversed(self.stages) if known.get(stage)), Stage.TOLD)


_UNTOLD = (RequestState.UNSUBMITTED, RequestState.REJECTED)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The whole table. `orders` by state of the order, `holds` by name of an open hold, `systems`: warehouse system ->
    kind of node."""

    orders: Mapping[str, frozenset[EditField]]
    holds: Mapping[str, frozenset[EditField]]
    default_hold: frozenset[EditField]
    sources: Mapping[str, frozenset[EditField]]
    systems: Mapping[str, str]
    nodes: Mapping[str, NodeKind]
    beyond_node: frozenset[EditField]

    def node(self, system: str) -> NodeKind:
        """Raises: KeyError for a warehouse system that the table does not name."""
        return self.nodes[self.systems[system]]

    def during(self, hold: str) -> frozenset[EditField]:
        """What may be edited while this hold stands."""
        return self.holds.get(hold, self.default_hold)

    def asks_node(self, field: EditField, part: NodePart) -> bool:
        """Whether the edit has to be made at the node too: it has the order and still takes the change."""
        kind = self.node(part.system)
        stage = kind.stage_of(part)
        return stage is not Stage.UNTOLD and kind.takes(field, stage)
