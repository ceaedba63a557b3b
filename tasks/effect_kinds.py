"""The registry of effects: every kind of thing that is ever done outside."""

from collections.abc import Mapping

from tasks.effects import EffectKind
from tasks.sending import mail, node, shop

KINDS: Mapping[str, EffectKind] = {**shop.KINDS, **node.KINDS, **mail.KINDS}
MAIL_KINDS = tuple(mail.KINDS)
