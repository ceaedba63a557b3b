"""Form parameters with nested brackets (`line_items[0][price_data][currency]=eur`), read as Stripe reads them."""

import re
from collections.abc import Callable, Collection, Sequence
from operator import ge, gt, le, lt
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.core.http import Request
from sandbox.stripe.common import StripeError, bad

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_INTEGER = re.compile(r"-?\d{1,18}")
_MAX_TEXT = 5000
_BOUNDS = {"gt": gt, "gte": ge, "lt": lt, "lte": le}
_MAX_KEYS, _MAX_KEY, _MAX_VALUE = 50, 40, 500  # docs.stripe.com/api/metadata

Tree = dict[str, Any]


class Params:
    """One level of the parameters. What nobody has read is unknown: `done` refuses it."""

    def __init__(self, tree: Tree, path: str = "") -> None:
        self._tree = tree
        self._path = path
        self._left = set(tree)
        self._children: list[Params] = []

    def name(self, key: str) -> str:
        """The whole name of a parameter, as errors give it."""
        return f"{self._path}[{key}]" if self._path else key

    def has(self, key: str) -> bool:
        return key in self._tree

    def text(self, key: str, *, longest: int = _MAX_TEXT) -> str | None:
        """A text, None when it is not there. Raises StripeError."""
        self._left.discard(key)
        value = self._tree.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise bad("Invalid string: must be a string.", param=self.name(key))
        if not value:
            raise bad(
                f"You passed an empty string for '{self.name(key)}'. We assume empty values are an attempt to unset a "
                f"parameter; however '{self.name(key)}' cannot be unset.",
                param=self.name(key),
                code="parameter_invalid_empty",
            )
        if len(value) > longest:
            raise bad(f"Invalid string: must be at most {longest} characters", param=self.name(key))
        return value

    def needed(self, key: str) -> str:
        value = self.text(key)
        if value is None:
            raise self.missing(key)
        return value

    def missing(self, key: str) -> StripeError:
        name = self.name(key)
        return bad(f"Missing required param: {name}.", param=name, code="parameter_missing")

    def integer(self, key: str, *, least: int = 0) -> int | None:
        text = self.text(key)
        if text is None:
            return None
        if not _INTEGER.fullmatch(text):
            raise bad(f"Invalid integer: {text}", param=self.name(key), code="parameter_invalid_integer")
        if int(text) < least:
            raise bad(
                f"This value must be greater than or equal to {least}.",
                param=self.name(key),
                code="parameter_invalid_integer",
            )
        return int(text)

    def one_of(self, key: str, allowed: Collection[str]) -> str | None:
        text = self.text(key)
        if text is not None and text not in allowed:
            raise bad(f"Invalid {self.name(key)}: must be one of {', '.join(sorted(allowed))}", param=self.name(key))
        return text

    def url(self, key: str) -> str | None:
        """An absolute address of the web."""
        text = self.text(key)
        if text is None:
            return None
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.netloc or " " in text:
            raise bad("Not a valid URL", param=self.name(key), code="url_invalid")
        return text

    def inside(self, key: str) -> "Params":
        """The parameters in brackets after this one; none when it is not there."""
        self._left.discard(key)
        value = self._tree.get(key, {})
        if not isinstance(value, dict):
            raise bad("Invalid object", param=self.name(key))
        return self._child(value, self.name(key))

    def span(self, key: str) -> Callable[[int], bool]:
        """Whether a time is meant by `key=1700000000` or by `key[gt|gte|lt|lte]=...`; every one is when neither is
        there. Raises StripeError."""
        if not isinstance(self._tree.get(key, {}), dict):
            exact = self.integer(key)
            return lambda moment: moment == exact
        inner = self.inside(key)
        bounds = [(fits, bound) for name, fits in _BOUNDS.items() if (bound := inner.integer(name)) is not None]
        return lambda moment: all(fits(moment, bound) for fits, bound in bounds)

    def items(self, key: str) -> list["Params"]:
        """A list of objects, `key[0][...]` or `key[][...]`."""
        return [
            self._child(_object(value, f"{self.name(key)}[{index}]"), f"{self.name(key)}[{index}]")
            for index, value in self._list(key)
        ]

    def texts(self, key: str) -> list[str]:
        """A list of texts, `key[]=...` or `key[0]=...`."""
        found = []
        for index, value in self._list(key):
            if not isinstance(value, str) or not value:
                raise bad("Invalid string: must be a string.", param=f"{self.name(key)}[{index}]")
            found.append(value)
        return found

    def metadata(self, key: str = "metadata") -> dict[str, str]:
        """Up to 50 pairs; an empty value is kept, it unsets its key. Raises StripeError."""
        self._left.discard(key)
        value = self._tree.get(key) or {}
        name = self.name(key)
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            raise bad("Invalid hash: metadata must be a set of key-value pairs.", param=name)
        for inner, text in value.items():
            if len(inner) > _MAX_KEY:
                raise bad(f"Metadata keys can have up to {_MAX_KEY} characters.", param=f"{name}[{inner}]")
            if len(text) > _MAX_VALUE:
                raise bad(f"Metadata values can have up to {_MAX_VALUE} characters.", param=f"{name}[{inner}]")
        if len(value) > _MAX_KEYS:
            raise bad(f"You can have at most {_MAX_KEYS} metadata keys.", param=name)
        return dict(value)

    def done(self) -> None:
        """Refuse what is left over. Raises StripeError."""
        for key in sorted(self._left):
            name = self.name(key)
            raise bad(f"Received unknown parameter: {name}", param=name, code="parameter_unknown")
        for child in self._children:
            child.done()

    def pairs(self) -> Tree:
        """All of them, to compare with another request's."""
        return self._tree

    def _list(self, key: str) -> list[tuple[int, Any]]:
        self._left.discard(key)
        value = self._tree.get(key, {})
        if not isinstance(value, dict) or not all(index.isdecimal() for index in value):
            raise bad("Invalid array", param=self.name(key))
        return list(enumerate(value[index] for index in sorted(value, key=int)))

    def _child(self, tree: Tree, path: str) -> "Params":
        child = Params(tree, path)
        self._children.append(child)
        return child


def merged(old: dict[str, str], new: dict[str, str]) -> dict[str, str]:
    """Metadata after a change: an empty value takes its key away."""
    return {key: value for key, value in (old | new).items() if value}


def form(request: Request) -> Params:
    """The body of a POST, or the query of a GET. Raises StripeError."""
    if request.method in ("GET", "DELETE"):
        return Params(nested(request.query_pairs))
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if request.body and kind != "application/x-www-form-urlencoded":
        raise StripeError(
            400, "Invalid request (check that your POST content type is application/x-www-form-urlencoded)."
        )
    try:
        text = request.body.decode()
    except UnicodeDecodeError as problem:
        raise StripeError(400, "Invalid request: the body must be UTF-8.") from problem
    return Params(nested(parse_qsl(text, keep_blank_values=True)))


def nested(pairs: Sequence[tuple[str, str]]) -> Tree:
    """The pairs as a tree; a list is an object whose keys are numbers. Raises StripeError."""
    tree: Tree = {}
    for name, value in pairs:
        match = _NAME.fullmatch(name)
        if match is None:
            raise bad(f"Invalid parameter name: {name}", param=name)
        keys = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        place = tree
        for position, key in enumerate(keys[:-1]):
            key = key or _next(place, keys[position + 1 :])
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise bad("Invalid object", param=name)
        place[keys[-1] or str(len(place))] = value
    return tree


def _next(place: Tree, rest: Sequence[str]) -> str:
    """The number that `[]` stands for: the newest entry while it lacks what follows, otherwise a new one."""
    newest = len(place) - 1
    found: Any = place.get(str(newest))
    if found is None:
        return str(len(place))
    for key in rest:
        if not isinstance(found, dict) or key not in found:
            return str(newest)
        found = found[key]
    return str(len(place))


def _object(value: Any, name: str) -> Tree:
    if not isinstance(value, dict):
        raise bad("Invalid object", param=name)
    return value
