"""Settings of one installation, from the environment (prefix AFTERCART_) or a `.env` file.

Accounts at vendors are a TOML file (see config/accounts.py); secrets there may be written `env:NAME`.
"""

from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[1]


class Settings(BaseSettings):
    """Units are in the names."""

    model_config = SettingsConfigDict(
        env_prefix="AFTERCART_", env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    database_url: str = Field(
        default=f"sqlite:///{ROOT / 'var' / 'aftercart.db'}",
        description="Where the ledger lives: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME",
    )
    accounts_file: Path = Field(default=ROOT / "config" / "accounts.toml", description="Accounts at vendors")
    policies_dir: Path = Field(default=ROOT / "config" / "policies", description="Business rules")
    public_url: str = Field(
        default="http://127.0.0.1:8400", description="Address under which vendors reach the webhook receiver"
    )
    desk_url: str = Field(
        default="http://127.0.0.1:8500",
        description="Address under which agents reach the desk; another host than the public one, never the same",
    )
    desk_idle_minutes: int = Field(default=60, gt=0, description="An agent who does nothing for so long is logged out")
    desk_session_hours: int = Field(default=12, gt=0, description="An agent logs in anew after so long")
    prefect_ui_url: str = Field(default="http://127.0.0.1:4200", description="For links in artifacts and messages")
    link_secret: SecretStr = Field(
        default=SecretStr(""), description="Signs links in mails; at least 32 characters, required in production"
    )
    max_body_bytes: int = Field(default=2_000_000, description="Largest webhook body that is accepted")
    batch_orders: int = Field(default=500, description="Orders claimed by one pass of a stage")
    commit_orders: int = Field(
        default=50,  # on SQLite the webhook receiver waits for the same writer
        description="Orders per transaction",
    )
    vendor_concurrency: int = Field(default=32, description="Calls under way at once to one vendor")
    lease_s: float = Field(
        default=20.0,  # long enough for a machine that is short of breath; renewed four times within it
        gt=0,
        description="How long what a dead worker had taken stays with it, in seconds",
    )
    requests_port: int = Field(
        default=8405, description="Loopback port on which the request runner is nudged; 0: it only looks by itself"
    )
    sandbox_control_url: str = Field(
        default="", description="Only with the sandbox: where its clock is moved together with ours"
    )


@cache
def settings() -> Settings:
    """Read once per process. Raises: pydantic.ValidationError without the offending values."""
    return Settings()
