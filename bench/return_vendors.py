"""The calls that a return makes at its vendors."""

from typing import Any

import sqlalchemy as sa

from bench.calls import Calls
from bench.wishes import Bought
from config.wiring import Wiring
from connectors.outcomes import Sent
from connectors.shops.base import RefundRequest
from domain.parcels import Parcel, cheapest_in_time
from ledger.orders import address_of, contacts
from ledger.tables import MoneyTransaction, Order, Payment
from ledger.tables.base import table_of
from tasks.sending.node import origin_of

WEIGHT_G, REFUND_MINOR = 200, 1_900


async def calls_of_return(wiring: Wiring, order: Bought, calls: Calls) -> None:
    """A label for the way back of this order, and money."""
    facts = wiring.read(_facts, order)
    node, parcels = wiring.policies.node(wiring.policies.way_back.send_to), wiring.parcels()
    size = Parcel(WEIGHT_G, *wiring.policies.shipping.parcel_mm)
    asked = parcels.quote(
        ship_from=origin_of(node), ship_to=facts["address"], parcel=size, reference=order.id, back=True
    )
    quote = await calls.timed("carrier: rates for the way back", asked)
    rate = cheapest_in_time(quote.rates, max_days=None)
    assert rate is not None, "the sandbox's carrier serves everybody"
    label = await calls.timed("carrier: label bought", parcels.buy(quote.external_id, rate.external_id))
    await calls.timed("carrier: the label's file", parcels.fetch_label(label.label_url))
    back = RefundRequest(
        key=f"benchmark:{order.id}",
        order=order.external_id,
        parent_transaction=facts["paid_by"],
        gateway=facts["gateway"],
        amount_minor=REFUND_MINOR,
        currency=facts["currency"],
        note="benchmark",
    )
    shop = wiring.shops()[facts["target"]]
    done = await calls.timed("shop: refund", shop.refund(back))
    assert isinstance(done, Sent), f"the sandbox's shop refused a refund: {done}"
    await calls.timed("shop: order read", shop.fetch_orders([order.external_id]))


def _facts(session: Any, order: Bought) -> dict[str, Any]:
    orders, paid, payments = table_of(Order), table_of(MoneyTransaction), table_of(Payment)
    [row] = session.execute(sa.select(orders).where(orders.c.id == order.id)).mappings()
    [money] = session.execute(
        sa.select(paid.c.external_id, paid.c.currency, payments.c.gateway)
        .join(payments, payments.c.id == paid.c.payment_id)
        .where(paid.c.order_id == order.id)
    )
    return {
        "target": f"{row['source']}/{row['account']}",
        "address": address_of(contacts(session, [row["contact_id"]])[row["contact_id"]]),
        "paid_by": money.external_id,
        "gateway": money.gateway,
        "currency": money.currency,
    }
