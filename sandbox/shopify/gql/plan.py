"""Turns a checked selection into a plan that runs without looking at the document again."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    value_from_ast,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.language import visit
from graphql.language.visitor import Visitor

from sandbox.core.clock import stamp
from sandbox.shopify.gql.registry import FIELDS, Resolver

Conditions = tuple[tuple[bool, bool | str], ...]
_CAPITAL = re.compile(r"([A-Z])")
_WRITE: dict[str, Callable[[Any], Any]] = {"DateTime": stamp, "UnsignedInt64": str}


class FieldPlan:
    """One field of one type under one response key."""

    __slots__ = (
        "_arguments",
        "_children",
        "_constant",
        "_named",
        "_source",
        "attribute",
        "conditions",
        "is_node",
        "key",
        "leaf",
        "listed",
        "name",
        "nodes",
        "resolver",
        "type_name",
        "write",
    )

    def __init__(
        self, source: "Source", parent: GraphQLObjectType, key: str, nodes: list[FieldNode], conditions: Conditions
    ) -> None:
        self._source = source
        self.key, self.nodes, self.conditions = key, nodes, conditions
        self.name = nodes[0].name.value
        self.attribute = _CAPITAL.sub(lambda match: "_" + match[1].lower(), self.name)
        self.resolver: Resolver | None = FIELDS.get((parent.name, self.name))
        self._children: dict[str, list[FieldPlan]] = {}
        self.is_node = False
        if self.name == "__typename":
            self.resolver, self.leaf, self.listed, self.type_name = _constant(parent.name), True, False, None
            self.write: Callable[[Any], Any] | None = None
            self._constant: dict[str, Any] | None = {}
            return
        definition = parent.fields[self.name]
        named = get_named_type(definition.type)
        self._named = named
        self.is_node = isinstance(named, GraphQLObjectType) and any(i.name == "Node" for i in named.interfaces)
        self.leaf = is_leaf_type(named)
        self.listed = is_list_type(get_nullable_type(definition.type))
        self.type_name = None if self.leaf or is_abstract_type(named) else named.name
        self.write = _WRITE.get(named.name) if self.leaf else None
        if self.resolver is None and self.name in ("id", "legacyResourceId"):
            self.resolver = _gid(parent.name) if self.name == "id" else _legacy_id
        uses_variables = any(_has_variable(argument) for argument in nodes[0].arguments or ())
        self._arguments = definition
        self._constant = None if uses_variables else get_argument_values(definition, nodes[0])

    def arguments(self, variables: VariableValues) -> dict[str, Any]:
        """The coerced arguments; shared between calls when the document fixes them, so not to be changed."""
        if self._constant is not None:
            return self._constant
        return get_argument_values(self._arguments, self.nodes[0], variables)

    def possible(self) -> list[str]:
        """The concrete types that an abstract field may have and that the selection names."""
        conditions = {type_name for node in self.nodes for type_name in self._source.mentioned(node)}
        possible = self._source.schema.get_possible_types(self._named)
        return [kind.name for kind in possible if kind.name in conditions]

    def children(self, type_name: str) -> "list[FieldPlan]":
        found = self._children.get(type_name)
        if found is None:
            sets = [node.selection_set for node in self.nodes if node.selection_set]
            found = self._children[type_name] = self._source.fields(type_name, sets)
        return found


def _constant(value: str) -> Resolver:
    return lambda _parent, _arguments, _call: value


def _gid(type_name: str) -> Resolver:
    def resolve(parent: Any, _arguments: Any, _call: Any) -> str:
        if isinstance(parent, dict):
            given: str = parent["id"]
            return given
        return f"gid://shopify/{type_name}/{parent.id}"

    return resolve


def _legacy_id(parent: Any, _arguments: Any, _call: Any) -> int:
    number: int = parent["legacyResourceId"] if isinstance(parent, dict) else parent.id
    return number


def _has_variable(node: Any) -> bool:
    seen: list[str] = []

    class Look(Visitor):
        def enter_variable(self, variable: VariableNode, *_: Any) -> None:
            seen.append(variable.name.value)

    visit(node, Look())
    return bool(seen)


class Source:
    """A document's fragments and the schema: what plans are made from."""

    def __init__(self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self.schema, self._fragments = schema, fragments

    def fields(self, type_name: str, selection_sets: Iterable[SelectionSetNode]) -> list[FieldPlan]:
        parent = self.schema.type_map[type_name]
        assert isinstance(parent, GraphQLObjectType)
        grouped: dict[str, tuple[list[FieldNode], Conditions]] = {}
        for selection_set in selection_sets:
            self._collect(parent, selection_set, (), grouped)
        return [FieldPlan(self, parent, key, nodes, when) for key, (nodes, when) in grouped.items()]

    def _collect(
        self,
        parent: GraphQLObjectType,
        selection_set: SelectionSetNode,
        outer: Conditions,
        grouped: dict[str, tuple[list[FieldNode], Conditions]],
    ) -> None:
        for node in selection_set.selections:
            conditions = outer + _conditions(node.directives or ())
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                nodes, when = grouped.get(key, ([], conditions))
                # A field selected twice is there when one of the two is: the unconditional one wins.
                grouped[key] = ([*nodes, node], when if conditions else ())
            elif isinstance(node, InlineFragmentNode):
                if self._applies(parent, node.type_condition.name.value if node.type_condition else parent.name):
                    self._collect(parent, node.selection_set, conditions, grouped)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                if self._applies(parent, fragment.type_condition.name.value):
                    self._collect(parent, fragment.selection_set, conditions, grouped)

    def mentioned(self, node: FieldNode) -> set[str]:
        """The types named in conditions anywhere below this field."""
        found: set[str] = set()
        source = self

        class Look(Visitor):
            def enter_inline_fragment(self, fragment: InlineFragmentNode, *_: Any) -> None:
                if fragment.type_condition:
                    found.add(fragment.type_condition.name.value)

            def enter_fragment_spread(self, spread: FragmentSpreadNode, *_: Any) -> None:
                found.add(source._fragments[spread.name.value].type_condition.name.value)

        visit(node, Look())
        return found

    def _applies(self, parent: GraphQLObjectType, type_name: str) -> bool:
        if type_name == parent.name:
            return True
        condition = self.schema.type_map[type_name]
        return bool(is_abstract_type(condition) and self.schema.is_sub_type(condition, parent))


def _conditions(directives: Iterable[DirectiveNode]) -> Conditions:
    found: list[tuple[bool, bool | str]] = []
    for directive in directives:
        if directive.name.value in ("include", "skip"):
            value = (directive.arguments or ())[0].value
            what = (
                value.name.value
                if isinstance(value, VariableNode)
                else bool(isinstance(value, BooleanValueNode) and value.value)
            )
            found.append((directive.name.value == "include", what))
    return tuple(found)


def idempotency_key(schema: GraphQLSchema, node: FieldNode, variables: VariableValues) -> str | None:
    """The key of the field's @idempotent directive."""
    for directive in node.directives or ():
        if directive.name.value == "idempotent":
            wanted = schema.get_directive("idempotent")
            assert wanted is not None
            return str(value_from_ast((directive.arguments or ())[0].value, wanted.args["key"].type, variables.coerced))
    return None
