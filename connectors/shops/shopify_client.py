"""Sends GraphQL documents to one Shopify shop and sorts out what an HTTP 200 may hide."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from connectors.errors import ConnectorError, OutcomeUnknown, Retryable, VendorRejected
from connectors.http import Refusal, VendorHttp
from connectors.retrying import retry
from connectors.shops.shopify_budget import VENDOR, CostBudget, Throttled
from connectors.shops.shopify_documents import CHUNK, Mutation, sequence
from connectors.shops.shopify_errors import MAX_COST, THROTTLED, error_code, graphql_error, user_error

PATH = "/admin/api/2026-10/graphql.json"

Node = dict[str, Any]


def read_refusal(status: int, body: Any) -> Refusal:
    """Shopify's 4xx: `errors` is a text or an object."""
    errors = body.get("errors") if isinstance(body, dict) else ""
    reasons = {402: "shop_frozen", 404: "not_found", 423: "shop_locked"}
    return Refusal(reasons.get(status, "rejected"), errors if isinstance(errors, str) else "")


class ShopifyClient:
    """One shop's GraphQL endpoint with its cost budget."""

    def __init__(self, http: VendorHttp, budget: CostBudget) -> None:
        self._http = http
        self._budget = budget
        self._chunks: dict[str, int] = {}

    @property
    def sleep(self) -> Callable[[float], Any]:
        return self._http.sleep

    async def query(self, operation: str, document: str, variables: Mapping[str, Any]) -> Node:
        """The `data` of a read. Raises: ConnectorError, also when only a part of it failed."""
        body = await self._post(operation, document, variables, write=False, safe=True, guess=100.0)
        for error in _errors(body):
            raise graphql_error(operation, error, variables, unsure=False)
        data = body.get("data")
        if not isinstance(data, dict):
            raise Retryable(VENDOR, operation, "no_data")
        return data

    async def nodes(self, operation: str, document: str, ids: Sequence[str]) -> list[Node]:
        """What `nodes(ids:)` knows of the ids, in chunks that shrink when found too costly."""
        unique = list(dict.fromkeys(ids))
        found: list[Node] = []
        while unique:
            size = self._chunks.get(operation, CHUNK)
            try:
                data = await self.query(operation, document, {"ids": unique[:size]})
            except VendorRejected as error:
                if not self._shrink(operation, size, error):
                    raise
                continue
            found.extend(_objects(operation, [node for node in _listed(operation, data.get("nodes")) if node]))
            unique = unique[size:]
        return found

    async def pages(
        self, operation: str, document: str, connection: str, variables: Mapping[str, Any]
    ) -> AsyncIterator[Node]:
        """Every page of a root connection, as the whole `data`; pages shrink when found too costly."""
        after: str | None = None
        while True:
            size = self._chunks.get(operation, CHUNK)
            try:
                data = await self.query(operation, document, {**variables, "first": size, "after": after})
            except VendorRejected as error:
                if not self._shrink(operation, size, error):
                    raise
                continue
            page = data.get(connection)
            info = page.get("pageInfo") if isinstance(page, dict) else None
            if not isinstance(page, dict) or not isinstance(info, dict) or "hasNextPage" not in info:
                raise Retryable(VENDOR, operation, "unreadable_answer")
            _objects(operation, _listed(operation, page.get("nodes")))
            yield data
            if not info["hasNextPage"]:
                return
            after = info.get("endCursor")

    async def complete(self, node: Node, connection: str, document: str) -> None:
        """Fetch the rest of a node's connection, which `document` pages as `node { connection }`, into it."""
        page = node.get(connection)
        while isinstance(page, dict) and (info := page.get("pageInfo") or {}).get("hasNextPage"):
            data = await self.query(connection, document, {"id": node["id"], "after": info["endCursor"]})
            page = (data.get("node") or {}).get(connection) or {}
            node[connection]["nodes"] += page.get("nodes") or []

    def _shrink(self, operation: str, size: int, error: VendorRejected) -> bool:
        if error.reason != MAX_COST or size == 1:
            return False
        self._chunks[operation] = size // 2
        return True

    async def mutate(self, mutation: Mutation, items: Sequence[Node], *, safe: bool) -> list[Node | ConnectorError]:
        """Run the mutation for each item (its variables), in chunks; each gets its payload or its error.

        `safe`: doing it again changes nothing, so a lost answer is no unknown outcome.
        """
        results: list[Node | ConnectorError] = []
        for start in range(0, len(items), CHUNK):
            results += await self.run([(mutation, item) for item in items[start : start + CHUNK]], safe=safe)
        return results

    async def run(self, steps: Sequence[tuple[Mutation, Node]], *, safe: bool) -> list[Node | ConnectorError]:
        """Run mutations, each with its variables, in one document and in this order; a refused one stops none.

        Not chunked. `safe` as for `mutate`.
        """
        document = sequence(tuple(mutation for mutation, _ in steps))
        variables = {f"{name}{i}": value for i, (_, item) in enumerate(steps) for name, value in item.items()}
        guess = sum(mutation.guess for mutation, _ in steps)
        try:
            body = await self._post(steps[0][0].field, document, variables, write=True, safe=safe, guess=guess)
        except ConnectorError as error:
            return [error] * len(steps)
        data = body.get("data") or {}
        errors = _errors(body)
        return [_outcome(each, data, errors, i, item, safe=safe) for i, (each, item) in enumerate(steps)]

    async def _post(
        self, operation: str, document: str, variables: Any, *, write: bool, safe: bool, guess: float
    ) -> Node:
        async def attempt(number: int) -> Node:
            cost = await self._budget.acquire(operation, document, guess)
            try:
                answer = await self._http.call(
                    operation,
                    "POST",
                    PATH,
                    json={"query": document, "variables": variables},
                    write=write,
                    safe_to_repeat=safe,
                )
            finally:
                self._budget.release(cost)
            return self._checked(operation, document, answer.body, unsure=write and not safe)

        try:
            return await attempt(1)
        except Throttled as first:
            return await retry(attempt, first, self._http.retries, self._http.sleep, self._count_retry, only=Throttled)

    def _count_retry(self) -> None:
        self._http.counters.retries += 1

    def _checked(self, operation: str, document: str, body: Any, *, unsure: bool) -> Node:
        if not isinstance(body, dict):
            lost = OutcomeUnknown if unsure else Retryable
            raise lost(VENDOR, operation, "unreadable_answer")
        self._budget.learn(document, (body.get("extensions") or {}).get("cost") or {})
        errors = _errors(body)
        if body.get("data") is None and any(error_code(error) == THROTTLED for error in errors):
            self._http.counters.throttled += 1
            raise Throttled(VENDOR, operation, "throttled", self._budget.shortage_s(document))
        return body


def inner_nodes(node: Node, connection: str) -> list[Node]:
    """The objects of a node's connection; whoever parses the node names what is wrong with the rest."""
    inner = node.get(connection)
    found = inner.get("nodes") if isinstance(inner, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _listed(operation: str, value: Any) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise Retryable(VENDOR, operation, "unreadable_answer")
    return value or []


def _objects(operation: str, nodes: list[Any]) -> list[Node]:
    if not all(isinstance(node, dict) for node in nodes):
        raise Retryable(VENDOR, operation, "unreadable_answer")
    return nodes


def _errors(body: Node) -> list[Node]:
    errors = body.get("errors") or []
    if isinstance(errors, list):
        return [error for error in errors if isinstance(error, dict)]
    return [{"message": str(errors)}]


def _outcome(
    mutation: Mutation, data: Node, errors: list[Node], i: int, sent: Node, *, safe: bool
) -> Node | ConnectorError:
    alias = f"m{i}"
    payload = data.get(alias)
    if payload is None:
        own = [error for error in errors if (error.get("path") or [alias])[0] == alias]
        if own:
            return graphql_error(mutation.field, own[0], sent, unsure=not safe)
        lost = Retryable if safe else OutcomeUnknown
        return lost(VENDOR, mutation.field, "no_data")
    if problems := payload.get(mutation.errors):
        return user_error(mutation.field, problems, sent)
    result: Node = payload
    return result
