"""What a request asks for, held against the order as it stands: read before anybody is asked, at the decision, and once
more at the fence."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.edit_quote import ShopTotals
from domain.edit_windows import EditSnapshot, Window, next_step, window
from domain.edits import EditAction, EditError, EditKind, Wanted, combine
from domain.ids import digest
from domain.order import Address
from domain.placed import PlacedOrder
from domain.policy import Policies
from domain.states import OrderState
from ledger.address_checks import AddressAnswer, address_problems
from ledger.editing.facts import UnknownSku, Variants, placed_order, shop_plan, variants_of
from ledger.editing.requests import RequestRow, actions_of
from ledger.editing.snapshots import edit_snapshot
from ledger.orders import OrderRow, address_of, contacts
from ledger.rows import select_by
from ledger.tables import Order

Reasons = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """What others are asked before the decision. `refused`: nobody needs to be asked."""

    refused: Reasons
    target: str = ""
    external_id: str = ""
    lines: Mapping[str, Any] = field(default_factory=dict)
    address: Address | None = None
    contact_id: str = ""
    unchanged: Mapping[str, Any] = field(default_factory=dict)  # to learn which discounts apply now


@dataclass(frozen=True, slots=True)
class Answers:
    """What others said: the shop's calculation and the discounts that apply now (None: not asked), the carrier's word
    on the address, and who could take money (empty: nobody)."""

    totals: ShopTotals | None = None
    discounts: tuple[str, ...] | None = None
    address: AddressAnswer | None = None
    payment_page: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """A request against the order as it stands now."""

    placed: PlacedOrder
    wanted: Wanted
    variants: Variants
    snapshot: EditSnapshot
    shop: Mapping[str, Any]

    @property
    def unchanged(self) -> dict[str, Any]:
        """An edit of a discounted order that changes nothing: asked of the shop, it tells which discounts apply now."""
        lines = self.shop.get("lines")
        if not lines or not any(line.discount_minor for line in self.placed.lines):
            return {}
        return {"before": lines["before"], "quantities": {}, "added": {}}

    @property
    def base(self) -> str:
        """Identity of what the quote was made from: another order then needs another quote."""
        content = (self.placed.lines, self.placed.total_minor, self.placed.contact_version, self.placed.shipping_code)
        return digest([repr(part) for part in content])[:16]


class Refused(Exception):
    def __init__(self, reasons: Reasons) -> None:
        super().__init__(str(reasons[0]["code"]))
        self.reasons = reasons


def question_of(session: Session, request: RequestRow, policies: Policies, now: datetime) -> Question:
    """Judge what needs nobody's answer, and say what is to be asked. Only reads."""
    [order] = select_by(session, Order, "id", [request["order_id"]])
    try:
        wish = wish_of(session, order, request, policies)
        check_windows(wish, policies, now, agent=request["origin"] == "agent")
    except Refused as refused:
        return Question(refused.reasons)
    contact_id = wish.wanted.contact_version
    address = None
    if EditKind.ADDRESS in wish.wanted.kinds:
        address = address_of(contacts(session, [contact_id])[contact_id])
        problems = address_problems(address)
        if problems:
            return Question([{"code": "address_format", "problems": list(problems)}])
    target = f"{order['source']}/{order['account']}"
    lines = wish.shop.get("lines", {})
    return Question([], target, order["external_id"], lines, address, contact_id, wish.unchanged)


def read_wish(
    session: Session, order: OrderRow, actions: Sequence[EditAction], policies: Policies, *, fence: str = ""
) -> Wish:
    """`fence`: the request's own, which does not stand in its way. Raises: Refused."""
    if order["state"] == OrderState.CANCELLED or order["cancelled_at"] is not None:
        raise Refused([{"code": "order_cancelled"}])  # its lines have no units any more: no other reason would be true
    placed, snapshot = placed_order(session, order), edit_snapshot(session, order, fence=fence)
    try:
        wanted = combine(actions, placed)
        variants = variants_of(session, order, [added.sku for added in wanted.added])
        shop = shop_plan(session, order, wanted, variants, policies.edits)
    except EditError as error:
        reason: dict[str, Any] = {"code": error.code, "where": error.where}
        if error.code == "already_shipped":
            step = next_step(actions[0].kind, snapshot, policies.edits, error.code)
            reason |= {"kind": str(actions[0].kind), "next_step": asdict(step) if step else {}}
        raise Refused([reason]) from None
    except UnknownSku as error:
        raise Refused([{"code": "unknown_sku", "sku": error.sku}]) from None
    return Wish(placed, wanted, variants, snapshot, shop)


def wish_of(session: Session, order: OrderRow, request: RequestRow, policies: Policies) -> Wish:
    """A stored request's. Raises: Refused."""
    return read_wish(session, order, actions_of(session, request["id"]), policies, fence=request["id"])


def check_windows(
    wish: Wish, policies: Policies, now: datetime, *, agent: bool = False, asked_at: datetime | None = None
) -> None:
    """Each kind, for each line that it is about; `asked_at` of a request that has waited. Raises: Refused with the
    reason and the next step."""
    fewer = {line.id for line in wish.placed.lines if wish.wanted.lines[line.id] < line.quantity}
    for kind in sorted(wish.wanted.kinds):
        of_lines = fewer if kind in (EditKind.QUANTITY, EditKind.REMOVE, EditKind.SWAP) else {""}
        for line_id in sorted(of_lines) or [""]:
            found = window(
                kind, wish.snapshot, policies.edits, policies.capabilities, now,
                line_id=line_id, agent=agent, asked_at=asked_at,
            )  # fmt: skip
            if not found.open:
                raise Refused([_closed(found)])


def _closed(found: Window) -> dict[str, Any]:
    step = asdict(found.next_step) if found.next_step else {}
    return {"code": found.reason, "kind": str(found.kind), "limit": str(found.limit or ""), "next_step": step}
