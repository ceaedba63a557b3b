"""Error bodies, the account and small values of Twilio."""

import re
from datetime import datetime
from email.utils import format_datetime

from sandbox.core.http import Headers, Reply, json_reply
from sandbox.core.world import World

# the shape of an account's id is fixed; nothing about this one is real
ACCOUNT_SID = "AC" + "5a" * 16
TOKEN = "sandbox-twilio-token"
SERVICE_SID = "MG" + "5a" * 16
NUMBER = "+15005550006"  # the sender of the vendor's own test accounts
E164 = re.compile(r"\+[1-9]\d{6,14}")

# codes and texts: twilio.com/docs/api/errors
MESSAGES = {
    20001: "Invalid parameter",
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    21211: "The 'To' number is not a valid phone number.",
    21212: "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID.",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number.",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21609: "The 'StatusCallback' URL is not a valid URL.",
    21610: "Attempt to send to unsubscribed recipient",
    21612: "The 'To' phone number is not currently reachable using the 'From' phone number via SMS.",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
    21659: "'From' is not a Twilio phone number or Short Code country mismatch",
    30003: "Unreachable destination handset",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
}


def error(status: int, code: int, headers: Headers = ()) -> Reply:
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": MESSAGES[code], "more_info": more, "status": status}
    return json_reply(status, body, headers)


def made_id(world: World, prefix: str) -> str:
    """An id such as `SM` and 32 hex digits, repeatable from the world's seed."""
    return f"{prefix}{world.rng.getrandbits(128):032x}"


def rfc2822(moment: datetime | None) -> str | None:
    return None if moment is None else format_datetime(moment)
