"""`aftercart simulate`: the workflow of delays proven in a made-up world, against the same world without it."""

from collections.abc import Sequence


def main(arguments: Sequence[str] = ()) -> int:
    """Run it; returns the exit code: 0 when every target is met and nothing contradicts itself."""
    from apps.simulate.running import run

    return run(arguments)
