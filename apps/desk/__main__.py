"""`python -m apps.desk --host HOST --port PORT`."""

import argparse
import logging
import sys

import sqlalchemy as sa
import uvicorn

from apps.desk.app import create_app
from apps.logs import LOG_CONFIG
from apps.loops import spare_what_is_imported
from config.accounts import ConfigError
from config.wiring import current
from ledger import schema
from ledger.session import what_is_wrong

STOP_WITHIN_S = 10


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m apps.desk", description="The agents' desk.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8500, help="port to listen on (default: %(default)s)")
    arguments = parser.parse_args()
    serve(arguments.host, arguments.port)


def serve(host: str, port: int) -> None:
    """Until it is told to end. Exits with what is wrong with the configuration."""
    try:
        app = create_app(current())
        schema.check(current().engine)
    except (ConfigError, schema.SchemaError) as error:
        sys.exit(f"desk: {error}")
    except sa.exc.DBAPIError as error:  # it starts all the same, and answers 503 until the database is there
        logging.getLogger(__name__).warning("%s", what_is_wrong(error))
    spare_what_is_imported()
    uvicorn.run(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=LOG_CONFIG,
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )


if __name__ == "__main__":
    main()
