"""Log lines of a process without Prefect: a constant message and its keys."""

import logging
from typing import Any

_OWN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class KeysFormatter(logging.Formatter):
    """`time LEVEL message key=value …`; the standard one would leave the keys out."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        keys = (f" {name}={value}" for name, value in vars(record).items() if name not in _OWN)
        return super().formatMessage(record) + "".join(keys)


LOG_CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"keys": {"()": KeysFormatter, "format": "%(asctime)s %(levelname)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "keys"}},
    "loggers": {name: {"level": "INFO"} for name in ("apps", "tasks", "uvicorn")},
    "root": {"handlers": ["stderr"], "level": "WARNING"},  # libraries tell of every call and every font
}
