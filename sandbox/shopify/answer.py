"""Answers one GraphQL request: budget, faults aside, every root field in order."""

from typing import Any, NamedTuple

import orjson
from graphql import execute, parse
from graphql.execution.values import VariableValues

from sandbox.shopify.gql.cost import MAX_COST
from sandbox.shopify.gql.document import NO_VARIABLES, Document, Documents, Operation, schema
from sandbox.shopify.gql.errors import FieldError, plain_error
from sandbox.shopify.gql.execute import complete, included
from sandbox.shopify.gql.plan import FieldPlan, idempotency_key
from sandbox.shopify.gql.registry import Call
from sandbox.shopify.idempotency import REQUIRED
from sandbox.shopify.state import Shop

_LIMITS_PAGE = "https://shopify.dev/api/usage/rate-limits"
Body = dict[str, Any]


class Asked(NamedTuple):
    """A request read and checked: either an operation or the errors to answer."""

    operation: Operation | None
    variables: VariableValues
    errors: list[Body]
    text: str = ""


def ask(documents: Documents, body: Any) -> Asked:
    """Read {query, variables, operationName}."""
    text = body.get("query") if isinstance(body, dict) else None
    if not isinstance(text, str) or not text.strip():
        return Asked(None, NO_VARIABLES, [{"message": "No query string was present"}])
    document: Document = documents.get(text)
    if document.errors:
        return Asked(None, NO_VARIABLES, document.errors)
    operation = document.pick(body.get("operationName"))
    if operation is None:
        return Asked(None, NO_VARIABLES, [{"message": "An operation name is required"}])
    given = body.get("variables") or {}
    if not isinstance(given, dict):
        return Asked(None, NO_VARIABLES, [{"message": "Variables are invalid JSON"}])
    variables = operation.variables(given)
    if isinstance(variables, list):
        return Asked(None, NO_VARIABLES, variables)
    return Asked(operation, variables, [], text)


def throttled(shop: Shop, cost: int) -> Body:
    error = plain_error("Throttled", "THROTTLED", documentation=_LIMITS_PAGE)
    return {"errors": [error], "extensions": {"cost": _cost(shop, cost, None)}}


def _cost(shop: Shop, requested: int, actual: int | None) -> Body:
    return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": shop.bucket.status()}


def over_budget(shop: Shop, cost: int) -> Body | None:
    """The refusal of a request that costs too much, now or ever; otherwise its points are spent."""
    if cost > MAX_COST:
        text = f"Query cost is {cost}, which exceeds the single query max cost limit ({MAX_COST})."
        error = plain_error(text, "MAX_COST_EXCEEDED", cost=cost, maxCost=MAX_COST, documentation=_LIMITS_PAGE)
        return {"errors": [error], "extensions": {"cost": _cost(shop, cost, None)}}
    if not shop.bucket.spend(cost, shop.world.clock.now()):
        return throttled(shop, cost)
    return None


def run(shop: Shop, asked: Asked, cost: int) -> Body:
    """Execute a request that has been paid for."""
    operation = asked.operation
    assert operation is not None
    if operation.is_introspection:
        return _introspect(asked.text)
    call = Call(shop, asked.variables)
    data: Body = {}
    errors: list[Body] = []
    for field in operation.fields:
        if field.conditions and not included(field.conditions, call.variables):
            continue
        try:
            value = _mutate(field, call) if operation.is_mutation else _read(field, call)
            data[field.key] = complete(field, value, call)
        except FieldError as problem:
            data[field.key] = None
            errors.append(plain_error(problem.message, problem.code, [field.key]))
    actual = min(cost, 10 * len(operation.fields) if operation.is_mutation else max(call.objects, 1))
    shop.bucket.give_back(cost - actual)
    answer: Body = {"data": data, "extensions": {"cost": _cost(shop, cost, actual)}}
    return {"errors": errors, **answer} if errors else answer


def _introspect(text: str) -> Body:
    result = execute(schema(), parse(text))
    return {"data": getattr(result, "data", None)}


def _read(field: FieldPlan, call: Call) -> Any:
    assert field.resolver is not None
    return field.resolver(None, field.arguments(call.variables), call)


def _mutate(field: FieldPlan, call: Call) -> Any:
    """Run one mutation under its idempotency key, if it has one."""
    name, shop = field.name, call.shop
    if field.resolver is None or name == "__typename":
        return "Mutation"
    key = idempotency_key(schema(), field.nodes[0], call.variables)
    if key is None and name in REQUIRED:
        text = "The @idempotent directive is required for this mutation but was not provided."
        raise FieldError(text, "BAD_REQUEST")
    if key is not None and not key.strip():
        raise FieldError("The idempotency key cannot be empty or whitespace only.", "BAD_REQUEST")
    arguments = field.arguments(call.variables)
    if key is None or name not in REQUIRED:
        value = _act(field, arguments, call)
        if call.accepted is not None:
            shop.world.counters.accepted("shopify", name, key or call.accepted)
        return value
    digest = orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS).decode()
    same, stored = shop.answers.find(name, key, digest)
    if not same:
        return _mismatch(name)
    if stored is not None:
        return stored
    value = _act(field, arguments, call)
    if call.accepted is not None:
        shop.world.counters.accepted("shopify", name, key)
    shop.answers.store(name, key, digest, value)
    return value


def _act(field: FieldPlan, arguments: Body, call: Call) -> Any:
    call.accepted = None
    assert field.resolver is not None
    return field.resolver(None, arguments, call)


def _mismatch(name: str) -> Body:
    """Another request under a used key. Refunds have no error codes, so theirs is a top-level error."""
    code = "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
    text = "The same idempotency key cannot be used with different operation parameters."
    if name == "refundCreate":
        raise FieldError(text, code)
    return {"inventoryAdjustmentGroup": None, "userErrors": [{"field": None, "message": text, "code": code}]}
