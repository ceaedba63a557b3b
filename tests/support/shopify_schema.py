"""The vendor's own schema of the Admin GraphQL API, built once per test process."""

import gzip
from functools import cache

from graphql import GraphQLSchema, build_schema

from tests.support.shared import SHARED

PATH = SHARED / "contracts/shopify/admin_2026-10.graphql.gz"


@cache
def admin_schema() -> GraphQLSchema:
    return build_schema(gzip.decompress(PATH.read_bytes()).decode(), assume_valid=True)
