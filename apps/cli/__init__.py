"""The command line: `aftercart`. Exit codes: 0 fine, 1 a problem was found, 2 wrong usage or configuration."""

import os
from pathlib import Path

from config.settings import ROOT

SANDBOX_ENV = ROOT / "var" / "sandbox.env"
REAL_ACCOUNTS = ROOT / "config" / "accounts.toml"


def main() -> None:
    """Entry point of the console script."""
    use_sandbox_settings(SANDBOX_ENV, REAL_ACCOUNTS)
    from apps.cli.commands import app  # after the settings: what it imports may read them

    app()


def use_sandbox_settings(saved: Path, accounts: Path) -> None:
    """Where no real account is configured, work with what `aftercart up --sandbox` started last."""
    if accounts.exists() or not saved.is_file():
        return
    for line in saved.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition("=")
        os.environ.setdefault(key, value)


__all__ = ["main"]
