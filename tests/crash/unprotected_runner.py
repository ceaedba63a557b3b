"""The request runner with the protocol switched off, as `tests.crash.unprotected` does it to the worker."""

from collections.abc import Sequence

from apps import requests
from tests.crash.unprotected import switch_off


def main(arguments: Sequence[str] | None = None) -> int:
    switch_off()
    return requests.main(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
