"""Start the fake vendors: `python -m sandbox`."""

import argparse
import importlib
from collections.abc import Sequence
from functools import partial

from sandbox.core.app import Builder, Sandbox
from sandbox.core.server import make_server
from sandbox.core.world import World

VENDORS = (
    "shopify", "shipbob", "easypost", "ups", "shipengine", "stripe", "zendesk", "twilio", "chat", "mail", "floor",
)  # fmt: skip
EXTRAS = ("world",)  # customers and weather of a simulation: only where it is asked for


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Fake vendors on loopback.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9400)
    parser.add_argument("--smtp-port", type=int, default=9425)
    parser.add_argument("--only", default=",".join(VENDORS), help="vendors to start, comma separated")
    parser.add_argument("--access-log", action="store_true")
    options = parser.parse_args(arguments)
    options.only = [name for name in options.only.split(",") if name]
    unknown = sorted(set(options.only) - set(VENDORS) - set(EXTRAS))
    if unknown:
        parser.error(f"unknown vendors: {', '.join(unknown)}")
    return options


def builders(options: argparse.Namespace) -> list[Builder]:
    """The `build` of each wanted vendor; imported here so that a vendor not wanted costs nothing."""
    found: list[Builder] = []
    for name in options.only:
        build = importlib.import_module(f"sandbox.{name}").build
        if name == "mail":
            build = partial(build, host=options.host, smtp_port=options.smtp_port)
        found.append(build)
    return found


def main() -> None:
    options = parse()
    base_url = f"http://{options.host}:{options.port}"
    sandbox = Sandbox(World(base_url), builders(options))
    greeting = f"sandbox ready: {base_url} (vendors: {', '.join(options.only)})"
    if "mail" in options.only:
        greeting += f", smtp {options.host}:{options.smtp_port}"
    make_server(sandbox, host=options.host, port=options.port, access_log=options.access_log, greeting=greeting).run()


if __name__ == "__main__":
    main()
