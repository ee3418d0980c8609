"""The REST API's error bodies: ``{"code", "message", "data": {"status"}}``."""

from typing import Any


class RestError(Exception):
    """A WP_Error on its way out."""

    def __init__(
        self,
        code: str,
        message: str,
        status: int,
        *,
        data: dict[str, Any] | int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data = {"status": status} if data is None else data
        self.headers = headers or {}

    def as_body(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "data": self.data}


def invalid_param(name: str, message: str, detail: str = "rest_invalid_type") -> RestError:
    """An argument that the route's schema refuses."""
    return RestError(
        "rest_invalid_param",
        f"Invalid parameter(s): {name}",
        400,
        data={
            "status": 400,
            "params": {name: message},
            "details": {name: {"code": detail, "message": message, "data": {"param": name}}},
        },
    )


def invalid_id(post_type: str, status: int) -> RestError:
    return RestError(f"woocommerce_rest_{post_type}_invalid_id", "Invalid ID.", status)
