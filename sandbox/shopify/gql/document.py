"""Documents checked against the schema, kept by their text."""

from collections import OrderedDict
from functools import cache
from importlib.resources import files
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    parse,
    validate,
)
from graphql.execution.values import VariableValues, get_variable_values

from sandbox.shopify.gql.cost import plan_cost
from sandbox.shopify.gql.errors import variable_error, vendor_error
from sandbox.shopify.gql.plan import FieldPlan, Source
from sandbox.shopify.gql.scalars import guard

_CAPACITY = 512
NO_VARIABLES = VariableValues({}, {})


@cache
def schema() -> GraphQLSchema:
    """The part of the vendor's schema that the sandbox serves."""
    return guard(build_schema(files("sandbox.shopify").joinpath("schema.graphql").read_text("utf-8")))


class Operation:
    """One planned operation of a document."""

    def __init__(self, node: OperationDefinitionNode, source: Source) -> None:
        self._definitions = node.variable_definitions
        self.is_mutation = node.operation.value == "mutation"
        root = "Mutation" if self.is_mutation else "QueryRoot"
        # A question about the schema itself is left to graphql-core; it has no plan.
        self.is_introspection = any(
            isinstance(each, FieldNode) and each.name.value in ("__schema", "__type")
            for each in node.selection_set.selections
        )
        plan = [] if self.is_introspection else source.fields(root, [node.selection_set])
        self.fields: list[FieldPlan] = plan
        self.names = [field.name for field in self.fields]
        self._costs: dict[tuple[int, ...], int] = {}

    def variables(self, given: dict[str, Any]) -> VariableValues | list[dict[str, Any]]:
        """The coerced variables, or the vendor's errors about them."""
        if not self._definitions:
            return NO_VARIABLES
        coerced = get_variable_values(schema(), self._definitions, given)
        if isinstance(coerced, list):
            return [variable_error(error, given) for error in coerced]
        return coerced

    def cost(self, variables: VariableValues) -> int:
        """Only whole numbers (page sizes) can change it, so it is kept by those."""
        sizes = tuple(value for value in variables.coerced.values() if type(value) is int)
        cost = self._costs.get(sizes)
        if cost is None:
            if len(self._costs) > _CAPACITY:
                self._costs.clear()
            cost = self._costs[sizes] = plan_cost(self.fields, variables, is_mutation=self.is_mutation)
        return cost


class Document:
    """A checked document: either errors or operations."""

    def __init__(self, text: str) -> None:
        self.errors: list[dict[str, Any]] = []
        self.operations: dict[str, Operation] = {}
        try:
            node = parse(text, max_tokens=50_000)
        except GraphQLError as error:
            self.errors = [vendor_error(error)]
            return
        self.errors = [vendor_error(error) for error in validate(schema(), node)]
        if self.errors:
            return
        fragments = {d.name.value: d for d in node.definitions if isinstance(d, FragmentDefinitionNode)}
        source = Source(schema(), fragments)
        for definition in node.definitions:
            if isinstance(definition, OperationDefinitionNode):
                name = definition.name.value if definition.name else ""
                self.operations[name] = Operation(definition, source)

    def pick(self, name: str | None) -> Operation | None:
        if name:
            return self.operations.get(name)
        return next(iter(self.operations.values())) if len(self.operations) == 1 else None


class Documents:
    """The last documents, by their text."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Document] = OrderedDict()

    def get(self, text: str) -> Document:
        document = self._kept.get(text)
        if document is None:
            document = self._kept[text] = Document(text)
            if len(self._kept) > _CAPACITY:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(text)
        return document
