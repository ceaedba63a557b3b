"""Reads fields of Shopify's JSON by name, so that a bad body is an OrderError that names the field."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from domain.money import MoneyError, to_minor
from domain.order import OrderError


def moment_text(moment: datetime) -> str:
    """A moment as the vendor's inputs and searches want it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Fields:
    """One JSON object and where it stands in the body."""

    __slots__ = ("_key", "_node", "_parent", "_place")

    def __init__(self, node: Any, parent: "Fields | None" = None, key: str = "", place: int = 0) -> None:
        """`key` of `parent`; the one at `place`, counted from 1, where it holds a list."""
        self._parent, self._key, self._place = parent, key, place
        if not isinstance(node, dict):
            raise OrderError("not_an_object", self._where())
        self._node: dict[str, Any] = node

    def at(self, key: str) -> str:
        """The field's name from the top of the body, for errors."""
        return f"{where}.{key}" if (where := self._where()) else key

    def _where(self) -> str:
        """Put together only when something is wrong: a body has hundreds of fields."""
        if self._parent is None:
            return ""
        name = self._parent.at(self._key)
        return f"{name}[{self._place}]" if self._place else name

    def text(self, key: str) -> str:
        """Text, or a whole number as text; empty when absent."""
        value = self._node.get(key)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise OrderError("not_a_text", self.at(key))

    def need_text(self, key: str) -> str:
        value = self.text(key)
        if not value:
            raise OrderError("missing", self.at(key))
        return value

    def whole(self, key: str, *fallbacks: str) -> int:
        """The first of the fields that is there, as a whole number."""
        for name in (key, *fallbacks):
            value = self._node.get(name)
            if value is None:
                continue
            if isinstance(value, int) and not isinstance(value, bool):
                return value
            raise OrderError("not_a_number", self.at(name))
        raise OrderError("missing", self.at(key))

    def number(self, key: str) -> float:
        value = self._node.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        raise OrderError("not_a_number", self.at(key))

    def flag(self, key: str, *, default: bool = False) -> bool:
        value = self._node.get(key)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        raise OrderError("not_a_flag", self.at(key))

    def child(self, key: str) -> "Fields | None":
        value = self._node.get(key)
        return None if value is None else Fields(value, self, key)

    def need_child(self, key: str) -> "Fields":
        child = self.child(key)
        if child is None:
            raise OrderError("missing", self.at(key))
        return child

    def children(self, key: str) -> list["Fields"]:
        """A list of objects; empty when absent."""
        return [Fields(value, self, key, place) for place, value in enumerate(self._list(key), start=1)]

    def nodes(self, key: str) -> list["Fields"]:
        """The nodes of a connection; empty when absent."""
        child = self.child(key)
        return child.children("nodes") if child else []

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._list(key)
        if not all(isinstance(value, str) for value in values):
            raise OrderError("not_a_text", self.at(key))
        return tuple(values)

    def time(self, key: str) -> datetime | None:
        text = self.text(key)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise OrderError("not_a_time", self.at(key)) from None
        if moment.tzinfo is None:
            raise OrderError("not_a_time", self.at(key))
        return moment.astimezone(UTC)

    def need_time(self, key: str) -> datetime:
        moment = self.time(key)
        if moment is None:
            raise OrderError("missing", self.at(key))
        return moment

    def amount(self, key: str, currency: str) -> int:
        """A decimal text in minor units; 0 when absent."""
        text = self.text(key)
        if not text:
            return 0
        try:
            return to_minor(text, currency)
        except MoneyError as exc:
            raise OrderError(str(exc), self.at(key)) from exc

    def presented(self, key: str, currency: str) -> int | None:
        """The presentment side of a money bag in minor units; None when there is no bag.

        Works for the GraphQL spelling and the REST one. Raises: OrderError for another currency.
        """
        bag = self.child(key)
        if bag is None:
            return None
        money = bag.child("presentmentMoney") or bag.need_child("presentment_money")
        if (money.text("currencyCode") or money.text("currency_code")) != currency:
            raise OrderError("other_currency", money.at("currency"))
        money.need_text("amount")
        return money.amount("amount", currency)

    def _list(self, key: str) -> Sequence[Any]:
        value = self._node.get(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise OrderError("not_a_list", self.at(key))
        return value
