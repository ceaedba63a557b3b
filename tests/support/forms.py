"""Forms with nested names (`a[b][0]=1`), read into what a JSON Schema can be held against."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

_PART = re.compile(r"[^\[\]]+")


def nested(pairs: str | Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The form as objects; `[0]` and `[]` are keys of an object too, see `typed`."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(pairs, keep_blank_values=True) if isinstance(pairs, str) else pairs:
        *path, last = _PART.findall(name) + ([""] if name.endswith("[]") else [])
        place = found
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return found


def typed(value: Any, schema: Mapping[str, Any], follow: Any) -> Any:
    """The form's texts in the types that the schema wants, where they can be read as such. `follow`: resolves a
    reference of the schema."""
    schema = follow(schema)
    choices = [follow(each) for each in schema.get("anyOf", [schema])]
    if isinstance(value, dict):
        return _object(value, choices, follow)
    wanted = {each.get("type") for each in choices}
    if "integer" in wanted and re.fullmatch(r"-?\d+", value):
        return int(value)
    if "boolean" in wanted and value in ("true", "false"):
        return value == "true"
    return value


def _object(value: dict[str, Any], choices: list[Mapping[str, Any]], follow: Any) -> Any:
    for each in choices:
        if each.get("type") == "array":
            return [typed(part, each["items"], follow) for part in value.values()]
    properties = {name: part for each in choices for name, part in each.get("properties", {}).items()}
    extra = next((e["additionalProperties"] for e in choices if isinstance(e.get("additionalProperties"), dict)), {})
    return {name: typed(part, properties.get(name, extra), follow) for name, part in value.items()}
