"""Which products go with an order."""

from domain.related import Kin, related


def kin(name: str, kind: str = "", category: str = "", *tags: str, price: int = 100) -> Kin:
    return Kin(name, name, kind, category, tags, price)


def test_what_shares_most_comes_first_and_what_was_bought_never() -> None:
    bought = [kin("mug", "Mugs", "Kitchen", "enamel", "camping")]
    others = [
        kin("lamp", "Lamps", "Light"),
        kin("pan", "Pans", "Kitchen"),
        kin("cup", "Mugs", "Kitchen"),
        kin("kettle", "Kettles", "", "enamel", "camping"),
        *bought,
    ]
    assert [x.id for x in related(bought, others, most=9)] == ["cup", "pan", "kettle"]
    assert [x.id for x in related(bought, others, most=1)] == ["cup"]


def test_of_equals_the_cheaper_goes_first_and_the_order_is_steady() -> None:
    bought = [kin("mug", "Mugs")]
    others = [kin("b", "Mugs"), kin("a", "Mugs"), kin("c", "Mugs", price=50)]
    assert [x.id for x in related(bought, others, most=3)] == ["c", "a", "b"]
    assert related(bought, others[::-1], most=3) == related(bought, others, most=3)


def test_empty_words_join_nothing() -> None:
    assert related([kin("mug")], [kin("cup")], most=3) == []
    assert related([], [kin("cup", "Mugs")], most=3) == []
