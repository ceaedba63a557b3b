"""What the fake serves is a true subset of the vendor's schema."""

from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
)

from sandbox.shopify.gql.document import schema as served

Problems = list[str]


def test_every_type_field_argument_and_value_is_the_vendors(vendor: GraphQLSchema) -> None:
    problems: Problems = []
    for name, ours in served().type_map.items():
        theirs = vendor.type_map.get(name)
        if theirs is None or type(ours).__name__ != type(theirs).__name__:
            problems.append(f"{name} is not the vendor's")
        elif isinstance(ours, GraphQLEnumType) and not name.startswith("__"):
            problems += [f"{name}.{value}" for value in ours.values if value not in theirs.values]
        elif isinstance(ours, GraphQLUnionType):
            allowed = {member.name for member in theirs.types}
            problems += [f"{name} | {member.name}" for member in ours.types if member.name not in allowed]
        elif isinstance(ours, GraphQLInputObjectType):
            problems += _inputs(name, ours.fields, theirs.fields)
        elif isinstance(ours, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__"):
            problems += _fields(name, ours, theirs)
    assert not problems


def test_the_idempotent_directive_is_the_vendors(vendor: GraphQLSchema) -> None:
    ours, theirs = served().get_directive("idempotent"), vendor.get_directive("idempotent")
    assert ours is not None
    assert theirs is not None
    assert ours.locations == theirs.locations
    assert {n: str(a.type) for n, a in ours.args.items()} == {n: str(a.type) for n, a in theirs.args.items()}


def _fields(name: str, ours: Any, theirs: Any) -> Problems:
    problems = [
        f"{name} implements {i.name}" for i in ours.interfaces if i.name not in {t.name for t in theirs.interfaces}
    ]
    for field_name, field in ours.fields.items():
        known = theirs.fields.get(field_name)
        if known is None or str(known.type) != str(field.type):
            problems.append(f"{name}.{field_name}: {field.type}")
        else:
            problems += _inputs(f"{name}.{field_name}", field.args, known.args)
    return problems


def _inputs(place: str, ours: Any, theirs: Any) -> Problems:
    problems = []
    for name, argument in ours.items():
        known = theirs.get(name)
        if known is None or str(known.type) != str(argument.type):
            problems.append(f"{place}({name}: {argument.type})")
    for name, argument in theirs.items():
        if name not in ours and isinstance(argument.type, GraphQLNonNull) and _has_no_default(argument):
            problems.append(f"{place} leaves out the required {name}")
    return problems


def _has_no_default(argument: Any) -> bool:
    node = argument.ast_node
    return node is None or node.default_value is None
