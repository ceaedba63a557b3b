"""The guides are true: every kind of case that the code opens is explained to operators."""

import re

from tests.support.shared import ROOT

GUIDE = (ROOT / "docs" / "guides" / "operating.md").read_text(encoding="utf-8")


def test_every_kind_of_case_is_in_the_operators_guide() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8") for top in ("ledger", "tasks") for path in (ROOT / top).rglob("*.py")
    )
    drafts = re.findall(r"CaseDraft\((.*?)choices=", source, flags=re.DOTALL)
    kinds = {
        kind
        for draft in drafts
        for kind in re.findall(r'kind=[^,]*?"(\w+)"(?: if .*? else "(\w+)")?', draft)
        for kind in kind
        if kind
    }

    assert len(kinds) > 15
    assert set() == {kind for kind in kinds if f"{kind}" not in GUIDE}
