"""Every document that we can send, against the vendor's schema file."""

import gzip
import json
from pathlib import Path

import pytest
from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode, parse, print_ast, validate

from connectors.shops import (
    shopify_catalogue,
    shopify_disputes,
    shopify_documents,
    shopify_edit_documents,
    shopify_fulfilments,
    shopify_orders,
    shopify_replacements,
    shopify_return_documents,
    shopify_store_credit,
    shopify_subscriptions,
)
from tests.support.shopify_schema import admin_schema

READS = (
    shopify_documents.SHOP,
    shopify_documents.CANCELLATION,
    shopify_documents.ORDER_REFUNDS,
    *shopify_orders.DOCUMENTS,
    *shopify_fulfilments.DOCUMENTS,
    *shopify_catalogue.DOCUMENTS,
    *shopify_subscriptions.DOCUMENTS,
    *shopify_disputes.DOCUMENTS,
    *shopify_edit_documents.DOCUMENTS,
    *shopify_return_documents.DOCUMENTS,
    *shopify_store_credit.DOCUMENTS,
    *shopify_replacements.DOCUMENTS,
)
MUTATIONS = (
    *shopify_documents.MUTATIONS,
    *shopify_edit_documents.MUTATIONS,
    *shopify_return_documents.MUTATIONS,
    *shopify_store_credit.MUTATIONS,
    *shopify_replacements.MUTATIONS,
)
WRITES = (
    *(shopify_documents.batch(each, size) for each in MUTATIONS for size in (1, shopify_documents.CHUNK)),
    shopify_documents.sequence(shopify_edit_documents.STAGED),
)
REQUIRED = "the idempotency key is required"


@pytest.fixture(scope="module")
def schema(shared: Path) -> GraphQLSchema:
    return admin_schema()


def title(document: str) -> str:
    return document.partition("(")[0].partition("{")[0].strip()


def mutations(document: str) -> list[FieldNode]:
    [operation] = [d for d in parse(document).definitions if isinstance(d, OperationDefinitionNode)]
    return [field for field in operation.selection_set.selections if isinstance(field, FieldNode)]


@pytest.mark.parametrize("document", READS + WRITES, ids=title)
def test_the_vendor_would_accept_the_document(schema: GraphQLSchema, document: str) -> None:
    assert [error.message for error in validate(schema, parse(document))] == []


@pytest.mark.parametrize("document", READS + WRITES, ids=title)
def test_no_document_uses_what_is_being_removed(schema: GraphQLSchema, document: str) -> None:
    from graphql.validation import NoDeprecatedCustomRule

    found = validate(schema, parse(document), [NoDeprecatedCustomRule])
    assert [error.message for error in found] == []


@pytest.mark.parametrize("document", WRITES, ids=title)
def test_idempotency_is_stated_exactly_where_the_vendor_demands_it(schema: GraphQLSchema, document: str) -> None:
    assert schema.mutation_type is not None
    for field in mutations(document):
        description = schema.mutation_type.fields[field.name.value].description or ""
        directives = [print_ast(directive) for directive in field.directives or ()]
        keyed = any(text.startswith("@idempotent(key: $key") for text in directives)
        assert keyed == (REQUIRED in description), field.name.value


def test_the_vendor_still_describes_idempotency_in_these_words(schema: GraphQLSchema) -> None:
    assert schema.mutation_type is not None
    described = [name for name, field in schema.mutation_type.fields.items() if REQUIRED in (field.description or "")]
    assert {"refundCreate", "inventorySetQuantities"} <= set(described)


def test_a_release_without_hold_ids_cannot_be_written() -> None:
    assert ("holdIds", "[ID!]!") in shopify_documents.RELEASE.arguments


def test_a_batch_of_one_size_always_has_the_same_text() -> None:
    hold = shopify_documents.HOLD
    assert shopify_documents.batch(hold, 3) == shopify_documents.batch(hold, 3)
    assert [field.alias.value for field in mutations(shopify_documents.batch(hold, 3)) if field.alias] == [
        "m0",
        "m1",
        "m2",
    ]


def test_topics_exist_under_both_names(shared: Path, schema: GraphQLSchema) -> None:
    path = shared / "contracts/shopify/webhook_topics_2026-07.json.gz"
    published = json.loads(gzip.decompress(path.read_bytes()))
    names = schema.type_map["WebhookSubscriptionTopic"].values  # type: ignore[attr-defined]
    for topic, name in shopify_subscriptions.TOPICS.items():
        assert topic in published
        assert name in names
        assert name == topic.replace("/", "_").upper()
