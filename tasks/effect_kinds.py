"""The registry of effects: every kind of thing that is ever done outside."""

from collections.abc import Mapping

from tasks.effects import EffectKind
from tasks.sending import (
    chat,
    edits,
    exchanges,
    helpdesk,
    mail,
    node,
    node_returns,
    payments,
    refunds,
    replacements,
    return_labels,
    returns,
    shop,
    shop_returns,
    text,
)

KINDS: Mapping[str, EffectKind] = {
    **shop.KINDS,
    **node.KINDS,
    **edits.KINDS,
    **refunds.KINDS,
    **returns.KINDS,
    **return_labels.KINDS,
    **exchanges.KINDS,
    **replacements.KINDS,
    **shop_returns.KINDS,
    **node_returns.KINDS,
    **payments.KINDS,
    **helpdesk.KINDS,
    **mail.KINDS,
    **text.KINDS,
    **chat.KINDS,
}
MAIL_KINDS = (*mail.KINDS, *text.KINDS)
