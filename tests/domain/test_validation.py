"""May it be fulfilled? One hold per trouble, each with owner and due time; several at once."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.payments import PaymentVerdict
from domain.policy import ValidationPolicy
from domain.validation import OrderSnapshot, Validation, validate

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = ValidationPolicy(
    review_above_minor={"USD": 150_000, "JPY": 220_000},
    review_above_default=2500,
    velocity_orders=4,
    velocity_window=timedelta(hours=24),
    hold_due={name: timedelta(hours=hours) for name, hours in
              {"payment": 18, "address": 24, "fraud": 4, "stock": 72}.items()},
    hold_owner={"payment": "ops", "address": "customer", "fraud": "risk", "stock": "merchandising"},
    risk_wait=timedelta(minutes=30),
    cancel_unpaid_after=timedelta(hours=18),
    authorisation_alerts=(),
)  # fmt: skip


def judge(**changes: object) -> Validation:
    values = {
        "order_id": "ord_1", "total_minor": 5000, "currency": "USD", "placed_at": NOW - timedelta(minutes=5),
        "payment": PaymentVerdict.PAID, "ships": True, "address_problems": (), "address_verdict": "deliverable",
        "address_version": 1, "address_confirmed": False, "risk_level": "low", "risk_recommendation": "accept",
        "risk_cleared": False, "billing_country": "US", "shipping_country": "US", "recent_orders": 1,
        "unknown_skus": (),
    } | changes  # fmt: skip
    return validate(OrderSnapshot(**values), POLICY, NOW)  # type: ignore[arg-type]


def holds(**changes: object) -> list[tuple[str, str]]:
    return [(hold.name, hold.reason) for hold in judge(**changes).holds]


def test_good_order_is_accepted_with_its_reasons() -> None:
    result = judge()

    assert result.accepted
    assert [reason.code for reason in result.reasons] == ["paid", "address_ok", "risk_ok"]


@pytest.mark.parametrize("payment", list(PaymentVerdict))
def test_payment(payment: PaymentVerdict) -> None:
    good = payment in (PaymentVerdict.PAID, PaymentVerdict.AUTHORISED)

    assert holds(payment=payment) == ([] if good else [("payment", str(payment))])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"address_verdict": "corrected"}, "address_corrected", id="other spelling"),
        pytest.param({"address_verdict": "missing_unit"}, "address_missing_unit", id="no flat"),
        pytest.param({"address_verdict": "unverifiable"}, "address_unverifiable", id="not found"),
        pytest.param({"address_problems": ("postal_code:wrong",)}, "address_format", id="wrong format"),
        pytest.param({"address_problems": ("address:missing",)}, "address_missing", id="none"),
        pytest.param({"address_verdict": ""}, None, id="carrier not asked"),
        pytest.param({"address_verdict": "unverifiable", "address_confirmed": True}, None, id="customer insists"),
        pytest.param(
            {"address_problems": ("postal_code:wrong",), "address_confirmed": True}, "address_format",
            id="insisting mends no format",
        ),
        pytest.param({"ships": False, "address_problems": ("address:missing",)}, None, id="nothing to ship"),
    ],
)  # fmt: skip
def test_address(changes: dict[str, object], reason: str | None) -> None:
    assert holds(**changes) == ([("address", reason)] if reason else [])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"risk_level": "high"}, "risk_high", id="shop says high"),
        pytest.param({"risk_recommendation": "cancel"}, "risk_high", id="shop says cancel: held, never cancelled"),
        pytest.param({"risk_recommendation": "investigate"}, "risk_medium", id="shop says look"),
        pytest.param({"total_minor": 150_001}, "value_high", id="a cent above the limit"),
        pytest.param({"total_minor": 150_000}, None, id="at the limit"),
        pytest.param({"currency": "JPY", "total_minor": 220_001}, "value_high", id="yen"),
        pytest.param({"currency": "KWD", "total_minor": 2_500_001}, "value_high", id="default in three decimals"),
        pytest.param({"currency": "KWD", "total_minor": 2_500_000}, None, id="default, at the limit"),
        pytest.param({"billing_country": "FR", "risk_level": "medium"}, "country_mismatch", id="countries differ"),
        pytest.param({"billing_country": "FR"}, None, id="a gift sent abroad"),
        pytest.param({"billing_country": "", "risk_level": "medium"}, None, id="no billing address"),
        pytest.param({"recent_orders": 5}, "velocity", id="fifth order of the day"),
        pytest.param({"recent_orders": 4}, None, id="fourth order of the day"),
        pytest.param({"risk_level": "high", "recent_orders": 9, "risk_cleared": True}, None, id="a person cleared it"),
    ],
)
def test_fraud(changes: dict[str, object], reason: str | None) -> None:
    assert holds(**changes) == ([("fraud", reason)] if reason else [])


def test_unknown_product() -> None:
    result = judge(unknown_skus=("B", "C"))

    assert [(hold.name, hold.owner) for hold in result.holds] == [("stock", "merchandising")]
    assert result.reasons[-1].as_json() == {"code": "unknown_sku", "skus": ["B", "C"]}


def test_every_trouble_holds_by_itself_with_owner_and_due_time() -> None:
    result = judge(payment=PaymentVerdict.PENDING, address_verdict="missing_unit", risk_level="high",
                   unknown_skus=("X",))  # fmt: skip

    assert [(hold.name, hold.owner, hold.due_at - NOW) for hold in result.holds] == [
        ("payment", "ops", timedelta(hours=18)),
        ("address", "customer", timedelta(hours=24)),
        ("fraud", "risk", timedelta(hours=4)),
        ("stock", "merchandising", timedelta(hours=72)),
    ]


@pytest.mark.parametrize(
    ("minutes", "cleared", "waits"),
    [
        pytest.param(29.9, False, True, id="the shop is still thinking"),
        pytest.param(30, False, False, id="it has thought long enough"),
        pytest.param(1, True, False, id="a person was quicker"),
    ],
)
def test_pending_risk(minutes: float, cleared: bool, waits: bool) -> None:
    result = judge(risk_level="pending", risk_cleared=cleared, placed_at=NOW - timedelta(minutes=minutes))

    assert (result.wait is not None) is waits
    assert result.accepted is not waits
    assert result.holds == ()


def test_snapshot_is_kept_as_json_without_persons() -> None:
    import orjson

    snapshot = OrderSnapshot(
        "ord_1", 5000, "USD", NOW, PaymentVerdict.PAID, True, ("city:missing",), "", 2, False, "low", "", False, "US",
        "US", 1, ("X",),
    )  # fmt: skip

    kept = orjson.loads(orjson.dumps(snapshot.as_json()))

    assert (kept["payment"], kept["placed_at"], kept["address_problems"]) == ("paid", NOW.isoformat(), ["city:missing"])
    assert not {"name", "email", "phone", "line1", "city"} & set(kept)
