"""What vendors accepted more than once although the table of guarantees lets them accept it once."""

from collections.abc import Collection, Iterator, Mapping

from tests.crash.promises import EXPECTED, REPEATED, promises
from tests.crash.scenarios import SCENARIOS

# changes of an edit's session that is committed or left to expire: nobody is bound by them
STAGING = frozenset(
    f"orderEdit{step}" for step in ("Begin", "SetQuantity", "AddVariant", "AddShippingLine", "RemoveShippingLine")
)
Accepted = Mapping[str, Mapping[str, Mapping[str, int]]]  # vendor -> operation -> business key -> count


def free_to_repeat() -> set[str]:
    """Operations of kinds that the table calls free to repeat, and those that bind nobody."""
    said = promises()
    return STAGING | {each.operation for each in SCENARIOS.values() if EXPECTED[said[each.kind].words] == REPEATED}


def each_once(accepted: Accepted, free: Collection[str]) -> Iterator[str]:
    """A sentence for every deed but the free ones: empty for one that was accepted once."""
    for vendor, deeds in accepted.items():
        for deed in deeds.keys() - free:
            for key, count in deeds[deed].items():
                yield "" if count == 1 else f"{vendor} did {deed} {count} times for {key}"


def doubled(accepted: Accepted, free: Collection[str]) -> list[str]:
    """Those that were accepted more than once."""
    return [sentence for sentence in each_once(accepted, free) if sentence]
