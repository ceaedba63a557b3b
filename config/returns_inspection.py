"""Read what becomes of inspected units and of their money from config/policies/returns.toml."""

from config.edit_policy import amount_limit, set_of, word
from config.reading import TomlFile, flag
from config.returns_scope import Groups, Table, code, percent, tables
from domain.returns.policy import ConsequenceRule, DispositionRule
from domain.returns.words import Disposition, Grade

_SOLD_AGAIN = frozenset({Grade.A, Grade.B, Grade.C})


def dispositions(file: TomlFile, groups: Groups) -> tuple[DispositionRule, ...]:
    """Raises: ConfigError."""
    path, found = "returns.dispositions", []
    for table in tables(file, path, ["grades", "value_up_to", "to"], groups):
        rule = DispositionRule(
            name=table.get("name", code),
            scope=table.scope(),
            grades=_grades(table),
            value_up_to=table.get("value_up_to", amount_limit) if table.has("value_up_to") else None,
            to=table.get("to", lambda value: word(Disposition, value)),
        )
        if rule.to is Disposition.RESTOCK and not (rule.grades and rule.grades <= _SOLD_AGAIN):
            raise table.wrong("grades", "write which of a, b and c are sold again: nothing else is")
        found.append(rule)
    if not found or not found[-1].scope.everything or found[-1].grades or found[-1].value_up_to:
        raise file.wrong(path, "the last one has to fit everything: write only its name and to")
    return tuple(found)


def consequences(file: TomlFile, groups: Groups) -> tuple[ConsequenceRule, ...]:
    """Raises: ConfigError."""
    path = "returns.consequences"
    found = tuple(
        ConsequenceRule(
            name=table.get("name", code),
            scope=table.scope(),
            grades=_grades(table),
            kept_percent=table.get("kept_percent", percent),
            review=table.maybe("review", flag, False),
        )
        for table in tables(file, path, ["grades", "kept_percent", "review"], groups)
    )
    if not found or not found[-1].scope.everything or found[-1].grades:
        raise file.wrong(path, "the last one has to fit everything: write only its name and what is kept")
    return found


def _grades(table: Table) -> frozenset[Grade]:
    if not table.has("grades"):
        return frozenset()
    grades: frozenset[Grade] = table.get("grades", set_of(Grade))
    if not grades:
        raise table.wrong("grades", "write at least one, or leave it out")
    return grades
