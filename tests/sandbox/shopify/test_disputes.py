"""Disputes of Shopify Payments: the list, its search and its pages, and single ones by id."""

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    parse,
    validate,
)

from tests.sandbox.shopify.conftest import Driver, subscribe

FIELDS = """__typename id legacyResourceId status type amount { amount currencyCode }
  reasonDetails { reason networkReasonCode } initiatedAt evidenceDueBy evidenceSentOn finalizedOn
  order { id name disputes { id initiatedAs status } }"""
LIST = f"""query($first: Int, $after: String, $last: Int, $before: String, $query: String, $reverse: Boolean) {{
  disputes(first: $first, after: $after, last: $last, before: $before, query: $query, reverse: $reverse) {{
    nodes {{ {FIELDS} }} edges {{ cursor node {{ id }} }}
    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
NODES = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ id ... on ShopifyPaymentsDispute {{ {FIELDS} }} }} }}"
NODE = f"query($id: ID!) {{ node(id: $id) {{ id ... on ShopifyPaymentsDispute {{ {FIELDS} }} }} }}"
HEAD = "gid://shopify/ShopifyPaymentsDispute/"


def misfits(value: Any, kind: Any, path: str) -> Iterator[str]:
    """Where an answer is not of its type. Keys must be field names, not aliases."""
    if isinstance(kind, GraphQLNonNull):
        if value is None:
            yield f"{path} is null"
        kind = kind.of_type
    if value is None:
        return
    if isinstance(kind, GraphQLList):
        for each in value:
            yield from misfits(each, kind.of_type, f"{path}[]")
    elif isinstance(kind, GraphQLObjectType):
        for name, inner in value.items():
            if name != "__typename":
                yield from misfits(inner, kind.fields[name].type, f"{path}.{name}")
    elif isinstance(kind, GraphQLEnumType):
        if value not in kind.values:
            yield f"{path} is {value}"
    elif not _fits(value, kind.name):
        yield f"{path} is no {kind.name}: {value!r}"


def _fits(value: Any, scalar: str) -> bool:
    if scalar in ("Boolean", "Int"):
        return isinstance(value, bool if scalar == "Boolean" else int)
    if not isinstance(value, str):
        return False
    reads = {"DateTime": datetime.fromisoformat, "Decimal": Decimal, "UnsignedInt64": int}
    try:
        reads.get(scalar, str)(value)
    except (ValueError, ArithmeticError):
        return False
    return True


async def disputed(shop: Driver, count: int, **body: Any) -> list[int]:
    """One dispute a day of so many orders. Returns the numbers, the oldest first."""
    made = []
    for day in range(count):
        await shop.post("/clock", {"at": f"2026-01-{day + 1:02d}T08:00:00Z"})
        order = await shop.buy()
        seen = await shop.post(f"/shopify/alpha/orders/{order['legacy_id']}/dispute", body)
        made.append(seen["disputes"][0]["id"])
    return made


async def page(shop: Driver, **variables: Any) -> Any:
    return (await shop.ask(LIST, {"reverse": False} | variables))["disputes"]


async def numbers(shop: Driver, query: str, **variables: Any) -> list[int]:
    found = await page(shop, **({"first": 50, "query": query} | variables))
    return [int(each["legacyResourceId"]) for each in found["nodes"]]


async def test_what_is_asked_and_answered_is_of_the_vendors_schema(shop: Driver, vendor: GraphQLSchema) -> None:
    for text in (LIST, NODE, NODES):
        assert not validate(vendor, parse(text))
    first, *_ = await disputed(shop, 2, reason="fraudulent")
    order = await shop.buy("alpha", payment="pending")
    await shop.post(f"/shopify/alpha/orders/{order['legacy_id']}/dispute", {"type": "inquiry", "amount": 7})
    root = vendor.query_type
    assert root is not None
    found = await page(shop, first=5)
    assert len(found["nodes"]) == len(found["edges"]) == 3
    assert not list(misfits(found, root.fields["disputes"].type, "disputes"))
    node = (await shop.ask(NODE, {"id": f"{HEAD}{first}"}))["node"]
    assert not list(misfits(node, vendor.type_map["ShopifyPaymentsDispute"], "node"))
    assert node == found["nodes"][0]
    assert (node["__typename"], node["id"], node["legacyResourceId"]) == (
        "ShopifyPaymentsDispute", f"{HEAD}{first}", str(first),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"status": "LATE"}, "node.status"),
        ({"initiatedAt": None}, "node.initiatedAt"),
        ({"evidenceDueBy": "soon"}, "node.evidenceDueBy"),
        ({"amount": {"amount": "much", "currencyCode": "USD"}}, "node.amount.amount"),
        ({"reasonDetails": {"reason": "whim"}}, "node.reasonDetails.reason"),
        ({"legacyResourceId": 7}, "node.legacyResourceId"),
    ],
)
async def test_the_check_refuses_what_the_schema_does_not_allow(
    shop: Driver, vendor: GraphQLSchema, change: dict[str, Any], where: str
) -> None:
    await disputed(shop, 1)
    [node] = (await page(shop, first=1))["nodes"]
    [found] = misfits(node | change, vendor.type_map["ShopifyPaymentsDispute"], "node")
    assert found.startswith(where)


async def test_both_views_and_the_webhook_tell_of_one_dispute(shop: Driver) -> None:
    await subscribe(shop, "DISPUTES_CREATE", "DISPUTES_UPDATE")
    await shop.post("/clock", {"at": "2026-01-05T08:00:00Z"})
    order = await shop.buy()
    path = f"/shopify/alpha/orders/{order['legacy_id']}"
    [known] = (await shop.post(f"{path}/dispute", {"type": "inquiry", "reason": "duplicate", "amount": "11.50"}))[
        "disputes"
    ]
    [node] = (await page(shop, first=1))["nodes"]
    told = json.loads(shop.hooks[0].body)
    assert known["id"] == told["id"] == int(node["legacyResourceId"])
    assert node["order"] == {
        "id": order["id"],
        "name": order["name"],
        "disputes": [
            {
                "id": f"gid://shopify/OrderDisputeSummary/{known['id']}",
                "initiatedAs": "INQUIRY",
                "status": "NEEDS_RESPONSE",
            }
        ],
    }
    assert (told["order_id"], told["type"], told["status"]) == (order["legacy_id"], "inquiry", "needs_response")
    assert node["reasonDetails"] == {"reason": "DUPLICATE", "networkReasonCode": told["network_reason_code"]}
    assert (told["reason"], told["amount"], told["currency"]) == ("duplicate", "11.50", "USD")
    assert node["amount"] == {"amount": "11.5", "currencyCode": "USD"}
    assert [node[name] for name in ("initiatedAt", "evidenceDueBy", "evidenceSentOn", "finalizedOn")] == [
        "2026-01-05T08:00:00Z", "2026-01-14T08:00:00Z", None, None,
    ]  # fmt: skip
    for day, status in ((6, "under_review"), (7, "won")):
        await shop.post("/clock", {"at": f"2026-01-{day:02d}T08:00:00Z"})
        await shop.post(f"{path}/dispute", {"status": status})
    [node] = (await page(shop, first=5))["nodes"]
    told = json.loads(shop.hooks[-1].body)
    assert told["id"] == known["id"]
    assert (node["status"], node["order"]["disputes"][0]["status"], told["status"]) == ("WON", "WON", "won")
    assert (node["evidenceSentOn"], node["finalizedOn"]) == ("2026-01-06T08:00:00Z", "2026-01-07T08:00:00Z")
    moments = [datetime.fromisoformat(told[name]) for name in ("evidence_sent_on", "finalized_on")]
    assert moments == [datetime.fromisoformat(node[name]) for name in ("evidenceSentOn", "finalizedOn")]


async def test_pages_go_up_by_id_and_down_on_demand(shop: Driver) -> None:
    made = await disputed(shop, 5)
    for backwards, wanted in ((False, made), (True, made[::-1])):
        seen: list[int] = []
        after = None
        for size, more in ((2, True), (2, True), (1, False)):
            found = await page(shop, first=2, after=after, reverse=backwards)
            seen += [int(each["legacyResourceId"]) for each in found["nodes"]]
            info = found["pageInfo"]
            assert (len(found["nodes"]), info["hasNextPage"], info["hasPreviousPage"]) == (size, more, bool(after))
            assert [info["startCursor"], info["endCursor"]] == [found["edges"][at]["cursor"] for at in (0, -1)]
            after = info["endCursor"]
        assert seen == wanted
        last = await page(shop, last=2, reverse=backwards)
        assert [int(each["legacyResourceId"]) for each in last["nodes"]] == wanted[3:]
        before = {"last": 2, "before": last["pageInfo"]["startCursor"], "reverse": backwards}
        assert await numbers(shop, "", **before, first=None) == wanted[1:3]


async def test_a_filtered_page_keeps_its_place_when_a_status_changes(shop: Driver) -> None:
    made = await disputed(shop, 4)
    first = await page(shop, first=2, query="status:needs_response")
    number = first["nodes"][0]["order"]["id"].rpartition("/")[2]
    await shop.post(f"/shopify/alpha/orders/{number}/dispute", {"status": "lost"})
    after = first["pageInfo"]["endCursor"]
    assert await numbers(shop, "status:needs_response", first=2, after=after) == made[2:]


async def test_a_search_is_by_id_by_time_and_by_status(shop: Driver) -> None:
    one, two, three = await disputed(shop, 3)
    order = (await page(shop, first=1))["nodes"][0]["order"]["id"].rpartition("/")[2]
    await shop.post(f"/shopify/alpha/orders/{order}/dispute", {"status": "under_review"})
    for query, wanted in (
        (f"id:{two}", [two]),
        (f"id:>={two}", [two, three]),
        (f"id:<{two}", [one]),
        (f"-id:{two}", [one, three]),
        ("initiated_at:>='2026-01-02T08:00:00Z'", [two, three]),
        ("initiated_at:>'2026-01-02T08:00:00Z'", [three]),
        ("initiated_at:<=2026-01-02T08:00:00Z", [one, two]),
        ("initiated_at:>'2026-01-01' AND initiated_at:<'2026-01-03'", [one, two]),
        ("status:under_review", [one]),
        ("status:NEEDS_RESPONSE", [two, three]),
        ("-status:under_review initiated_at:<'2026-01-03T00:00:00Z'", [two]),
        ("status:won", []),
    ):
        assert await numbers(shop, query) == wanted, query
    assert await numbers(shop, f"id:>={two}", reverse=True) == [three, two]


@pytest.mark.parametrize("query", ["initiated_at:>='whenever'", "id:>=many", "colour:red"])
async def test_a_term_that_cannot_be_read_is_ignored_as_in_other_searches(shop: Driver, query: str) -> None:
    assert await numbers(shop, query) == []
    made = await disputed(shop, 2)
    assert await numbers(shop, query) == made


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "you must provide one of first or last"),
        ({"first": 1, "last": 1}, "providing both first and last is not supported"),
        ({"first": 251}, "first cannot exceed 250"),
        ({"first": 1, "after": "???"}, "Invalid cursor for current pagination sort."),
        ({"last": 1, "before": "WyJ4IiwxXQ=="}, "Invalid cursor for current pagination sort."),
    ],
)
async def test_a_page_that_cannot_be_is_refused(shop: Driver, variables: dict[str, Any], message: str) -> None:
    answer = (await shop.raw(LIST, variables)).json()
    [error] = answer["errors"]
    assert (error["message"], error["extensions"]["code"], error["path"]) == (message, "BAD_REQUEST", ["disputes"])


async def test_an_id_of_nothing_is_null(shop: Driver) -> None:
    [made] = await disputed(shop, 1)
    ids = [f"{HEAD}{made}", f"{HEAD}{made + 1}", f"{HEAD}x", f"gid://shopify/Order/{made}"]
    found = (await shop.ask(NODES, {"ids": ids}))["nodes"]
    assert [each and each["id"] for each in found] == [ids[0], None, None, None]
    assert (await shop.ask(NODE, {"id": ids[1]}))["node"] is None
    assert (await shop.ask(NODES, {"ids": ids[:1]}, "nord"))["nodes"] == [None]
    elsewhere = await shop.ask("{ disputes(first: 5) { nodes { id } } }", shop="nord")
    assert elsewhere["disputes"]["nodes"] == []


@pytest.mark.parametrize("body", [{"status": "late"}, {"type": "whim"}, {"reason": "whim"}])
async def test_a_bank_says_only_what_the_vendor_has_words_for(shop: Driver, body: dict[str, str]) -> None:
    order = await shop.buy()
    answer = await shop.http.post(f"/_control/shopify/alpha/orders/{order['legacy_id']}/dispute", json=body)
    assert (answer.status_code, " must be one of " in answer.json()["error"]) == (422, True)
    assert (await shop.see(order))["disputes"] == []
