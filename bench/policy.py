"""The benchmark's accounts and policies: one 3PL node, an edit window of zero; everything else as shipped."""

import re
from pathlib import Path

from bench.processes import ROOT
from bench.vendors import SHOP, Vendors


def write_config(folder: Path, vendors: Vendors) -> dict[str, str]:
    """Write both below `folder`; returns the settings that name them."""
    policies = folder / "policies"
    policies.mkdir(exist_ok=True)
    for path in sorted((ROOT / "config" / "policies").glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        if path.name == "orders.toml":
            text = re.sub(r'edit_window = "[^"]+"', 'edit_window = "0 s"', text)
        if path.name == "routing.toml":
            head, first, *_ = text.split("[[nodes]]")
            text = f"{head}[[nodes]]{first}"
        (policies / path.name).write_text(text, encoding="utf-8")
    accounts = (ROOT / "config" / "accounts.sandbox.toml").read_text(encoding="utf-8")
    accounts = accounts.replace("http://127.0.0.1:9400/shopify", f"{vendors.shop_url}/shopify")
    accounts = accounts.replace("http://127.0.0.1:9400", vendors.other_url)
    accounts = accounts.replace("port = 9425", f"port = {vendors.smtp_port}")
    sections = re.split(r"(?m)^(?=\[)", accounts)
    kept = [part for part in sections if not part.startswith("[[shops]]") or f'account = "{SHOP}"' in part]
    path = folder / "accounts.toml"
    path.write_text("".join(kept), encoding="utf-8")
    return {"AFTERCART_ACCOUNTS_FILE": str(path), "AFTERCART_POLICIES_DIR": str(policies)}
