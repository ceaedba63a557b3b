"""What a request costs before it runs, in the vendor's points, simplified.

A mutation costs 10, a node (a type with a global id) 1, a scalar or a value such as a money bag nothing; a connection
costs 2 plus its children times the binary logarithm of its page size, so that big pages are cheap per node.
"""

from math import ceil, log2
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphql.execution.values import VariableValues

    from sandbox.shopify.gql.plan import FieldPlan

MAX_COST = 1000
_MUTATION = 10
_UNPAGED = 10  # lists without first or last


def plan_cost(fields: "list[FieldPlan]", variables: "VariableValues", *, is_mutation: bool) -> int:
    total = 0.0
    for field in fields:
        if is_mutation:
            total += _MUTATION
        total += _field(field, variables)
    return ceil(total)


def _field(field: "FieldPlan", variables: "VariableValues") -> float:
    if field.leaf:
        return 0.0
    if field.type_name is None:
        inside, own = max((_selection(field, kind, variables) for kind in field.possible()), default=0.0), 1.0
    else:
        inside, own = _selection(field, field.type_name, variables), 1.0 if field.is_node else 0.0
    if field.type_name and field.type_name.endswith("Connection"):
        arguments = field.arguments(variables)
        size = arguments.get("first") or arguments.get("last") or _UNPAGED
        return 2.0 + inside * log2(max(size, 1) + 1)
    return own + inside


def _selection(field: "FieldPlan", type_name: str, variables: "VariableValues") -> float:
    return sum(_field(child, variables) for child in field.children(type_name))
