from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from app.models.leaving import EXPORT_STATES
from app.services.accounts import LONGEST_NAME


class AccountSchema(Schema):
    id = fields.Integer()
    name = fields.String()
    safety_stock = fields.Integer(metadata={"description": "Units of each variant that no channel is shown."})
    low_stock_threshold = fields.Integer(
        metadata={
            "description": "At how many units over all locations a variant without one of its own is low."
        }
    )
    writes_stopped_at = fields.DateTime(
        allow_none=True, metadata={"description": "Since when nothing is written to any shop."}
    )

    delete_at = fields.DateTime(
        allow_none=True, metadata={"description": "When everything of it will be removed, if that was asked."}
    )
    created_at = fields.DateTime()


class ConfigureAccountSchema(Schema):
    name = fields.String(validate=validate.Length(min=1, max=LONGEST_NAME))
    safety_stock = fields.Integer(strict=True)
    low_stock_threshold = fields.Integer(strict=True)

    @validates_schema
    def _says_something(self, given: dict[str, Any], **_options: Any) -> None:
        if not given:
            raise ValidationError("Say what is to change.")


class AccountExportSchema(Schema):
    id = fields.Integer()
    state = fields.String(validate=validate.OneOf(EXPORT_STATES))
    row_count = fields.Integer()
    byte_count = fields.Integer()
    error = fields.String()
    created_at = fields.DateTime()
    finished_at = fields.DateTime(allow_none=True)
    expires_at = fields.DateTime(metadata={"description": "When it is removed."})
    user_id = fields.Integer(allow_none=True)
    asked_by = fields.String(allow_none=True)
