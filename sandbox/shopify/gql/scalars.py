"""Refuses what does not fit the vendor's own scalars, before anything is done with it."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from graphql import GraphQLError, GraphQLScalarType, GraphQLSchema, ValueNode, value_from_ast_untyped

from sandbox.core.clock import parse_time


def _moment(value: Any) -> str:
    try:
        parse_time(value)
    except (AttributeError, TypeError, ValueError) as problem:
        raise GraphQLError(f"Expected DateTime, got {value!r}") from problem
    return str(value)


def _number(value: Any) -> str:
    try:
        if not Decimal(str(value)).is_finite():
            raise GraphQLError(f"Expected a decimal number, got {value!r}")
    except InvalidOperation as problem:
        raise GraphQLError(f"Expected a decimal number, got {value!r}") from problem
    return str(value)


def guard(schema: GraphQLSchema) -> GraphQLSchema:
    """The schema whose DateTime, Decimal and Money inputs are checked."""
    for name, check in {"DateTime": _moment, "Decimal": _number, "Money": _number}.items():
        scalar = schema.type_map[name]
        assert isinstance(scalar, GraphQLScalarType)
        for attribute, function in {
            "parse_value": check,
            "coerce_input_value": check,
            "parse_literal": _of_literal(check),
            "coerce_input_literal": _of_literal(check),
        }.items():
            setattr(scalar, attribute, function)
    return schema


def _of_literal(check: Callable[[Any], str]) -> Callable[..., str]:
    def read(node: ValueNode, _variables: Any = None) -> str:
        return check(value_from_ast_untyped(node))

    return read
