"""`aftercart demo`: a day of orders against the fake vendors, reckoned with at its end."""

from collections.abc import Sequence


def main(arguments: Sequence[str] = ()) -> int:
    """Run it; returns the exit code: 0 only if the books agree with the sandbox."""
    from apps.demo.running import run

    return run(arguments)
