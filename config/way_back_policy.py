"""Read config/policies/way_back.toml."""

from collections.abc import Sequence
from datetime import timedelta

from config.reading import TomlFile, duration, list_of, text
from domain.policy import NodePolicy
from domain.returns.way_back import WayBack


def way_back_policy(file: TomlFile, nodes: Sequence[NodePolicy]) -> WayBack:
    """Raises: ConfigError."""
    to = file.get("way_back.send_to", text)
    own = [node.id for node in nodes if not node.ships_itself]
    if own and to not in own:
        raise file.wrong("way_back.send_to", f"name a node that opens parcels itself: {', '.join(own)}")
    if to and not own:
        raise file.wrong("way_back.send_to", "no node opens parcels: leave it empty, a person answers")
    within = file.get("way_back.send_within", duration)
    reminders: list[timedelta] = file.get("way_back.remind_after", list_of(duration))
    if sorted(reminders) != reminders or any(each >= within for each in reminders):
        raise file.wrong("way_back.remind_after", "write rising durations below send_within")
    by_shipper = file.get("way_back.by_shipper", list_of(text), [])
    if strange := set(by_shipper) - {node.id for node in nodes if node.ships_itself}:
        raise file.wrong("way_back.by_shipper", f"{', '.join(sorted(strange))}: name nodes that ship themselves")
    return WayBack(
        send_to=to,
        send_within=within,
        remind_after=tuple(reminders),
        missing_after=file.get("way_back.missing_after", duration),
        inspect_within=file.get("way_back.inspect_within", duration),
        late_until=file.get("way_back.late_until", duration),
        by_shipper=frozenset(by_shipper),
        label_from=file.get("way_back.label_from", text, ""),
    )
