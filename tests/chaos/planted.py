"""The worker program with a bug planted in it, to show that the checks see one and that the shrinker finds its story.

`python -m tests.chaos.planted [options of the worker]`: whoever bought a gift card gets every mail twice.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from apps import worker
from ledger.effects import EffectRow, Verdict
from ledger.tables import OrderLine
from ledger.tables.base import table_of
from tasks import effect_kinds
from tasks.runtime import in_ledger
from tasks.sending.mail import send_mails

COMMAND = ("-m", "tests.chaos.planted")
_line = table_of(OrderLine)


def _givers(session: Session) -> set[str]:
    return set(session.execute(sa.select(_line.c.order_id).where(_line.c.sku.startswith("GIFT"))).scalars())


async def _twice(rows: Sequence[EffectRow]) -> list[Verdict]:
    givers = await in_ledger(_givers)
    await send_mails([{**row, "id": f"{row['id']}-again"} for row in rows if row["order_id"] in givers])
    return await send_mails(rows)


if __name__ == "__main__":
    kinds: Any = effect_kinds.KINDS
    kinds["mail.send"] = replace(kinds["mail.send"], send=_twice)
    raise SystemExit(worker.main())
