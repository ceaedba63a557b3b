"""Settings under which everything talks to the fake vendors of `python -m sandbox`."""

import os
from pathlib import Path

from config.settings import ROOT

ACCOUNTS = ROOT / "config" / "accounts.sandbox.toml"
URL = "http://127.0.0.1:9400"
SMTP_PORT = 9425


def sandbox_env(host: str, port: int, smtp_port: int, var: Path) -> dict[str, str]:
    """Accounts follow the sandbox to other ports, in a copy under `var`. What the environment sets is kept."""
    url = f"http://{host}:{port}"
    accounts = ACCOUNTS
    if (url, smtp_port) != (URL, SMTP_PORT):
        text = ACCOUNTS.read_text(encoding="utf-8").replace(URL, url)
        accounts = var.resolve() / ACCOUNTS.name
        accounts.parent.mkdir(parents=True, exist_ok=True)
        accounts.write_text(text.replace(f"port = {SMTP_PORT}", f"port = {smtp_port}"), encoding="utf-8")
    env = {
        "AFTERCART_ACCOUNTS_FILE": str(accounts),
        "AFTERCART_LINK_SECRET": "sandbox-link-secret-of-32-characters",
        "AFTERCART_SANDBOX_CONTROL_URL": f"{url}/_control",
    }
    return {key: os.environ.get(key, value) for key, value in env.items()}
