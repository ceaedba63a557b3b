"""Says what is wrong with a document the way the vendor says it."""

import re
from typing import Any

from graphql import GraphQLError


class FieldError(Exception):
    """A top-level error of one field, with the vendor's code."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message, self.code = message, code


_RULES: tuple[tuple[re.Pattern[str], str, str, tuple[str, ...]], ...] = (
    (
        re.compile(r"Cannot query field '(\w+)' on type '(\w+)'"),
        "undefinedField",
        "Field '{0}' doesn't exist on type '{1}'",
        ("fieldName", "typeName"),
    ),
    (
        re.compile(r"Unknown argument '(\w+)' on field '(\w+)\.(\w+)'"),
        "argumentNotAccepted",
        "Field '{2}' doesn't accept argument '{0}'",
        ("argumentName", "typeName", "name"),
    ),
    (
        re.compile(r"Argument '(\w+)\.(\w+)\((\w+):\)' of type '[^']+' is required"),
        "missingRequiredArguments",
        "Field '{1}' is missing required arguments: {2}",
        ("className", "name", "arguments"),
    ),
    (
        re.compile(r"Field '(\w+)' of type '([^']+)' must have a selection of subfields"),
        "selectionMismatch",
        "Field must have selections (field '{0}' returns {1} but has no selections.)",
        ("nodeName", "typeName"),
    ),
    (
        re.compile(r"Field '(\w+)' must not have a selection since type '([^']+)' has no subfields"),
        "selectionMismatch",
        "Selections can't be made on scalars (field '{0}' returns {1})",
        ("nodeName", "typeName"),
    ),
    (re.compile(r"Unknown type '(\w+)'"), "undefinedType", "No such type {0}", ("typeName",)),
    (
        re.compile(r"Unknown directive '@(\w+)'"),
        "undefinedDirective",
        "Directive @{0} is not defined",
        ("directiveName",),
    ),
    (
        re.compile(r"Variable '\$(\w+)' is not defined"),
        "variableNotDefined",
        "Variable ${0} is used but not declared",
        ("variableName",),
    ),
    (
        re.compile(r"Variable '\$(\w+)' is never used"),
        "variableNotUsed",
        "Variable ${0} is declared but not used",
        ("variableName",),
    ),
    (
        re.compile(r"Variable '\$(\w+)' of type '([^']+)' used in position expecting type '([^']+)'"),
        "variableMismatch",
        "Type mismatch on variable ${0} ({1} / {2})",
        ("variableName", "typeName", "argumentName"),
    ),
)


def vendor_error(error: GraphQLError) -> dict[str, Any]:
    """A syntax or validation error as JSON; what has no rule keeps its message with a general code."""
    answer: dict[str, Any] = {"message": error.message}
    if error.locations:
        answer["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    for pattern, code, message, names in _RULES:
        if match := pattern.search(error.message):
            answer["message"] = message.format(*match.groups())
            details = {name: match.group(position + 1) for position, name in enumerate(names)}
            answer["extensions"] = {"code": code, **details}
            return answer
    if not error.message.startswith("Syntax Error"):
        answer["extensions"] = {"code": "argumentLiteralsIncompatible"}
    return answer


def variable_error(error: GraphQLError, value: Any) -> dict[str, Any]:
    """A variable whose value does not fit its declared type."""
    answer: dict[str, Any] = {"message": error.message, "extensions": {"code": "INVALID_VARIABLE", "value": value}}
    answer["extensions"]["problems"] = [{"path": [], "explanation": error.message}]
    if error.locations:
        answer["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    return answer


def plain_error(message: str, code: str, path: list[str] | None = None, **details: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {"message": message, "extensions": {"code": code, **details}}
    if path:
        answer["path"] = path
    return answer
