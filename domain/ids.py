"""Prefixed ids that sort by the time they were made, and digests of JSON facts."""

import hashlib
import json
from typing import Any

from uuid6 import uuid7


def new_id(prefix: str) -> str:
    """For example `ord_0192f5…`. The order of ids follows the order of creation: inserts stay local in an index."""
    return f"{prefix}_{uuid7().hex}"


def digest(facts: Any) -> str:
    """Stable short digest of JSON-able facts."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
