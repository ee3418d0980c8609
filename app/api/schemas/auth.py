from __future__ import annotations

from marshmallow import Schema, fields, validate


class LoginSchema(Schema):
    email = fields.String(required=True, validate=validate.Length(max=320))
    password = fields.String(required=True, validate=validate.Length(max=1000))
    account_id = fields.Integer(
        load_default=None, metadata={"description": "For a user of several accounts; the first if absent."}
    )


class TokenSchema(Schema):
    access_token = fields.String()
    expires_in = fields.Integer(metadata={"description": "Seconds."})
    account_id = fields.Integer()


class MeSchema(Schema):
    user_id = fields.Integer()
    email = fields.String()
    account_id = fields.Integer()
    account_name = fields.String()
    role = fields.String()
