"""The benchmark's accounts and policies: one 3PL node ships, with an edit window of its own; the rest is as shipped."""

import re
from pathlib import Path

from bench.processes import ROOT
from bench.vendors import SHOP, Vendors


def write_config(folder: Path, vendors: Vendors, *, edit_window: str = "0 s", way_back: bool = False) -> dict[str, str]:
    """Write both below `folder`; returns the settings that name them. `way_back`: with the own warehouse, which takes
    back what the 3PL has sent; it ships to a country that no customer of the benchmark lives in."""
    policies = folder / "policies"
    policies.mkdir(exist_ok=True)
    for path in sorted((ROOT / "config" / "policies").glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        if path.name == "orders.toml":
            text = re.sub(r'edit_window = "[^"]+"', f'edit_window = "{edit_window}"', text)
        if path.name == "routing.toml":
            head, first, own = text.split("[[nodes]]")
            text = f"{head}[[nodes]]{first}"
            if way_back:
                text += "[[nodes]]" + re.sub(r"serves = .*", 'serves = ["CA"]', own)
        if path.name == "way_back.toml" and not way_back:
            text = re.sub(r'send_to = "[^"]+"', 'send_to = ""', text)
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
