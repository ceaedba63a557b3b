"""The command line: `aftercart`. Exit codes: 0 fine, 1 a problem was found, 2 wrong usage or configuration."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from config.settings import ROOT

SANDBOX_ENV = ROOT / "var" / "sandbox.env"
REAL_ACCOUNTS = ROOT / "config" / "accounts.toml"


def main() -> None:
    """Entry point of the console script."""
    run(sys.argv[1:])


def run(arguments: Sequence[str]) -> NoReturn:
    """One command line. Raises: SystemExit with the exit code."""
    use_sandbox_settings(SANDBOX_ENV, REAL_ACCOUNTS)
    from apps.cli.output import explained  # after the settings: what these import may read them

    with explained():
        from apps.cli.commands import app

        app(list(arguments))
    raise SystemExit(0)


def use_sandbox_settings(saved: Path, accounts: Path) -> None:
    """Where no real account is configured, work with what `aftercart up --sandbox` started last."""
    if accounts.exists() or not saved.is_file():
        return
    for line in saved.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition("=")
        os.environ.setdefault(key, value)
