"""The fake Shopify: Admin GraphQL API 2026-10 and its webhooks for any number of shops."""

from dataclasses import dataclass
from datetime import datetime

from sandbox.core.http import ASGIApp
from sandbox.core.world import World
from sandbox.shopify import (
    fields_dispute as _fields_dispute,  # noqa: F401 - importing registers the resolvers
)
from sandbox.shopify import fields_fulfilment as _fields_fulfilment  # noqa: F401
from sandbox.shopify import fields_order as _fields_order  # noqa: F401
from sandbox.shopify import fields_outcome as _fields_outcome  # noqa: F401
from sandbox.shopify import fields_payment as _fields_payment  # noqa: F401
from sandbox.shopify import fields_return as _fields_return  # noqa: F401
from sandbox.shopify import mutate_edit_more as _mutate_edit_more  # noqa: F401
from sandbox.shopify import mutate_fulfilments as _mutate_fulfilments  # noqa: F401
from sandbox.shopify import mutate_payments as _mutate_payments  # noqa: F401
from sandbox.shopify import mutate_placing as _mutate_placing  # noqa: F401
from sandbox.shopify import mutate_returns as _mutate_returns  # noqa: F401
from sandbox.shopify import mutate_reverse as _mutate_reverse  # noqa: F401
from sandbox.shopify import mutate_stock as _mutate_stock  # noqa: F401
from sandbox.shopify import queries as _queries  # noqa: F401
from sandbox.shopify.app import Api
from sandbox.shopify.control import Control
from sandbox.shopify.seed import open_shop
from sandbox.shopify.state import Shop


@dataclass
class Shopify:
    """All shops of one process."""

    shops: dict[str, Shop]
    app: ASGIApp
    control: ASGIApp
    name: str = "shopify"

    def tick(self, now: datetime) -> None:
        for shop in self.shops.values():
            shop.run_due(now)


def build(world: World) -> Shopify:
    """Two seeded shops: `alpha` sells in USD from the US, `nord` in EUR from Germany."""
    shops = {
        "alpha": open_shop(world, "alpha", currency="USD", region="US", base=1),
        "nord": open_shop(world, "nord", currency="EUR", region="EU", base=2),
    }
    return Shopify(shops, Api(world, shops), Control(world, shops).router)
