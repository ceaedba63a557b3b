"""Hold requests and answers against a vendor's OpenAPI 3.0 file. Raises: AssertionError saying what differs.

spec = load_spec(shared / "contracts/shipbob/openapi-2026-01.json")
check_request(spec, "POST", "/2026-01/order", body)
check_response(spec, "POST", "/2026-01/order", 201, body)
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

_URI = "urn:spec"


@dataclass
class Spec:
    """A loaded file; `used` collects the operations that were checked."""

    document: dict[str, Any]
    routes: list[tuple[re.Pattern[str], str]]
    registry: Registry[Any]
    used: set[str] = field(default_factory=set)
    validators: dict[str, OAS30Validator] = field(default_factory=dict)


@lru_cache(maxsize=8)
def load_spec(path: Path) -> Spec:
    document = json.loads(path.read_text())
    _mend(document, document)
    routes = [(_pattern(template), template) for template in document["paths"]]
    resource = Resource(contents=document, specification=DRAFT4)
    return Spec(document, routes, Registry().with_resource(_URI, resource))


def check_request(
    spec: Spec, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None
) -> None:
    """The operation exists, body and query parameters are as the file says, nothing required is missing."""
    template, operation = _operation(spec, method, path)
    base = ["paths", template, method.lower()]
    declared = operation.get("parameters", [])
    known = {parameter["name"]: (index, parameter) for index, parameter in enumerate(declared)}
    for name, value in (query or {}).items():
        assert name in known, f"{method} {template}: unknown query parameter {name}"
        index, parameter = known[name]
        assert parameter["in"] == "query", f"{name} goes into the {parameter['in']}"
        where = [*base, "parameters", str(index), "schema"]
        _validate(spec, where, _typed(value, parameter["schema"]), f"query {name}")
    for parameter in declared:
        if parameter["in"] == "query" and parameter.get("required"):
            assert parameter["name"] in (query or {}), f"{method} {template}: {parameter['name']} is missing"
    content = operation.get("requestBody", {}).get("content")
    if content is None:
        assert not body, f"{method} {template} takes no body"
    else:
        _validate(spec, [*base, "requestBody", "content", _json_type(content), "schema"], body, "body")
    spec.used.add(f"{method.upper()} {template}")


def check_response(spec: Spec, method: str, path: str, status: int, body: Any = None) -> None:
    """The status is one of the file's and the body has its shape."""
    template, operation = _operation(spec, method, path)
    responses = operation["responses"]
    key = str(status) if str(status) in responses else "default"
    assert key in responses, f"{method} {template} never answers {status}"
    content = responses[key].get("content")
    if content:
        where = [
            "paths",
            template,
            method.lower(),
            "responses",
            key,
            "content",
            _json_type(content),
            "schema",
        ]
        _validate(spec, where, body, f"answer {status}")


def _operation(spec: Spec, method: str, path: str) -> tuple[str, dict[str, Any]]:
    matches = [template for pattern, template in spec.routes if pattern.fullmatch(path)]
    assert matches, f"no such path: {path}"
    template = min(matches, key=lambda found: found.count("{"))
    operations = spec.document["paths"][template]
    assert method.lower() in operations, f"{template} has no {method}"
    return template, operations[method.lower()]


def _validate(spec: Spec, where: list[str], value: Any, label: str) -> None:
    pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in where)
    validator = spec.validators.get(pointer)
    if validator is None:
        validator = OAS30Validator({"$ref": f"{_URI}#/{pointer}"}, registry=spec.registry)
        spec.validators[pointer] = validator
    errors = [f"{error.json_path}: {error.message}" for error in _leaves(validator.iter_errors(value))]
    assert not errors, f"{' '.join(where[1:3])} {label}: " + "; ".join(errors[:8])


def _leaves(errors: Iterator[Any]) -> Iterator[Any]:
    for error in errors:
        yield from error.context or [error]


def _typed(value: Any, schema: Mapping[str, Any]) -> Any:
    """A query value as its schema types it; what does not convert stays text and fails."""
    kind = schema.get("type")
    try:
        if kind == "integer":
            return int(str(value))
        if kind == "number":
            return float(str(value))
    except ValueError:
        return value
    if kind == "boolean":
        return {"true": True, "false": False}.get(str(value).lower(), value)
    return str(value)


def _json_type(content: Mapping[str, Any]) -> str:
    return next(kind for kind in content if "json" in kind)


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", template)
    return re.compile("[^/:]+".join(map(re.escape, parts)))


def _mend(node: Any, document: dict[str, Any]) -> None:
    """Read the file as OpenAPI 3.0 means it: what stands beside a $ref does not count.

    Some generators close every schema with additionalProperties, also one that only combines others and so
    knows no property of its own; here parts of an `allOf` are open and their properties count as the whole's.
    """
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            for key in [key for key in node if key != "$ref"]:
                del node[key]
            return
        if isinstance(node.get("allOf"), list):
            parts = [_resolve(part, document) for part in node["allOf"]]
            own = [part.get("properties", {}) for part in (*parts, node)]
            node["properties"] = {name: schema for properties in own for name, schema in properties.items()}
            node["allOf"] = [
                {key: value for key, value in part.items() if key != "additionalProperties"} for part in parts
            ]
        elif ("oneOf" in node or "anyOf" in node) and "properties" not in node:
            node.pop("additionalProperties", None)
        for value in node.values():
            _mend(value, document)
    elif isinstance(node, list):
        for value in node:
            _mend(value, document)


def _resolve(part: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        target: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = target
    return part
