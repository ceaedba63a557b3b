"""Read config/edit_capabilities.toml into `domain.edit_capabilities.Capabilities`."""

from collections.abc import Iterable, Mapping

from config.edit_policy import set_of, word
from config.reading import TomlFile, list_of, mapping, text
from domain.edit_capabilities import PARTLY_SHIPPED, SHIPPED, Capabilities, EditField, NodeKind, Stage
from domain.states import OrderState

_ORDERS = (*OrderState, PARTLY_SHIPPED, SHIPPED)


def edit_capabilities(file: TomlFile, systems: Iterable[str]) -> Capabilities:
    """`systems`: those of the nodes that there are. Raises: ConfigError."""
    fields = set_of(EditField)
    holds = dict(file.get("holds", mapping(fields)))
    if "default" not in holds:
        raise file.wrong("holds.default", "is missing")
    orders = file.get("orders", mapping(fields))
    _check_names(file, "orders", orders, _ORDERS)
    kinds = file.get("systems", mapping(text))
    for system in sorted(set(systems) - kinds.keys()):
        raise file.wrong(f"systems.{system}", "is missing, and a node of routing.toml is of that system")
    nodes = {name: _kind(file, f"nodes.{name}") for name in file.get("nodes", mapping(mapping(lambda value: value)))}
    for system, kind in kinds.items():
        if kind not in nodes:
            raise file.wrong(f"systems.{system}", "names no entry of [nodes]")
    return Capabilities(
        orders=orders,
        default_hold=holds.pop("default"),
        holds=holds,
        sources=file.get("sources", mapping(fields)),
        systems=kinds,
        nodes=nodes,
        beyond_node=file.get("beyond_node", fields),
    )


def _check_names(file: TomlFile, where: str, given: Mapping[str, object], known: Iterable[str]) -> None:
    for name in sorted(given.keys() ^ {str(each) for each in known}):
        raise file.wrong(f"{where}.{name}", "there is no such name" if name in given else "is missing")


def _kind(file: TomlFile, path: str) -> NodeKind:
    stages = tuple(file.get(f"{path}.stages", list_of(lambda value: word(Stage, value))))
    if not stages or stages[0] is not Stage.TOLD or stages[-1] is not Stage.SHIPPED or len(set(stages)) < len(stages):
        raise file.wrong(f"{path}.stages", 'write each stage once, "told" first and "shipped" last')

    def stage(value: object) -> Stage:
        if value not in stages:
            raise ValueError("write one of its stages")
        return Stage(str(value))

    return NodeKind(stages, {field: file.get(f"{path}.{field}", stage) for field in EditField})
