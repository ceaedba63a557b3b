"""Answers the fields of disputes, and the query that lists them.

The vendor has two views of one dispute: the order's summary, and that of Shopify Payments, which knows the money, the
reason and the days. Both have the dispute's number, and so has the webhook.
"""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from sandbox.shopify.gql.registry import Arguments, Call, answers, field
from sandbox.shopify.money import plain
from sandbox.shopify.paging import bad_cursor, of_stream, page_size, read_cursor
from sandbox.shopify.return_model import Dispute
from sandbox.shopify.search import Getter, matcher

_TIMES: dict[str, Getter] = {"initiated_at": attrgetter("initiated_at")}
_TEXTS: dict[str, Getter] = {"status": attrgetter("status")}
_NUMBERS: dict[str, Getter] = {"id": attrgetter("id")}

answers("Order", {"disputes": lambda order: order.disputes})
answers("OrderDisputeSummary", {"initiatedAs": lambda value: value.type})
answers(
    "ShopifyPaymentsDispute",
    {
        "amount": lambda value: {"amount": plain(value.amount), "currencyCode": value.order.pair.presentment},
        "reasonDetails": lambda value: {"reason": value.reason, "networkReasonCode": value.code},
    },
)


@field("QueryRoot", "disputes")
def _disputes(_root: Any, arguments: Arguments, call: Call) -> dict[str, Any]:
    """By number, which is the cursor too: a position among those that fit a filter would lose its place whenever a
    status changes between two pages.
    """
    fits = matcher(arguments.get("query"), _TIMES, _TEXTS, _NUMBERS)
    _, from_end = page_size(arguments)
    edge = _edge(arguments.get("before" if from_end else "after"))
    found = _walk(call.shop.disputes, edge, down=bool(arguments.get("reverse")) is not from_end)
    return of_stream(filter(fits, found), arguments, attrgetter("id"), earlier=edge is not None)


def _edge(cursor: str | None) -> int | None:
    if not cursor:
        return None
    value = read_cursor(cursor)
    if not isinstance(value, int):
        raise bad_cursor()
    return value


def _walk(disputes: dict[int, Dispute], edge: int | None, *, down: bool) -> Iterator[Dispute]:
    """Those beyond the edge; numbers rise, so the oldest has the lowest."""
    for number in reversed(disputes) if down else disputes:
        if edge is None or (number < edge if down else number > edge):
            yield disputes[number]
