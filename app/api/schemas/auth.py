from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validate

from app.api.schemas.base import SOMETIMES
from app.models.accounts import ROLES
from app.services.passwords import LEAST_CHARACTERS, MOST_CHARACTERS

DELIVERIES = ("cookie", "body")
DELIVERY = {"description": "Where the refresh token comes: a cookie for browsers, the body for programs."}


def _is_text(value: str) -> None:
    """JSON can hold what is no text: halves of characters, and NUL, which no column takes."""
    try:
        value.encode()
    except UnicodeEncodeError as err:
        raise ValidationError("Not a valid text.") from err
    if "\0" in value:
        raise ValidationError("Not a valid text.")


def _is_plain(value: str) -> None:
    """Mail servers take no other characters unless they all agree on it; quotes may hold control ones."""
    if not (value.isascii() and value.isprintable()):
        raise ValidationError("Not a valid email address.")


def text(most: int, *, least: int = 0, load_only: bool = False) -> fields.String:
    return fields.String(
        required=True, load_only=load_only, validate=[validate.Length(min=least, max=most), _is_text]
    )


def email() -> fields.Email:
    return fields.Email(required=True, validate=[validate.Length(max=254), _is_plain])


def known_password() -> fields.String:
    return text(MOST_CHARACTERS, load_only=True)


def new_password() -> fields.String:
    return text(MOST_CHARACTERS, least=LEAST_CHARACTERS, load_only=True)


IS_CODE = validate.Regexp(r"^[0-9A-Za-z -]{6,40}$")


class LoginSchema(Schema):
    email = text(320)
    password = known_password()
    code = fields.String(
        load_default=None,
        load_only=True,
        validate=IS_CODE,
        metadata={"description": "A one-time or recovery code, if one is asked for."},
    )
    account_id = fields.Integer(
        strict=True,
        load_default=None,
        metadata={"description": "For a user of several accounts; the first if absent."},
    )
    delivery = fields.String(load_default="cookie", validate=validate.OneOf(DELIVERIES), metadata=DELIVERY)


class RefreshSchema(Schema):
    refresh_token = fields.String(
        load_default=None,
        validate=validate.Length(max=200),
        metadata={"description": "If it is not in the cookie. The next one comes the same way."},
    )
    account_id = fields.Integer(
        strict=True,
        load_default=None,
        metadata={"description": "The account to act for; the last one if absent."},
    )


class TokenSchema(Schema):
    access_token = fields.String()
    expires_in = fields.Integer(metadata={"description": "Seconds."})
    account_id = fields.Integer()
    refresh_token = fields.String(
        metadata=SOMETIMES | {"description": "Only if it was asked for in the body. It works once."}
    )


class SwitchAccountSchema(Schema):
    account_id = fields.Integer(strict=True, required=True)


class AccountOfUserSchema(Schema):
    account_id = fields.Integer()
    account_name = fields.String()
    role = fields.String(validate=validate.OneOf(ROLES))
    is_sample = fields.Boolean(metadata={"description": "It holds sample data."})


class MeSchema(Schema):
    user_id = fields.Integer()
    email = fields.String()
    account_id = fields.Integer()
    account_name = fields.String()
    role = fields.String(validate=validate.OneOf(ROLES))
    is_sample = fields.Boolean(metadata={"description": "Whether the account holds sample data."})
    accounts = fields.List(
        fields.Nested(AccountOfUserSchema), metadata={"description": "All that the user belongs to."}
    )


class RegisterSchema(Schema):
    email = email()
    password = new_password()
    account_name = fields.String(
        required=True, validate=[validate.Length(max=200), validate.Regexp(r".*\S"), _is_text]
    )
    time_zone = fields.String(
        load_default=None,
        metadata={
            "description": "Where the account's days begin: Europe/Berlin. UTC if absent or not known."
        },
    )


class AddressSchema(Schema):
    email = email()


class OneTimeTokenSchema(Schema):
    token = fields.String(
        required=True,
        load_only=True,
        validate=validate.Length(max=200),
        metadata={"description": "What follows `#token=` in the link of the mail."},
    )


class VerifySchema(OneTimeTokenSchema):
    password = known_password()


class ResetSchema(OneTimeTokenSchema):
    password = new_password()


class ChangePasswordSchema(Schema):
    current_password = known_password()
    new_password = new_password()


class PasswordSchema(Schema):
    password = known_password()


class CodeSchema(Schema):
    code = fields.String(required=True, load_only=True, validate=IS_CODE)


class EnrolmentSchema(Schema):
    secret = fields.String(metadata={"description": "Base32, for typing into an authenticator app."})
    uri = fields.String(metadata={"description": "otpauth://, for a QR code."})


class RecoveryCodesSchema(Schema):
    recovery_codes = fields.List(
        fields.String(), metadata={"description": "Shown this once; each works once instead of a code."}
    )


class SecondFactorSchema(Schema):
    enabled = fields.Boolean()
    recovery_codes_left = fields.Integer()


class SessionSchema(Schema):
    id = fields.Integer()
    device = fields.String(metadata={"description": 'Such as "Firefox on Windows": the two that follow.'})
    program = fields.String(metadata={"description": "Empty where it is not known, as is `system`."})
    system = fields.String()
    address = fields.String(metadata={"description": "Where it was used from last."})
    created_at = fields.DateTime()
    last_used_at = fields.DateTime(metadata={"description": "Its last refresh."})
    expires_at = fields.DateTime()
    current = fields.Boolean(metadata={"description": "Whether it is the one of this call."})
