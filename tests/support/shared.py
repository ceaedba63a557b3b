"""Where the vendors' own files lie: beside the project, or where AFTERCART_SHARED says."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("AFTERCART_SHARED", ROOT.parent / "shared"))


def missing_reason() -> str:
    """Begins with a fixed word so that `make test` can count these skips."""
    return f"no shared contracts: {SHARED.name} is not beside the project (set AFTERCART_SHARED)"
