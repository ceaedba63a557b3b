"""The command line as a person types it: what it shows, how it ends, and what it says to a mistake."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from apps.cli import run, use_sandbox_settings
from apps.cli.order_story import masked
from config import wiring as wiring_module
from config.settings import Settings
from config.wiring import Wiring
from domain.order import Address
from ledger.cases import CaseDraft, open_cases
from ledger.orders import contact_row
from ledger.tables import AuditEvent, Decision, Hold, OrderContact, ReviewCase
from tests.ledger.support import NOW, make_order, put, row_of, rows_of
from tests.support.sandbox import SandboxProcess, _free_ports


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Ended]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setattr("apps.cli.SANDBOX_ENV", tmp_path / "no.env")
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            run(arguments)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Ended(int(ended.value.code or 0), out, err)

    return call


@pytest.fixture
def order_id(wiring: Wiring) -> str:
    """A held order with a contact, a decision and a case."""
    made = make_order(wiring, {"sku": "TENT-2", "ordered": 2}, state="held", contact_id="c1")
    address = Address(name="Ada Canary", line1="1 Canary Row", city="Brooklyn", region="NY", postal_code="11201",
                      country="US", phone="+12125550100")  # fmt: skip
    put(
        wiring,
        OrderContact,
        contact_row(made, "shipping", 1, "shop", address, "ada@canary.example", NOW) | {"id": "c1"},
    )
    put(wiring, Decision, {
        "id": "dec_1", "workflow": "validate", "order_id": made, "policy_version": "1", "inputs_digest": "",
        "inputs": {}, "candidates": [], "choice": {}, "decided_at": NOW,
        "explanation": [{"code": "value_high", "limit": 500}],
    })  # fmt: skip
    draft = CaseDraft("k", "stage_failing", order_id=made, choices=["retry", "cancel"])
    wiring.ledger(open_cases, [draft], NOW)
    return made


@pytest.mark.row("PEO-2")
def test_an_order_is_held_shown_and_released(wiring: Wiring, command: Command, order_id: str) -> None:
    assert command("orders", "hold", "1001", "customer called").code == 0
    assert row_of(wiring, Hold)["reason"] == "customer called"
    assert rows_of(wiring, AuditEvent, aggregate="hold")[0]["actor"].startswith("person:")

    [listed] = command("orders", "list", "--state", "held", "--json").json
    assert (listed["name"], listed["total"], listed["held_for"]) == ("#1001", "50.00 USD", ["customer called"])
    assert "customer called" in command("orders", "list").out

    ended = command("orders", "release", "#1001")
    assert (ended.code, "in line for validate" in ended.out) == (0, True)
    assert command("orders", "retry", order_id).code == 0


@pytest.mark.row("PEO-2")
def test_show_tells_the_story_in_words_without_personal_data(command: Command, order_id: str) -> None:
    told = command("orders", "show", "1001").out

    for word in (
        "TENT-2",
        "the value is above the review limit (limit 500)",
        "stage_failing",
        "Brooklyn"[:1] + "…",
        "held",
    ):
        assert word in told
    for secret in ("Canary", "Brooklyn", "11201", "2125550100", "canary.example"):
        assert secret not in told
        assert secret not in command("orders", "show", "1001", "--json").out
    assert "1 Canary Row" in command("orders", "show", "1001", "--personal").out
    assert command("orders", "show", order_id, "--json").json["lines"][0]["ordered"] == 2


@pytest.mark.row("PEO-2")
def test_cases_are_listed_shown_and_resolved(wiring: Wiring, command: Command, order_id: str) -> None:
    [case] = command("cases", "list", "--json").json
    assert (case["order"], case["choices"]) == ("#1001", ["retry", "cancel"])
    assert "retry, cancel" in command("cases", "show", case["id"]).out

    assert command("cases", "resolve", case["id"], "retry").out.strip().endswith("in line for validate.")
    assert row_of(wiring, ReviewCase)["resolution"] == "retry"
    assert command("cases", "list", "--json").json == []
    assert "retry" in command("cases", "list", "--resolved").out


@pytest.mark.row("PEO-2", bad_input=True)
def test_brackets_in_a_vendors_words_are_shown_as_they_are(wiring: Wiring, command: Command) -> None:
    make_order(wiring, {"title": "Tent [red] :smile: [/bold]"}, name="[/x]")

    assert "[/x]" in command("orders", "list").out
    assert "Tent [red] :smile: [/bold]" in command("orders", "show", "[/x]").out
    assert "[/x] is held" in command("orders", "hold", "[/x]", "[/y]").out


@pytest.mark.row("PEO-2", bad_input=True)
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(("orders", "show", "9999"), 1, "there is no order 9999", id="unknown order"),
        pytest.param(("orders", "release", "1001", "fraud"), 1, "no hold named fraud; open: none", id="unknown hold"),
        pytest.param(("orders", "list", "--state", "lost"), 2, "lost", id="unknown state"),
        pytest.param(("cases", "show", "case_9"), 1, "there is no case case_9", id="unknown case"),
        pytest.param(("cases", "resolve", "case_9", "x"), 1, "there is no case case_9", id="resolve unknown case"),
        pytest.param(("clock", "advance", "soon"), 2, "write a duration", id="no duration"),
        pytest.param(("clock", "advance", "1 h"), 2, "only with the sandbox", id="real clock"),
        pytest.param(("orders", "hold", "1001"), 2, "REASON", id="missing argument"),
        pytest.param(("dance",), 2, "dance", id="unknown command"),
    ],
)
def test_a_mistake_is_one_clear_line(
    wiring: Wiring, order_id: str, command: Command, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = command(*arguments)

    assert ended.code == code
    assert said.lower() in ended.err.lower()
    assert ended.out == ""


def use(url: str, **changes: Any) -> Wiring:
    settings = Settings(_env_file=None, database_url=url, **changes)  # type: ignore[call-arg]
    made = Wiring(settings)
    wiring_module.replace(made)
    return made


@pytest.fixture
def own_wiring() -> Any:
    yield use
    wiring_module.replace(None)


@pytest.mark.row("PEO-2", bad_input=True)
def test_a_database_that_is_away_or_not_set_up_is_named(own_wiring: Any, command: Command, tmp_path: Path) -> None:
    [port] = _free_ports(1)
    own_wiring(f"postgresql://ada:hidden@127.0.0.1:{port}/none")
    away = command("orders", "list")
    assert (away.code, str(port) in away.err, "AFTERCART_DATABASE_URL" in away.err) == (1, True, True)
    assert "hidden" not in away.err

    made = own_wiring(f"sqlite:///{tmp_path / 'new.db'}")
    assert "run `aftercart migrate`" in command("orders", "list").err
    assert command("migrate").code == 0
    assert command("orders", "list").code == 0
    made.engine.dispose()

    own_wiring("oracle://somewhere")
    assert "oracle is not supported" in command("orders", "list").err


def test_wrong_configuration_names_file_key_and_mend(own_wiring: Any, command: Command, tmp_path: Path) -> None:
    (tmp_path / "accounts.toml").write_text('[[shops]]\nsystem = "shopify"\n')
    own_wiring("sqlite://", accounts_file=tmp_path / "accounts.toml")

    ended = command("policy", "check")

    assert ended.code == 2
    assert re.search(r"accounts\.toml: (mail\.host|shops\[1\]\.account) is missing", ended.err)


def test_policy_check_names_what_is_in_force(wiring: Wiring, command: Command) -> None:
    ended = command("policy", "check")

    assert (ended.code, wiring.policies.version in ended.out) == (0, True)


@pytest.mark.row("COM-4")
def test_preview_writes_every_mail_as_a_page(wiring: Wiring, command: Command, tmp_path: Path) -> None:
    assert command("preview", "--out", str(tmp_path / "mails")).code == 0

    pages = {path.stem for path in (tmp_path / "mails").glob("*.html")}
    index = (tmp_path / "mails" / "index.html").read_text("utf-8")
    assert {"order_confirmed", "parcel_shipped", "parcel_delivered"} <= pages
    assert all(f'href="{page}.html"' in index for page in pages - {"index"})


def test_rows_shows_the_last_run(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (command("rows").code, "make test" in command("rows").err) == (2, True)

    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "rows.json").write_text(json.dumps({"CAP-1": ["a", "b"], "CAP-2": []}))
    assert "1 of 2 rows are proven" in command("rows").out
    assert command("rows", "--json").json == {"CAP-1": ["a", "b"], "CAP-2": []}


def test_the_clock_moves_for_us_and_the_sandbox(database_url: str, own_wiring: Any, sandbox: SandboxProcess, command: Command) -> None:  # fmt: skip # noqa: E501
    made = own_wiring(database_url, sandbox_control_url=f"{sandbox.url}/_control")

    assert command("clock", "advance", "3 h").code == 0

    assert sandbox.control("clock")["offset_s"] == 3 * 3600
    assert command("clock", "show", "--json").json["offset_s"] == 3 * 3600
    made.engine.dispose()


@pytest.mark.parametrize(
    ("value", "shown"), [("Ada Lovelace", "A…"), ("ada@example.com", "a…@e…"), ("+4930123", "+…"), ("", "…")]
)
def test_masking_leaves_one_letter(value: str, shown: str) -> None:
    assert masked(value) == shown


def test_sandbox_settings_are_used_only_without_real_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AFTERCART_LINK_SECRET", raising=False)
    monkeypatch.setenv("AFTERCART_PUBLIC_URL", "http://mine")
    saved, accounts = tmp_path / "sandbox.env", tmp_path / "accounts.toml"
    saved.write_text("AFTERCART_LINK_SECRET=from-sandbox\nAFTERCART_PUBLIC_URL=http://sandbox\n")
    accounts.write_text("")

    use_sandbox_settings(saved, accounts)
    assert Settings(_env_file=None).link_secret.get_secret_value() == ""  # type: ignore[call-arg]

    accounts.unlink()
    use_sandbox_settings(saved, accounts)
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    assert (settings.link_secret.get_secret_value(), settings.public_url) == ("from-sandbox", "http://mine")
    monkeypatch.delenv("AFTERCART_LINK_SECRET")
