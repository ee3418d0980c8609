from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import Flag, PageArgs, Said
from app.models.imports import IMPORT_KINDS, IMPORT_STATES, ROW_OUTCOMES
from app.services.stock_changes import MOST_NOTE_CHARACTERS


class UploadArgs(Schema):
    file_name = fields.String(load_default="", validate=validate.Length(max=MOST_NOTE_CHARACTERS))


class CatalogArgs(UploadArgs):
    currency = fields.String(
        load_default=None,
        validate=validate.Regexp(r"[A-Z]{3}\Z"),
        metadata={"description": "Of amounts of rows and variants that have none."},
    )


class CountsArgs(UploadArgs):
    location_id = fields.Integer(required=True)
    counted_at = fields.AwareDateTime(
        required=True,
        metadata={"description": "When the rows without a time of their own were counted."},
    )


class ApplyImportSchema(Schema):
    skip_faulty = Flag(
        load_default=False, metadata={"description": "Apply the other rows; else none if one is faulty."}
    )


class ImportSchema(Schema):
    id = fields.Integer()
    kind = fields.String(validate=validate.OneOf(IMPORT_KINDS))
    state = fields.String(validate=validate.OneOf(IMPORT_STATES))
    file_name = fields.String()
    currency = fields.String(allow_none=True)
    location_id = fields.Integer(allow_none=True)
    counted_at = fields.DateTime(allow_none=True)
    count_id = fields.Integer(allow_none=True, metadata={"description": "The count that it became."})
    columns = fields.List(fields.String(), metadata={"description": "Those of the file that are used."})
    ignored_columns = fields.List(fields.String())
    size_bytes = fields.Integer()
    read_bytes = fields.Integer(metadata={"description": "Checked so far, of `size_bytes`."})
    rows = fields.Integer(metadata={"description": "Checked so far; the sum of the four that follow."})
    creates = fields.Integer()
    changes = fields.Integer()
    unchanged = fields.Integer()
    faulty = fields.Integer()
    to_apply = fields.Integer()
    applied = fields.Integer(metadata={"description": "Rows applied so far, of `to_apply`."})
    problem = fields.String(metadata={"description": "Why it was refused or failed, else empty."})
    problem_said = Said("problem")
    created_at = fields.DateTime()
    closed_at = fields.DateTime(allow_none=True)


class ImportRowArgs(PageArgs):
    outcome = fields.String(load_default=None, validate=validate.OneOf(ROW_OUTCOMES))


class ImportRowSchema(Schema):
    line = fields.Integer(metadata={"description": "Of the file, where the row begins."})
    outcome = fields.String(validate=validate.OneOf(ROW_OUTCOMES))
    variant_id = fields.Integer(allow_none=True)
    given = fields.Dict(keys=fields.String(), metadata={"description": "Column -> what the row says."})
    changes = fields.Dict(
        keys=fields.String(), metadata={"description": "Field -> [old, new]; amounts in the smallest unit."}
    )
    currency = fields.String(
        allow_none=True,
        metadata={
            "description": "Of the variant's amounts, null while it has none. New ones are in it too, unless"
            " `changes` says of `currency` that it becomes another."
        },
    )
    problem = fields.String(metadata={"description": "What is wrong with it, else empty."})
    problem_said = Said("problem")
    applied = fields.Boolean()
