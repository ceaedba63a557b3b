"""Effects in the states that most tests begin with."""

import pytest

from config.wiring import Wiring
from ledger import effects
from ledger.effects import EffectRow
from tests.ledger.effect_support import DRAFT, look_up, settle
from tests.ledger.support import NOW, REAL


@pytest.fixture
def sending(wiring: Wiring) -> EffectRow:
    """One effect, claimed by a sender."""
    [row] = wiring.ledger(effects.plan_and_claim, [DRAFT], now=NOW, real_now=REAL)
    return row


@pytest.fixture
def unknown(wiring: Wiring, sending: EffectRow) -> EffectRow:
    """One effect whose outcome nobody knows, claimed by somebody to look it up."""
    settle(wiring, sending, "unknown")
    return look_up(wiring)
