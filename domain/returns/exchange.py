"""What goods for goods cost: a replacement is free, another variant may be, another product is paid for or gives
something back. Amounts are minor units of the order's currency.
"""

from dataclasses import dataclass

from domain.returns.money import LineRefund, exchange_quote
from domain.returns.policy import MoneyPolicy


@dataclass(frozen=True, slots=True)
class Swap:
    """`unit_price_minor`: of the wanted product today, as the shop states prices. `free`: the same once more, for
    something that was wrong. `fee_minor`: what the return itself costs."""

    quantity: int
    unit_price_minor: int
    same_product: bool = False
    free: bool = False
    fee_minor: int = 0


@dataclass(frozen=True, slots=True)
class SwapQuote:
    """`discount_minor`: what the shop takes off the price of each unit, so that it reckons the same. `change_minor`: to
    pay when positive, to give back when negative."""

    credit_minor: int
    price_minor: int
    discount_minor: int
    change_minor: int


def quote_swap(back: LineRefund, swap: Swap, *, taxes_included: bool, policy: MoneyPolicy) -> SwapQuote:
    """`back`: the units that come back, before anything is kept of them. Tax beside the price is reckoned at the rate
    that they were sold at; what the shop then charges may differ by its rounding.

    An even exchange is made so by a discount: its net price is never above what was paid, so nobody pays for a price
    that has risen or for a promotion that is over.
    """
    even = swap.free or (swap.same_product and policy.even_exchange)
    worth = back.goods_minor - back.discount_minor
    discount = max(swap.unit_price_minor - worth // swap.quantity, 0) if even else 0
    net = (swap.unit_price_minor - discount) * swap.quantity
    tax = 0 if taxes_included or not worth else (net * back.tax_minor * 2 + worth) // (worth * 2)
    if even:
        found = exchange_quote(back.paid_minor, back.paid_minor, same_product=True, policy=policy)
    else:
        found = exchange_quote(back.paid_minor, net + tax, same_product=swap.same_product, policy=policy)
    change = found.to_pay_minor - found.to_refund_minor + swap.fee_minor
    return SwapQuote(back.paid_minor, net + tax, discount, change)
