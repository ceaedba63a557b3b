"""Checks requests and answers against a vendor's OpenAPI 3.0 file.

`oneOf` is read as `anyOf` (vendors list alternatives that overlap) and the parts of an `allOf` are merged
(they forbid each other's properties otherwise).
"""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

from tests.support.forms import typed

Spec = dict[str, Any]
Schema = dict[str, Any]

_KEPT = (
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "required",
)


@cache
def load_spec(path: Path) -> Spec:
    """A contract, read once; it may be packed."""
    text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()
    if path.name.removesuffix(".gz").endswith(".json"):
        spec: Spec = json.loads(text)
        return spec
    # one vendor's file has tabs between words, which YAML does not allow there
    read: Spec = yaml.load(text.replace("\t", " "), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return read


def check_request(spec: Spec, method: str, path: str, body: Any = None, query: Any = None) -> None:
    """Assert that a request's body and query parameters are allowed. `path` is a template of the spec; the body is
    decoded JSON, or a form as `forms.nested` reads it."""
    operation = _operation(spec, method, path)
    problems = list(_query_problems(spec, path, operation, query))
    content = operation.get("requestBody", {}).get("content", {})
    if "$ref" in operation.get("requestBody", {}):
        content = _follow(spec, operation["requestBody"])["content"]
    schema = _json_schema(content)
    if schema is None and (schema := _form_schema(content)) is not None:
        body = typed(body or {}, schema, lambda part: _follow(spec, part))
    if schema is not None and body is not None:
        problems += _problems(spec, schema, body)
    assert not problems, f"{method} {path}: " + "; ".join(problems)


def check_response(spec: Spec, method: str, path: str, status: int, body: Any) -> None:
    """Assert that an answer's status and body are documented. `path` is a template of the spec."""
    responses = _operation(spec, method, path)["responses"]
    documented = responses.get(str(status)) or responses.get("default")
    assert documented is not None, f"{method} {path}: status {status} is not documented"
    schema = _json_schema(_follow(spec, documented).get("content", {}))
    if schema is not None:
        problems = _problems(spec, schema, body)
        assert not problems, f"{method} {path} {status}: " + "; ".join(problems)


def find_template(spec: Spec, method: str, path: str) -> str | None:
    """The template that a real path belongs to, the most literal one first."""
    found = [
        template
        for template, item in spec["paths"].items()
        if method.lower() in item and _fits(template.split("/"), path.split("/"))
    ]
    return min(found, key=lambda template: template.count("{"), default=None)


def _fits(template: list[str], path: list[str]) -> bool:
    if len(template) != len(path):
        return False
    for wanted, part in zip(template, path, strict=True):
        if not wanted.startswith("{"):
            if wanted != part:
                return False
        elif not part.endswith(wanted.partition("}")[2]) or ":" in part.removesuffix(wanted.partition("}")[2]):
            return False
    return True


def _operation(spec: Spec, method: str, path: str) -> dict[str, Any]:
    operation = spec["paths"].get(path, {}).get(method.lower())
    assert operation is not None, f"{method} {path} is not in the contract"
    return operation  # type: ignore[no-any-return]


def _json_schema(content: dict[str, Any]) -> Schema | None:
    for kind, media in content.items():
        if "json" in kind and "schema" in media:
            return media["schema"]  # type: ignore[no-any-return]
    return None


def _form_schema(content: dict[str, Any]) -> Schema | None:
    schema: Schema | None = content.get("application/x-www-form-urlencoded", {}).get("schema")
    return schema


def _query_problems(spec: Spec, path: str, operation: dict[str, Any], query: Any) -> list[str]:
    pairs = parse_qsl(query) if isinstance(query, str) else list(dict(query or {}).items())
    listed = [*spec["paths"][path].get("parameters", []), *operation.get("parameters", [])]
    parameters = [_follow(spec, parameter) for parameter in listed]
    known = {parameter["name"].lower() for parameter in parameters if parameter["in"] == "query"}
    required = {p["name"].lower() for p in parameters if p["in"] == "query" and p.get("required")}
    given = {str(name).lower().partition("[")[0] for name, _ in pairs}  # `expand[]` is the parameter `expand`
    return [f"unknown query parameter {name}" for name in sorted(given - known)] + [
        f"missing query parameter {name}" for name in sorted(required - given)
    ]


def _problems(spec: Spec, schema: Schema, value: Any) -> list[str]:
    plain = _plain(spec, schema, wanted := {})
    defs: dict[str, Schema] = {}
    while wanted:
        name, target = wanted.popitem()
        if name not in defs:
            defs[name] = _plain(spec, target, wanted)
    checker = Draft202012Validator({**plain, "$defs": defs}, format_checker=FormatChecker())
    deepest = [best_match([error]) for error in checker.iter_errors(value)]
    return [f"{error.json_path}: {error.message[:300]}" for error in deepest]


def _follow(spec: Spec, value: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in value:
        target: Any = spec
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        value = target
    return value


def _plain(spec: Spec, schema: Schema, wanted: dict[str, Schema]) -> Schema:
    """JSON Schema of one part; what it refers to is added to `wanted` and becomes a definition."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/").replace("/", ".")
        wanted[name] = _follow(spec, schema)
        return {"$ref": f"#/$defs/{name}"}
    if "allOf" in schema:
        schema = _merged(spec, schema)
    out: Schema = {key: schema[key] for key in _KEPT if key in schema}
    if "type" in schema:
        out["type"] = schema["type"]
    if "properties" in schema:
        out["properties"] = {k: _plain(spec, v, wanted) for k, v in schema["properties"].items()}
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        out["additionalProperties"] = _plain(spec, extra, wanted)
    elif extra is False and schema.get("type") in ("object", None) and "properties" in schema:
        out["additionalProperties"] = False
    if "items" in schema:
        out["items"] = _plain(spec, schema["items"], wanted)
    for word in ("oneOf", "anyOf"):
        if word in schema:
            out["anyOf"] = [_plain(spec, part, wanted) for part in schema[word]]
    if schema.get("format") in ("date-time", "date", "uuid"):
        out["format"] = schema["format"]
    return _nullable(out) if schema.get("nullable") else out


def _merged(spec: Spec, schema: Schema) -> Schema:
    """One object schema out of an `allOf` and what stands beside it."""
    own = {key: value for key, value in schema.items() if key != "allOf"}
    out: Schema = {"properties": {}, "required": []}
    for part in [*schema["allOf"], own]:
        part = _follow(spec, part)
        part = _merged(spec, part) if "allOf" in part else part
        for key, value in part.items():
            if key == "properties":
                out["properties"] |= value
            elif key == "required":
                out["required"] = [*out["required"], *value]
            else:
                out[key] = value
    return out


def _nullable(schema: Schema) -> Schema:
    if not isinstance(schema.get("type"), str):
        return {"anyOf": [schema, {"type": "null"}]}
    values = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return schema | {"type": [schema["type"], "null"]} | values
