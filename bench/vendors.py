"""The fake vendors in two processes, without limits, with stock for everybody; and what they counted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from bench.processes import Child, answers, free_port

SKUS = ("MUG-ENA-WHT", "LAMP-200", "BOT-750-BLU", "TOWEL-M", "SOCK-M", "POT-SET-S")
MORE_SKUS = ("MUG-ENA-BLU",)  # in stock too; nobody orders them at first
SHOP = "alpha"
AT_ONCE = 250  # orders per request that makes orders
_PLENTY = 10_000_000
_PEOPLE = (("Ada", "Lovelace"), ("Grace", "Hopper"), ("Mary", "Somerville"), ("Emmy", "Noether"), ("Lise", "Meitner"))


class Vendors:
    """Shop in one process, everybody else in the other: neither is the other's bottleneck."""

    def __init__(self, folder: Path) -> None:
        self.smtp_port = free_port()
        self.shop_url, self._shop = _start(folder, "shopify", self.smtp_port)
        self.other_url, self._others = _start(folder, "shipbob,easypost,mail", self.smtp_port)
        self._client = httpx.Client(timeout=120)

    def reset(self, *, packs_at_once: bool = True) -> None:
        """Empty shops and mailbox, no limits, plenty of stock."""
        for url in (self.shop_url, self.other_url):
            self._post(f"{url}/_control/reset", {})
        endless = {"max_available": 1e9, "restore_rate": 1e9}
        self._post(f"{self.shop_url}/_control/shopify/{SHOP}/settings", endless)
        self._post(
            f"{self.other_url}/_control/shipbob/settings", {"rate_limit_per_minute": None, "instant": packs_at_once}
        )
        self._post(f"{self.other_url}/_control/easypost/settings", {"rate_limit_per_minute": None})
        levels = [{"sku": sku, "on_hand": _PLENTY} for sku in (*SKUS, *MORE_SKUS)]
        self._post(f"{self.other_url}/_control/shipbob/inventory", {"levels": levels})
        for sku in (*SKUS, *MORE_SKUS):
            stock = {"sku": sku, "location": "Reno DC", "available": _PLENTY}
            self._post(f"{self.shop_url}/_control/shopify/{SHOP}/inventory", stock)

    def buy(self, count: int, *, first: int = 0, **changes: Any) -> list[dict[str, Any]]:
        """Let customers order; the webhooks start at once. `changes` to each checkout."""
        return self.buy_these([checkout(number) | changes for number in range(first, first + count)])

    def buy_these(self, checkouts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Let customers order just that; returns the shop's ids and names."""
        made: list[dict[str, Any]] = []
        for start in range(0, len(checkouts), AT_ONCE):
            bodies = checkouts[start : start + AT_ONCE]
            made += self._post(f"{self.shop_url}/_control/shopify/{SHOP}/orders", {"orders": bodies})["orders"]
        return made

    def deliver(self, codes: Sequence[str]) -> None:
        """These parcels arrive at their customers."""
        for code in codes:
            self._post(f"{self.other_url}/_control/easypost/parcels/{code}/deliver", {})

    def move_clock(self, hours: float) -> None:
        """The vendors' clock stands so many hours ahead; what falls due by it has happened."""
        for url in (self.shop_url, self.other_url):
            self._post(f"{url}/_control/clock", {"offset_s": hours * 3600})

    def answer_after(self, seconds: float, vendor: str, operation: str) -> None:
        """Every call of this operation takes so long, from now on."""
        fault = {"vendor": vendor, "operation": operation, "kind": "delay", "times": None, "delay_s": seconds}
        self._post(f"{self.other_url}/_control/faults", fault)

    def orders(self) -> list[dict[str, Any]]:
        """What the shop shows of its orders."""
        found: list[dict[str, Any]] = self._client.get(f"{self.shop_url}/_control/shopify/{SHOP}/orders").json()[
            "orders"
        ]
        return found

    def queued(self) -> int:
        """Webhooks not delivered yet."""
        return sum(
            int(self._client.get(f"{url}/_control/webhooks").json()["queued"])
            for url in (self.shop_url, self.other_url)
        )

    def counted(self) -> dict[str, int]:
        """Calls that each operation has answered, and mails in the mailbox."""
        found: dict[str, int] = {}
        for url in (self.shop_url, self.other_url):
            for vendor, operations in self._client.get(f"{url}/_control/counters").json()["requests"].items():
                for operation, statuses in operations.items():
                    found[f"{vendor} {operation}"] = sum(statuses.values())
        found["mails"] = int(self._client.get(f"{self.other_url}/mail/api/messages?limit=1").json()["count"])
        return found

    def cpu_s(self) -> float:
        return self._shop.cpu_s() + self._others.cpu_s()

    def stop(self) -> None:
        self._client.close()
        self._shop.stop()
        self._others.stop()

    def _post(self, url: str, body: Any) -> Any:
        answer = self._client.post(url, json=body)
        answer.raise_for_status()
        return answer.json()


def _start(folder: Path, vendors: str, smtp_port: int) -> tuple[str, Child]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    name = f"sandbox-{vendors.partition(',')[0]}"
    arguments = ["-m", "sandbox", "--port", str(port), "--smtp-port", str(smtp_port), "--only", vendors]
    child = Child(name, arguments, folder / f"{name}.log")
    child.wait_for(lambda: answers(f"{url}/_control/webhooks"))
    return url, child


def checkout(number: int) -> dict[str, Any]:
    """Customers differ, baskets have one to three lines."""
    first, last = _PEOPLE[number % len(_PEOPLE)]
    lines = [
        {"sku": SKUS[(number + part) % len(SKUS)], "quantity": 1 + (number + part) % 2}
        for part in range(1 + number % 3)
    ]
    return {
        "lines": lines,
        "customer": {"first_name": first, "last_name": last, "email": f"customer{number}@example.com", "phone": ""},
        "shipping_address": {
            "first_name": first, "last_name": last, "address1": f"{1 + number % 900} Main Street", "city": "Boston",
            "province_code": "MA", "zip": "02110", "country_code": "US", "phone": "+16175550123",
        },
        "payment": "paid",
        "risk": "low",
        "shipping": {"title": "Standard", "code": "standard", "price": "5.00"},
    }  # fmt: skip
