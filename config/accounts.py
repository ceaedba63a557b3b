"""Accounts at vendors, from a TOML file. A secret is written as it is or as `env:NAME`."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


class ConfigError(Exception):
    """A configuration file is wrong; the message names the file, the key and the mend."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account at one vendor. `options` holds what only this vendor needs."""

    system: str
    account: str
    base_url: str
    secret: str = field(repr=False)
    webhook_secret: str = field(default="", repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> str:
        return f"{self.system}/{self.account}"


@dataclass(frozen=True, slots=True)
class MailAccount:
    host: str
    port: int
    username: str
    password: str = field(repr=False)
    start_tls: bool
    sender: str = ""  # empty: the brand's support address
    connections: int = 8  # held open at once


@dataclass(frozen=True, slots=True)
class Accounts:
    shops: tuple[Account, ...]
    warehouses: tuple[Account, ...]
    carriers: tuple[Account, ...]
    payments: tuple[Account, ...]
    helpdesk: tuple[Account, ...]
    mail: MailAccount
    floor_tokens: Mapping[str, str] = field(repr=False)  # location -> token of its handhelds
    return_labels: tuple[Account, ...] = ()  # carriers that make labels for the way back themselves
    tracking: tuple[Account, ...] = ()  # who tells of parcels beside the first of `carriers`
    chat: tuple[Account, ...] = ()  # the team's channel, where alerts go besides the desk
    texting: tuple[Account, ...] = ()  # vendors of texts to phones

    @property
    def addresses(self) -> list[str]:
        """Where all these vendors are called."""
        accounts = (
            *self.shops, *self.warehouses, *self.carriers, *self.payments, *self.helpdesk, *self.return_labels,
            *self.tracking, *self.chat, *self.texting,
        )  # fmt: skip
        return [account.base_url for account in accounts if account.base_url]

    @property
    def chat_target(self) -> str:
        """The first chat, which `config.vendors.chat` posts to; empty where there is none."""
        return self.chat[0].target if self.chat else ""


def load_accounts(path: Path, environ: Mapping[str, str] | None = None) -> Accounts:
    """Read the accounts file. Raises: ConfigError."""
    env = os.environ if environ is None else environ
    if not path.is_file():
        raise ConfigError(
            f"{path.name}: there is no accounts file. Copy config/accounts.example.toml there, or set "
            "AFTERCART_ACCOUNTS_FILE"
        )
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: not valid TOML ({error})") from None
    read = _Reader(path.name, env)
    mail = data.get("mail", {})
    return Accounts(
        shops=read.accounts(data, "shops", "token"),
        warehouses=read.accounts(data, "warehouses", "token"),
        carriers=read.accounts(data, "carriers", "token"),
        payments=read.accounts(data, "payments", "token"),
        helpdesk=read.accounts(data, "helpdesk", "token"),
        mail=MailAccount(
            host=read.text(mail, "mail", "host"),
            port=read.whole(mail, "mail", "port", default=587),
            username=read.secret(mail, "mail", "username", default=""),
            password=read.secret(mail, "mail", "password", default=""),
            start_tls=bool(mail.get("start_tls", True)),
            sender=str(mail.get("sender", "")),
            connections=read.whole(mail, "mail", "connections", default=8),
        ),
        floor_tokens={
            name: read.secret(data["floor_tokens"], "floor_tokens", name) for name in data.get("floor_tokens", {})
        },
        return_labels=read.accounts(data, "return_labels", "token"),
        tracking=read.accounts(data, "tracking", "token", no_address=frozenset({"karrio"})),
        chat=read.accounts(data, "chat", "token"),
        texting=tuple(_signed_by_token(account) for account in read.accounts(data, "sms", "token")),
    )


def _signed_by_token(account: Account) -> Account:
    """Vendors of texts sign their deliveries with the token itself, where no other secret is named."""
    return account if account.webhook_secret else replace(account, webhook_secret=account.secret)


class _Reader:
    def __init__(self, file: str, env: Mapping[str, str]) -> None:
        self._file, self._env = file, env

    def accounts(
        self, data: Mapping[str, Any], section: str, secret: str, *, no_address: frozenset[str] = frozenset()
    ) -> tuple[Account, ...]:
        """`no_address`: systems that know themselves where they call."""
        return tuple(
            Account(
                system=self.text(entry, f"{section}[{number}]", "system"),
                account=self.text(entry, f"{section}[{number}]", "account"),
                base_url=(
                    "" if entry.get("system") in no_address else self.text(entry, f"{section}[{number}]", "base_url")
                ),
                secret=self.secret(entry, f"{section}[{number}]", secret),
                webhook_secret=self.secret(entry, f"{section}[{number}]", "webhook_secret", default=""),
                options={k: v for k, v in entry.items() if k not in _KNOWN},
            )
            for number, entry in enumerate(data.get(section, []), start=1)
        )

    def text(self, table: Mapping[str, Any], where: str, key: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value:
            raise ConfigError(f"{self._file}: {where}.{key} is missing; add it as text")
        return value

    def whole(self, table: Mapping[str, Any], where: str, key: str, *, default: int) -> int:
        value = table.get(key, default)
        if type(value) is not int or value < 1:
            raise ConfigError(f"{self._file}: {where}.{key} is {value!r}; write a whole number from 1 on, unquoted")
        return value

    def secret(self, table: Mapping[str, Any], where: str, key: str, *, default: str | None = None) -> str:
        if default is not None and key not in table:
            return default
        value = self.text(table, where, key)
        if not value.startswith("env:"):
            return value
        name = value.removeprefix("env:")
        if name not in self._env:
            raise ConfigError(f"{self._file}: {where}.{key} names the environment variable {name}, which is not set")
        return self._env[name]


_KNOWN = {"system", "account", "base_url", "token", "webhook_secret"}
