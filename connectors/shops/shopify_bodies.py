"""Bodies of Shopify's lists, each read by itself: one that cannot be read holds up no other."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from connectors import unreadable
from connectors.shops.shopify_client import Node
from domain.order import OrderError

T = TypeVar("T")
BadBody = Callable[[str, OrderError], None]
logger = logging.getLogger(__name__)


def leave_out(external_id: str, error: OrderError) -> None:
    """Log it and tell whoever collects (see `unreadable`)."""
    unreadable.note(external_id, error)
    keys = {"external_id": external_id, "code": error.code, "field": error.where}
    logger.error("shopify body left out", extra=keys)


class ShopifyBodies:
    """The part of a shop that reads lists."""

    _on_bad_body: BadBody

    def _parsed(self, nodes: Sequence[Node], parse: Callable[[Node], T]) -> list[T]:
        parsed = []
        for node in nodes:
            if "id" not in node:
                continue  # an id of another kind of thing selects nothing of ours
            try:
                parsed.append(parse(node))
            except OrderError as error:
                self._on_bad_body(str(node["id"]), error)
        return parsed
