from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.auth import email
from app.api.schemas.base import OF_AN_ID
from app.models.accounts import ROLES

ROLE = validate.OneOf(ROLES)


class MemberSchema(Schema):
    user_id = fields.Integer()
    email = fields.String()
    role = fields.String(validate=ROLE)
    joined_at = fields.DateTime()


class RoleSchema(Schema):
    role = fields.String(required=True, validate=ROLE)


class NewOwnerSchema(Schema):
    user_id = fields.Integer(required=True, strict=True, validate=OF_AN_ID)


class NewInvitationSchema(Schema):
    email = email()
    role = fields.String(required=True, validate=ROLE)


class InvitationSchema(Schema):
    id = fields.Integer()
    email = fields.String()
    role = fields.String()
    created_at = fields.DateTime()
    sent_at = fields.DateTime(metadata={"description": "When the last mail of it was sent."})
    expires_at = fields.DateTime()
    expired = fields.Boolean()
    user_id = fields.Integer()
    invited_by = fields.String()


class InvitationTokenSchema(Schema):
    token = fields.String(required=True, validate=validate.Length(min=1, max=200))


class AcceptSchema(InvitationTokenSchema):
    password = fields.String(
        load_default=None,
        validate=validate.Length(max=1000),
        metadata={"description": "Needed where `is_known` is false, else not looked at."},
    )


class OfferSchema(Schema):
    account_id = fields.Integer()
    account_name = fields.String()
    email = fields.String()
    role = fields.String()
    is_known = fields.Boolean(metadata={"description": "Whether the address has a user, who signs in."})
