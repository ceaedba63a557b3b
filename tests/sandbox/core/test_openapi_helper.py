"""The contract checker refuses what a contract does not allow."""

from typing import Any

import pytest

from tests.support.forms import nested
from tests.support.openapi import check_request, check_response, find_template

PART = {"type": "object", "required": ["size"], "properties": {"size": {"type": "integer"}}}
SPEC: dict[str, Any] = {
    "openapi": "3.0.0",
    "paths": {
        "/things/{id}": {"get": {"responses": {"200": {"description": "", "content": {}}}}},
        "/things/{id}:stop": {"post": {"responses": {"204": {"description": ""}}}},
        "/things": {
            "post": {
                "parameters": [{"in": "query", "name": "Page", "schema": {"type": "integer"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                "responses": {
                    "200": {
                        "description": "",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                    }
                },
            }
        },
    },
    "components": {
        "schemas": {
            "Part": PART,
            "Thing": {
                "allOf": [{"$ref": "#/components/schemas/Part"}],
                "type": "object",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "nullable": True},
                    "kind": {"type": "string", "enum": ["a", "b"]},
                    "made": {"type": "string", "format": "date-time"},
                    "inside": {"$ref": "#/components/schemas/Thing"},
                },
            },
        }
    },
}
GOOD = {"name": None, "size": 1, "kind": "a", "made": "2026-04-01T10:00:00Z"}


def test_what_is_allowed_passes() -> None:
    check_response(SPEC, "POST", "/things", 200, GOOD)
    check_request(SPEC, "POST", "/things", GOOD | {"inside": GOOD}, {"page": 1})


@pytest.mark.parametrize(
    "change",
    [{"size": "1"}, {"kind": "c"}, {"kind": None}, {"other": 1}, {"name": 1}, {"made": "yesterday"}],
)
def test_what_is_not_allowed_fails(change: dict[str, Any]) -> None:
    if change.get("made") == "yesterday":
        pytest.importorskip("rfc3339_validator")
    with pytest.raises(AssertionError):
        check_response(SPEC, "POST", "/things", 200, GOOD | change)


def test_a_missing_field_an_unknown_status_and_an_unknown_query_fail() -> None:
    with pytest.raises(AssertionError):
        check_response(SPEC, "POST", "/things", 200, {"name": "x"})
    with pytest.raises(AssertionError):
        check_response(SPEC, "POST", "/things", 418, GOOD)
    with pytest.raises(AssertionError):
        check_request(SPEC, "POST", "/things", GOOD, {"Sheet": 1})


def test_a_path_finds_its_template() -> None:
    assert find_template(SPEC, "GET", "/things/5") == "/things/{id}"
    assert find_template(SPEC, "POST", "/things/5:stop") == "/things/{id}:stop"
    assert find_template(SPEC, "GET", "/others") is None


FORMS: dict[str, Any] = {
    "openapi": "3.0.0",
    "paths": {
        "/orders": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/x-www-form-urlencoded": {
                            "schema": {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["parts"],
                                "properties": {
                                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                                    "gift": {"type": "boolean"},
                                    "notes": {"anyOf": [{"type": "object"}, {"type": "string", "enum": [""]}]},
                                },
                            }
                        }
                    }
                }
            }
        },
    },
    "components": {"schemas": {"Part": PART}},
}


def test_a_form_that_is_allowed_passes() -> None:
    check_request(FORMS, "POST", "/orders", nested("parts[0][size]=3&parts[1][size]=4&gift=true&notes[a]=b&"))


@pytest.mark.parametrize(
    "form", ["", "gift=true", "parts[0][size]=x", "parts[0][size]=1&gift=maybe", "parts[0][size]=1&other=1"]
)
def test_a_form_that_is_not_allowed_fails(form: str) -> None:
    with pytest.raises(AssertionError):
        check_request(FORMS, "POST", "/orders", nested(form))


def test_a_schema_inside_itself_is_checked_all_the_way_down() -> None:
    with pytest.raises(AssertionError):
        check_request(SPEC, "POST", "/things", GOOD | {"inside": GOOD | {"inside": GOOD | {"kind": "c"}}})
