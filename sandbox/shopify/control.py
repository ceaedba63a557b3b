"""The knobs of the fake shops, under `/_control/shopify`."""

from collections.abc import Callable
from typing import Any

from sandbox.core.http import BadJsonError, Reply, Request, Router, json_reply
from sandbox.core.world import World
from sandbox.shopify import admin, admin_returns, checkout, hooks, report, store_credit
from sandbox.shopify.model import Order
from sandbox.shopify.payments import PAYMENTS
from sandbox.shopify.seed import open_shop
from sandbox.shopify.state import Shop, gid, number_of

_MOST_AT_ONCE = 1000
_ACTS: dict[str, Callable[[Shop, Order, dict[str, Any]], None]] = {
    "cancel": admin.cancel,
    "edit": admin.edit,
    "editable": admin.editable,
    "touch": admin.touch,
    "risk": admin.risk,
    "hold": admin.hold,
    "refund": admin.refund,
    "return": admin_returns.begin,
    "dispute": admin_returns.dispute,
}


class _ToldError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Control:
    """Handlers by shop; wrong input answers 4xx with a sentence."""

    def __init__(self, world: World, shops: dict[str, Shop]) -> None:
        self._world, self._shops = world, shops
        self.router = Router(world, "_control", bad_json=_bad_json)
        routes: dict[tuple[str, str], Callable[[Shop, Request], Any]] = {
            ("POST", "/{shop}/orders"): _create,
            ("GET", "/{shop}/orders"): _orders,
            ("GET", "/{shop}/orders/{id}"): lambda shop, request: report.order(shop, _order(shop, request)),
            ("POST", "/{shop}/orders/{id}/{act}"): _act,
            ("GET", "/{shop}/returns"): lambda shop, _request: {
                "returns": [report.returned(each) for each in shop.returns.values()]
            },
            ("POST", "/{shop}/returns/{id}/{act}"): _act_on_return,
            ("GET", "/{shop}/store_credit"): lambda shop, _request: {"accounts": store_credit.report(shop)},
            ("GET", "/{shop}/inventory"): lambda shop, _request: {"inventory": report.inventory(shop)},
            ("POST", "/{shop}/inventory"): _set_stock,
            ("POST", "/{shop}/products"): _set_product,
            ("POST", "/{shop}/settings"): _settings,
            ("POST", "/{shop}/payments/{id}/expire"): _expire,
            ("POST", "/{shop}/uninstall"): _uninstall,
        }
        for (method, template), handler in routes.items():
            self.router.add(method, template, self._guarded(handler))
        self.router.add("POST", "/shops", self._open)
        self.router.add("GET", "/shops", lambda _request: json_reply(200, {"shops": sorted(self._shops)}))

    def _guarded(self, handler: Callable[[Shop, Request], Any]) -> Callable[[Request], Reply]:
        def answer(request: Request) -> Reply:
            shop = self._shops.get(request.params["shop"])
            if shop is None:
                return json_reply(404, {"error": "no such shop"})
            try:
                return json_reply(200, handler(shop, request))
            except _ToldError as problem:
                return json_reply(problem.status, {"error": problem.message})
            except BadJsonError:
                raise
            except (KeyError, TypeError, ValueError) as problem:
                return json_reply(422, {"error": str(problem) or repr(problem)})

        return answer

    def _open(self, request: Request) -> Reply:
        """A further shop: {"name", "currency"?, "region"?: "US"|"EU"}."""
        body = request.object()
        name = str(body.get("name") or "")
        if not name.isalnum() or name in self._shops:
            return json_reply(422, {"error": "a new name of letters and digits is needed"})
        region = "EU" if body.get("region") == "EU" else "US"
        currency = str(body.get("currency") or ("EUR" if region == "EU" else "USD"))
        shop = open_shop(self._world, name, currency=currency, region=region, base=len(self._shops) + 1)
        self._shops[name] = shop
        return json_reply(201, {"name": name, "token": shop.token, "secret": shop.secret.decode()})


def _bad_json(problem: BadJsonError) -> Reply:
    return json_reply(400, {"error": str(problem)})


def _order(shop: Shop, request: Request) -> Order:
    text = request.params["id"]
    order = shop.orders.get(int(text) if text.isdigit() else number_of(text, "Order"))
    if order is None:
        raise _ToldError(404, "no such order")
    return order


def _create(shop: Shop, request: Request) -> dict[str, Any]:
    """One order, `count` alike, or a list under `orders`."""
    body = request.object()
    wanted = body.get("orders") or [body] * int(body.get("count") or 1)
    if len(wanted) > _MOST_AT_ONCE:
        raise _ToldError(422, f"at most {_MOST_AT_ONCE} orders at once")
    for each in wanted:
        if (each.get("payment") or "paid") not in PAYMENTS:
            raise _ToldError(422, f"payment must be one of {', '.join(sorted(PAYMENTS))}")
    made = [checkout.place(shop, each) for each in wanted]
    return {"orders": [{"id": gid("Order", o.id), "name": o.name, "legacy_id": o.id} for o in made]}


def _orders(shop: Shop, request: Request) -> dict[str, Any]:
    """All orders, oldest first; `?limit=` keeps the last so many."""
    limit = int(request.query("limit") or 0)
    numbers = list(shop.orders)[-limit:] if limit else list(shop.orders)
    return {"orders": [report.order(shop, shop.orders[number]) for number in numbers]}


def _act(shop: Shop, request: Request) -> dict[str, Any]:
    act = _ACTS.get(request.params["act"])
    if act is None:
        raise _ToldError(404, f"acts are {', '.join(_ACTS)}")
    order = _order(shop, request)
    act(shop, order, request.object())
    return report.order(shop, order)


def _act_on_return(shop: Shop, request: Request) -> dict[str, Any]:
    text = request.params["id"]
    back = shop.returns.get(int(text) if text.isdigit() else number_of(text, "Return"))
    act = admin_returns.ACTS.get(request.params["act"])
    if back is None or act is None:
        raise _ToldError(404, f"no such return; acts are {', '.join(admin_returns.ACTS)}")
    act(shop, back, request.object())
    return report.returned(back)


def _set_stock(shop: Shop, request: Request) -> dict[str, Any]:
    admin.set_stock(shop, request.object())
    return {"ok": True}


def _set_product(shop: Shop, request: Request) -> dict[str, Any]:
    product = admin.set_product(shop, request.object())
    return {"id": gid("Product", product.id), "title": product.title}


def _settings(shop: Shop, request: Request) -> dict[str, Any]:
    values = request.object()
    shop.settings.change(values)
    if "max_available" in values:
        shop.bucket.fill()
    return {
        "max_available": shop.settings.max_available,
        "restore_rate": shop.settings.restore_rate,
        "job_delay_s": shop.settings.job_delay_s,
        "multi_capture": shop.settings.multi_capture,
    }


def _expire(shop: Shop, request: Request) -> dict[str, Any]:
    return {"expired": admin.expire(shop, _order(shop, request))}


def _uninstall(shop: Shop, _request: Request) -> dict[str, Any]:
    """The merchant removes the app: one last webhook, then the token is void."""
    hooks.uninstalled(shop)
    shop.installed = False
    return {"ok": True}
