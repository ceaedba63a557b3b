"""Edits of an order: what may be staged, and what it would come to.

Written from the vendor's schema file. The wording of refusals, the numbers of calculated lines (those of the lines
they stand for) and what becomes of them are those of recorded answers of the real API in version 2026-04
(github.com/airhorns/shopify-draft-proxy, fixtures/conformance). Where nothing is recorded, the schema's own words.
"""

from decimal import Decimal
from typing import Any

from sandbox.shopify import totals
from sandbox.shopify.charges import Charged, Discount
from sandbox.shopify.checkout import tax_rate
from sandbox.shopify.edit_model import Calculated, Session, StagedLine, StagedShipping
from sandbox.shopify.model import Order, Variant
from sandbox.shopify.money import Bag, total
from sandbox.shopify.mutate_holds import Payload, error
from sandbox.shopify.state import Shop
from sandbox.shopify.taxes import Units, charge, rate_for, tax_on

_MOST_OPEN = 4096  # quotes that nobody commits must not pile up
_UNPAYABLE = ("REFUNDED", "VOIDED")


class EditError(Exception):
    """The vendor's user errors about one step of an edit."""

    def __init__(self, *errors: Payload) -> None:
        super().__init__(errors[0]["message"])
        self.errors = list(errors)


def refuse(path: list[str] | None, message: str, code: str | None = None) -> EditError:
    return EditError(error(path, message, code))


def why_not_edit(shop: Shop, order: Order) -> str | None:
    """`Order.merchantEditable`: false for cancelled orders and for some payment states."""
    if order.cancelled_at is not None:
        return "Order is canceled"
    if not order.editable:
        return "Order can't be edited"
    if totals.financial_status(order, shop.now()) in _UNPAYABLE:
        return "Order has been refunded or voided"
    return None


def check_editable(shop: Shop, order: Order) -> None:
    if why_not_edit(shop, order):
        raise refuse(None, "The order cannot be edited.")


def begin(shop: Shop, order: Order) -> Session:
    """Any number of edits may be open at once; the first commit ends the others."""
    check_editable(shop, order)
    lines = [
        StagedLine(
            key=str(each.id),
            order=order,
            line=each,
            variant=each.variant,
            unit=each.unit,
            quantity=each.current_quantity,
            discounts=list(each.discounts),
            tax_rate=each.tax_rate,
        )
        for each in order.lines
    ]
    shippings = [
        StagedShipping(str(each.id), each, each.title, each.left) for each in order.shippings if not each.removed
    ]
    made = Session(
        shop.new_id(), order, order.revision, lines, shippings, list(order.promotions), refunds=len(order.refunds)
    )
    shop.edits[made.id] = made
    while len(shop.edits) > _MOST_OPEN:
        del shop.edits[next(iter(shop.edits))]
    return made


def find(shop: Shop, text: str, code: str | None = None) -> Session:
    """By the id of the calculated order or of the session."""
    kind, _, tail = text.removeprefix("gid://shopify/").partition("/")
    known = kind in ("CalculatedOrder", "OrderEditSession") and tail.isdigit()
    session = shop.edits.get(int(tail)) if known else None
    if session is None or session.is_over:
        raise refuse(["id"], "The calculated order does not exist.", code)
    check_editable(shop, session.order)
    return session


def line_of(session: Session, text: str, path: str) -> StagedLine:
    """By the id of the calculated line, or of the line that it stands for."""
    kind, _, tail = text.removeprefix("gid://shopify/").partition("/")
    found = next((each for each in session.lines if each.key == tail), None)
    if found is None or kind not in ("CalculatedLineItem", "LineItem"):
        raise refuse([path], "The line item does not exist on the order.")
    return found


def set_quantity(session: Session, line: StagedLine, quantity: int, *, restock: bool) -> None:
    """`quantity` is the whole line's, shipped units included. An added line that is set to 0 was never added."""
    if quantity < 0:
        raise refuse(["quantity"], "must be greater than or equal to 0")
    if quantity < line.shipped:
        raise refuse(["quantity"], "You can't remove items that have already been fulfilled.")
    line.quantity, line.restock = quantity, restock
    if not quantity and line.line is None:
        session.lines.remove(line)
    session.calculated = None


def add_variant(
    shop: Shop, session: Session, variant: Variant | None, quantity: int, *, duplicates: bool
) -> StagedLine:
    if quantity <= 0:
        errors = [error(["quantity"], "must be greater than 0")]
        if quantity < 0:
            errors.append(error(["quantity"], "must be greater than or equal to 0"))
        raise EditError(*errors)
    if variant is None:
        raise refuse(["variantId"], "The variant does not exist in the shop.")
    if not duplicates and any(each.variant is variant and each.quantity for each in session.lines):
        raise refuse(["id"], f"{variant.product.title} was not added because it's already on the order.")
    order = session.order
    unit = order.pair.from_shop(variant.price)
    made = StagedLine(new_key(shop), order, None, variant, unit, quantity, [], tax_rate(order, variant))
    session.lines.append(made)
    session.calculated = None
    return made


def new_key(shop: Shop) -> str:
    number = f"{shop.world.rng.getrandbits(128):032x}"
    return "-".join((number[:8], number[8:12], number[12:16], number[16:20], number[20:]))


def calculate(session: Session) -> Calculated:
    """Lines that nothing changed keep what they were charged, so that an edit without changes comes to nothing."""
    if session.calculated is not None:
        return session.calculated
    order = session.order
    charged = _charged(session)
    nets = [each.unit * each.quantity - what.off(order.pair) for each, what in charged]
    taxes = [tax for each, what in charged if each.quantity for tax in what.taxes]
    shipping = order.pair.zero
    for staged in session.shippings:
        if staged.status != "REMOVED":
            shipping = shipping + staged.price
            taxes += shipping_taxes(order, staged)
    subtotal = total(nets, order.pair)
    whole = subtotal + shipping
    if not order.taxes_included:
        whole = whole + totals.sum_of(taxes, order.pair)
    session.calculated = Calculated(
        charged=charged,
        subtotal=subtotal,
        cart_discount=total([what.off(order.pair) - what.line_off(order.pair) for _, what in charged], order.pair),
        taxes=totals.by_title(taxes),
        total=whole,
    )
    return session.calculated


def shipping_taxes(order: Order, staged: StagedShipping) -> list[Any]:
    if staged.shipping is not None:
        return staged.shipping.taxes_left()
    title, rate = rate_for(order.shipping_address)
    return tax_on(staged.price, title, rate, included=order.taxes_included)


def _charged(session: Session) -> list[tuple[StagedLine, Charged]]:
    lines, order = session.lines, session.order
    if not session.lost_promotions and not any(each.changed for each in lines):
        return [(each, each.line.left) for each in lines if each.line]
    units = [Units(each.unit, each.quantity, each.discounts, each.tax_rate) for each in lines]
    fresh = charge(units, session.promotions, order.pair, included=order.taxes_included)
    found = []
    for staged, what in zip(lines, fresh, strict=True):
        old = staged.line.left if staged.line and not staged.changed else None
        found.append((staged, old if old is not None and old.off(order.pair) == what.off(order.pair) else what))
    return found


def discount(shop: Shop, session: Session, line: StagedLine, wanted: dict[str, Any]) -> Discount:
    """Stage a discount of one line; a fixed one is taken off each unit."""
    percent, fixed = wanted.get("percentValue"), wanted.get("fixedValue")
    path = ["discount"]
    if (percent is None) is (fixed is None):
        raise refuse(path, "Discount must have either a fixed or a percentage value.")
    amount: Bag | None = None
    if fixed is not None:
        amount = money(session.order, fixed, [*path, "fixedValue"])
        if not amount:
            raise refuse([*path, "fixedValue"], "must be greater than 0")
    elif percent is not None and not 0 < percent <= 100:
        raise refuse([*path, "percentValue"], "must be greater than 0 and less than or equal to 100")
    title = wanted.get("description") or "Discount"
    made = Discount(shop.new_id(), title, None if percent is None else Decimal(str(percent)), amount)
    line.discounts.append(made)
    session.calculated = None
    return made


def money(order: Order, wanted: dict[str, Any], path: list[str], code: str | None = None) -> Bag:
    """An amount in the currency the customer pays in."""
    if wanted["currencyCode"] != order.pair.presentment:
        raise refuse(path, f"The price must be in {order.pair.presentment}.", code)
    amount = Decimal(wanted["amount"])
    if amount < 0:
        raise refuse(path, "must be greater than or equal to 0", code)
    return order.pair.from_presentment(amount)
