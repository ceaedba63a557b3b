"""Stripe's objects as JSON."""

from datetime import datetime, timedelta
from typing import Any

from sandbox.stripe.model import Charge, Intent, Line, Refund, Session

View = dict[str, Any]

_DECLINED = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "generic_decline",
    "message": "Your card was declined.",
    "doc_url": "https://stripe.com/docs/error-codes/card-declined",
}
_CLAIMED_WITHIN = timedelta(days=45)  # until then a customer may say where a refund shall go
_NO_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def session_view(session: Session, url: str) -> View:
    return {
        "id": session.id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": session.total,
        "amount_total": session.total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": session.cancel_url,
        "client_reference_id": session.client_reference_id,
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": unix(session.created_at),
        "currency": session.currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")),
        "customer": None,
        "customer_creation": "if_required",
        "customer_details": _customer(session),
        "customer_email": session.customer_email,
        "discounts": [],
        "expires_at": unix(session.expires_at),
        "invoice": None,
        "invoice_creation": {
            "enabled": False,
            "invoice_data": {
                "account_tax_ids": None,
                "custom_fields": None,
                "description": None,
                "footer": None,
                "issuer": None,
                "metadata": {},
                "rendering_options": None,
            },
        },
        "livemode": False,
        "locale": session.locale,
        "metadata": session.metadata,
        "mode": "payment",
        "origin_context": None,
        "payment_intent": session.intent_id,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": session.payment_method_types,
        "payment_status": session.payment_status,
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": session.status,
        "submit_type": session.submit_type,
        "subscription": None,
        "success_url": session.success_url,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted",
        "url": url if session.status == "open" else None,
        "wallet_options": None,
    }


def line_view(line: Line, session: Session) -> View:
    return {
        "id": line.id,
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": line.amount,
        "amount_tax": 0,
        "amount_total": line.amount,
        "currency": session.currency,
        "description": line.name,
        "metadata": {},
        "price": {
            "id": line.price_id,
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": unix(session.created_at),
            "currency": session.currency,
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": line.product_id,
            "recurring": None,
            "tax_behavior": line.tax_behavior,
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": line.unit_amount,
            "unit_amount_decimal": str(line.unit_amount),
        },
        "quantity": line.quantity,
    }


def intent_view(intent: Intent, charge: Charge | None) -> View:
    paid = intent.status == "succeeded"
    failed = charge is not None and not charge.succeeded
    return {
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": intent.amount if paid else 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": unix(intent.canceled_at) if intent.canceled_at else None,
        "cancellation_reason": "automatic" if intent.canceled_at else None,
        "capture_method": intent.data.capture_method,
        "client_secret": f"{intent.id}_secret_sandbox",
        "confirmation_method": "automatic",
        "created": unix(intent.created_at),
        "currency": intent.currency,
        "customer": None,
        "description": intent.data.description,
        "excluded_payment_method_types": None,
        "last_payment_error": _DECLINED | {"charge": intent.charge_id} if failed else None,
        "latest_charge": intent.charge_id,
        "livemode": False,
        "metadata": intent.data.metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": charge.payment_method if charge and paid else None,
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": intent.data.receipt_email,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": intent.status,
        "transfer_data": None,
        "transfer_group": None,
    }


def charge_view(charge: Charge, intent: Intent, back: int, disputed: bool) -> View:
    """`back`: what has been refunded, in the smallest unit; `disputed`: a bank has asked about it, however it ended."""
    return {
        "id": charge.id,
        "object": "charge",
        "amount": intent.amount,
        "amount_captured": intent.amount if charge.succeeded else 0,
        "amount_refunded": back,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": f"txn_{charge.id[3:]}" if charge.succeeded else None,
        "billing_details": {"address": _NO_ADDRESS, "email": charge.email, "name": None, "phone": None},
        "calculated_statement_descriptor": "SANDBOX",
        "captured": charge.succeeded,
        "created": unix(charge.created_at),
        "currency": intent.currency,
        "customer": None,
        "description": intent.data.description,
        "disputed": disputed,
        "failure_balance_transaction": None,
        "failure_code": None if charge.succeeded else "card_declined",
        "failure_message": None if charge.succeeded else _DECLINED["message"],
        "fraud_details": {},
        "livemode": False,
        "metadata": intent.data.metadata,
        "on_behalf_of": None,
        "outcome": {
            "network_status": "approved_by_network" if charge.succeeded else "declined_by_network",
            "reason": None if charge.succeeded else "generic_decline",
            "risk_level": "normal",
            "seller_message": "Payment complete." if charge.succeeded else "The bank declined it.",
            "type": "authorized" if charge.succeeded else "issuer_declined",
        },
        "paid": charge.succeeded,
        "payment_intent": charge.intent_id,
        "payment_method": charge.payment_method,
        "payment_method_details": {
            "card": {"brand": "visa", "exp_month": 12, "exp_year": 2034, "funding": "credit", "last4": "4242"},
            "type": "card",
        },
        "receipt_email": intent.data.receipt_email,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": charge.succeeded and back == intent.amount,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded" if charge.succeeded else "failed",
        "transfer_data": None,
        "transfer_group": None,
    }


def refund_view(refund: Refund) -> View:
    view: View = {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": f"txn_{refund.id[3:]}",
        "charge": refund.charge_id,
        "created": unix(refund.created_at),
        "currency": refund.currency,
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": refund.metadata,
        "payment_intent": refund.intent_id,
        "reason": refund.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": refund.status,
        "transfer_reversal": None,
    }
    if refund.status == "failed":
        view["failure_reason"] = "lost_or_stolen_card"
    if refund.status == "requires_action":
        mail = {"email_sent_at": unix(refund.created_at), "email_sent_to": "customer@example.com"}
        details = {"email_sent": mail, "expires_at": unix(refund.created_at + _CLAIMED_WITHIN)}
        view["next_action"] = {"type": "display_details", "display_details": details}
    return view


def _customer(session: Session) -> View | None:
    email = session.paid_by or session.customer_email
    if email is None:
        return None
    return {"address": None, "email": email, "name": None, "phone": None, "tax_exempt": "none", "tax_ids": None}


def unix(moment: datetime) -> int:
    """Whole seconds since 1970, as Stripe writes times."""
    return int(moment.timestamp())
