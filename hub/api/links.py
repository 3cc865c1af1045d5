"""Addresses in answers: absolute, from HUB_BASE_URL, never from what a client says of the host."""

from __future__ import annotations

from typing import Any

from flask import request

from hub.web import context

link = context.public_address


def same(**changed: Any) -> str:
    """This request with some parameters replaced; None takes one away."""
    asked: dict[str, Any] = request.args.to_dict(flat=False)
    return link(request.endpoint or "", **{**asked, **changed})


def document_url(schema: str) -> str:
    """Where the API's document describes a schema."""
    return f"{link('openapi')}#/components/schemas/{schema}"
