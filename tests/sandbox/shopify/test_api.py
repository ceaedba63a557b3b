"""The HTTP surface, reading, paging, budget, errors, faults."""

from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type, is_list_type, is_non_null_type
from graphql.type import GraphQLNonNull

from sandbox.shopify.gql.document import schema
from tests.sandbox.shopify.conftest import Driver

PAGE = """query($after: String, $query: String) { orders(first: 3, after: $after, query: $query, sortKey: UPDATED_AT) {
  nodes { name updatedAt } pageInfo { hasNextPage endCursor } } }"""


async def test_token_version_and_method_are_checked(shop: Driver) -> None:
    wrong = await shop.raw("{ shop { id } }", headers={"X-Shopify-Access-Token": "other"})
    assert wrong.status_code == 401
    assert wrong.json() == {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}
    assert (await shop.raw("{ shop { id } }", version="2020-01")).status_code == 404
    assert (await shop.http.get("/shopify/alpha/admin/api/2026-10/graphql.json")).status_code == 404
    assert (await shop.http.get("/shopify/nobody/")).status_code == 404


async def test_an_unknown_field_has_the_vendors_code(shop: Driver) -> None:
    answer = (await shop.raw("{ shop { nonsense } }")).json()
    assert answer["errors"][0]["message"] == "Field 'nonsense' doesn't exist on type 'Shop'"
    assert answer["errors"][0]["extensions"]["code"] == "undefinedField"
    missing = (await shop.raw("{ order { id } }")).json()
    assert missing["errors"][0]["extensions"]["code"] == "missingRequiredArguments"


async def test_every_served_field_of_an_order_answers(shop: Driver) -> None:
    order = await shop.buy(
        lines=[{"sku": "KIT-COOK", "quantity": 2, "discount": "5.00"}, {"sku": "GIFT-50", "quantity": 1}]
    )
    fo = (await shop.fos(order))[0]
    await shop.ask(
        "mutation($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) { fulfillment { id } } }",
        {"f": {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": fo["id"]}], "trackingInfo": {"number": "T1"}}},
    )
    await shop.post(f"/shopify/alpha/orders/{order['legacy_id']}/refund")
    await shop.post("/shopify/alpha/settings", {"max_available": 1e9, "restore_rate": 1e9})
    types = schema()
    for root in ("Order", "ProductVariant", "InventoryItem", "Product"):
        kind = types.type_map[root]
        assert isinstance(kind, GraphQLObjectType)
        for name in kind.fields:
            await _check_field(shop, types, root, name, order)


async def test_every_served_field_of_an_edit_answers(shop: Driver) -> None:
    order = await shop.buy(
        lines=[{"sku": "TENT-2P-GRN", "quantity": 2, "discount": "5.00"}, {"sku": "SOCK-S", "quantity": 1}],
        discounts=[{"code": "SAVE10", "percent": 10}, {"title": "Spring", "amount": "3.00"}],
    )
    begin = (
        "mutation($id: ID!) { orderEditBegin(id: $id) { calculatedOrder { id lineItems(first: 9) { nodes { id } } } } }"
    )
    edit = (await shop.ask(begin, {"id": order["id"]}))["orderEditBegin"]["calculatedOrder"]
    one, two = (each["id"] for each in edit["lineItems"]["nodes"])
    steps = """mutation($id: ID!, $one: ID!, $two: ID!) {
      a: orderEditSetQuantity(id: $id, lineItemId: $one, quantity: 1) { userErrors { message } }
      b: orderEditSetQuantity(id: $id, lineItemId: $two, quantity: 3) { userErrors { message } }
      c: orderEditAddLineItemDiscount(id: $id, lineItemId: $two, discount: {percentValue: 5}) { userErrors { message } }
      d: orderEditAddShippingLine(id: $id, shippingLine: {title: "Fast", price: {amount: 9, currencyCode: USD}}) {
        userErrors { message } } }"""
    done = await shop.ask(steps, {"id": edit["id"], "one": one, "two": two})
    assert not any(each["userErrors"] for each in done.values())
    await shop.post("/shopify/alpha/settings", {"max_available": 1e9, "restore_rate": 1e9})
    types = schema()
    kind = types.type_map["CalculatedOrder"]
    assert isinstance(kind, GraphQLObjectType)
    asked = 0
    for name in kind.fields:
        text = _select_field(kind, name, 4)
        if text is None:
            continue
        asked += 1
        query = f"query($id: ID!) {{ node(id: $id) {{ ... on CalculatedOrder {{ {text} }} }} }}"
        node = (await shop.ask(query, {"id": edit["id"]}))["node"]
        _no_null(kind.fields[name].type, node[name], types, f"CalculatedOrder.{name}")
    assert asked >= len(kind.fields) - 2


async def _check_field(shop: Driver, types: GraphQLSchema, root: str, name: str, order: dict[str, Any]) -> None:
    kind = types.type_map[root]
    assert isinstance(kind, GraphQLObjectType)
    text = _select_field(kind, name, 3)
    if text is None:
        return
    if root == "Order":
        data = await shop.ask(f"query($id: ID!) {{ order(id: $id) {{ {text} }} }}", {"id": order["id"]})
        nodes = [data["order"]]
    else:
        listed = {"ProductVariant": "productVariants", "InventoryItem": "inventoryItems", "Product": "products"}[root]
        nodes = (await shop.ask(f"{{ {listed}(first: 50) {{ nodes {{ {text} }} }} }}"))[listed]["nodes"]
    for node in nodes:
        _no_null(kind.fields[name].type, node[name], types, f"{root}.{name}")


def _select_field(kind: GraphQLObjectType, name: str, depth: int) -> str | None:
    field = kind.fields[name]
    given = {"first": "first: 5", "key": 'key: "usage_guide"', "names": 'names: ["available", "on_hand"]'}
    arguments = []
    for argument, definition in field.args.items():
        if isinstance(definition.type, GraphQLNonNull) and argument not in given:
            return None
        if argument in given:
            arguments.append(given[argument])
    head = f"{name}({', '.join(arguments)})" if arguments else name
    named = get_named_type(field.type)
    if is_leaf_type(named):
        return head
    if depth == 0 or not isinstance(named, GraphQLObjectType) or named.name == "QueryRoot":
        return None
    inner = [text for each in named.fields if (text := _select_field(named, each, depth - 1))]
    return f"{head} {{ {' '.join(inner)} }}" if inner else None


def _no_null(kind: Any, value: Any, types: GraphQLSchema, path: str) -> None:
    if is_non_null_type(kind):
        assert value is not None, path
        kind = kind.of_type
    if value is None:
        return
    if is_list_type(kind):
        for each in value:
            _no_null(kind.of_type, each, types, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _no_null(kind.fields[name].type, inner, types, f"{path}.{name}")


async def test_pages_walk_every_order_once_by_update_time(shop: Driver) -> None:
    made = await shop.post("/shopify/alpha/orders", {"lines": [{"sku": "SOCK-S", "quantity": 1}], "count": 8})
    await shop.post("/clock", {"offset_s": 3600})
    await shop.post(f"/shopify/alpha/orders/{made['orders'][2]['legacy_id']}/touch")
    names, after = [], None
    for _ in range(3):
        page = (await shop.ask(PAGE, {"after": after}))["orders"]
        names += [node["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert not page["pageInfo"]["hasNextPage"]
    assert sorted(names) == sorted(order["name"] for order in made["orders"])
    assert names[-1] == "#1003"
    moment = page["nodes"][-1]["updatedAt"]
    late = (await shop.ask(PAGE, {"query": f"updated_at:>='{moment}' status:any"}))["orders"]["nodes"]
    assert [node["name"] for node in late] == ["#1003"]
    none = (await shop.ask(PAGE, {"query": f"updated_at:>'{moment}'"}))["orders"]["nodes"]
    assert none == []
    assert (await shop.ask(PAGE, {"query": "name:#1005"}))["orders"]["nodes"][0]["name"] == "#1005"


async def test_ids_are_beyond_floats_and_nodes_are_found(shop: Driver) -> None:
    order = await shop.buy()
    assert int(float(order["legacy_id"])) != order["legacy_id"]
    node = (await shop.ask("query($id: ID!) { node(id: $id) { id ... on Order { name } } }", {"id": order["id"]}))[
        "node"
    ]
    assert node == {"id": order["id"], "name": order["name"]}
    assert (await shop.ask('{ nodes(ids: ["gid://shopify/Order/1"]) { id } }'))["nodes"] == [None]


async def test_throttled_answers_200_and_does_nothing(shop: Driver) -> None:
    order = await shop.buy()
    await shop.post("/shopify/alpha/settings", {"max_available": 15, "restore_rate": 1})
    text = 'mutation($id: ID!) { tagsAdd(id: $id, tags: ["%s"]) { userErrors { message } } }'
    first = (await shop.raw(text % "one", {"id": order["id"]})).json()
    assert first["extensions"]["cost"]["requestedQueryCost"] == 10
    second = await shop.raw(text % "two", {"id": order["id"]})
    assert second.status_code == 200
    assert second.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert (await shop.see(order))["tags"] == ["one"]
    await shop.post("/clock", {"offset_s": 60})
    assert "errors" not in (await shop.raw(text % "two", {"id": order["id"]})).json()


async def test_a_query_above_the_limit_is_refused(shop: Driver) -> None:
    deep = "{ orders(first: 250) { nodes { lineItems(first: 250) { nodes { product { variants(first: 250) { nodes { id "
    deep += "inventoryItem { id inventoryLevels(first: 250) { nodes { id } } } } } } } } } } }"
    answer = (await shop.raw(deep)).json()
    assert answer["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"


async def test_faults_by_root_field(shop: Driver) -> None:
    order = await shop.buy()
    text = 'mutation($id: ID!) { tagsAdd(id: $id, tags: ["x"]) { userErrors { message } } }'
    await shop.post("/faults", {"vendor": "shopify", "operation": "tagsAdd", "kind": "error", "status": 503})
    assert (await shop.raw(text, {"id": order["id"]})).status_code == 503
    assert (await shop.see(order))["tags"] == []
    await shop.post("/faults", {"vendor": "shopify", "operation": "tagsAdd", "kind": "error_after"})
    assert (await shop.raw(text, {"id": order["id"]})).status_code == 502
    assert (await shop.see(order))["tags"] == ["x"]
    await shop.post("/faults", {"vendor": "shopify", "operation": "tagsAdd", "kind": "throttle"})
    assert (await shop.raw(text, {"id": order["id"]})).json()["errors"][0]["extensions"]["code"] == "THROTTLED"


async def test_the_orders_page_is_for_people(shop: Driver) -> None:
    order = await shop.buy()
    assert order["name"] in (await shop.http.get("/shopify/alpha/")).text


async def test_bad_values_are_refused_before_anything_is_done(shop: Driver) -> None:
    order = await shop.buy(payment="pending")
    text = """mutation($id: ID!, $at: DateTime, $amount: MoneyInput) {
      orderCreateManualPayment(id: $id, processedAt: $at, amount: $amount) { userErrors { code } } }"""
    bad = [
        {"id": order["id"], "at": "yesterday"},
        {"id": order["id"], "amount": {"amount": "much", "currencyCode": "USD"}},
        {"id": None},
    ]
    for variables in bad:
        answer = await shop.raw(text, variables)
        assert answer.status_code == 200
        assert answer.json()["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"
    literal = (
        f'mutation {{ orderCreateManualPayment(id: "{order["id"]}", processedAt: "no") {{ userErrors {{ code }} }} }}'
    )
    assert "errors" in (await shop.raw(literal)).json()
    assert (await shop.see(order))["captured"] == "0.00"
    assert "errors" in (await shop.raw("{ shop { id } }", "text")).json()
    assert "errors" in (await shop.raw("{ shop {")).json()


async def test_the_schema_can_be_asked_for(shop: Driver) -> None:
    data = await shop.ask('{ __type(name: "Order") { name } __schema { queryType { name } } }')
    assert data == {"__type": {"name": "Order"}, "__schema": {"queryType": {"name": "QueryRoot"}}}
    assert await shop.ask("{ __typename shop { __typename } }") == {
        "__typename": "QueryRoot",
        "shop": {"__typename": "Shop"},
    }


async def test_fragments_conditions_and_aliases(shop: Driver) -> None:
    order = await shop.buy()
    text = """query($id: ID!, $with: Boolean!) { one: order(id: $id) { ...Base tags @include(if: $with) }
      two: node(id: $id) { __typename ... on Order { ...Base note @skip(if: $with) } } }
      fragment Base on Order { title: name }"""
    data = await shop.ask(text, {"id": order["id"], "with": True})
    assert data["one"] == {"title": order["name"], "tags": []}
    assert data["two"] == {"__typename": "Order", "title": order["name"]}
