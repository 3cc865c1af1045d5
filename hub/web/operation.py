"""For those who run the hub: `/healthz` and `/metrics`."""

from __future__ import annotations

from importlib.metadata import version
from time import perf_counter

import sqlalchemy as sa
from flask import Flask, Response, g, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from hub.web.context import the_hub


def init_app(app: Flask) -> None:
    registry = CollectorRegistry()
    duration = Histogram(
        "hub_request_seconds",
        "Time to answer a request",
        ["method", "endpoint", "status"],
        registry=registry,
    )

    @app.before_request
    def begin() -> None:
        g.began = perf_counter()

    @app.after_request
    def measure(response: Response) -> Response:
        # The endpoint, not the path: its values are few, whatever visitors type.
        labels = request.method, request.endpoint or "none", str(response.status_code)
        if "began" in g:
            duration.labels(*labels).observe(perf_counter() - g.began)
        return response

    @app.get("/healthz")
    def healthz() -> tuple[Response, int]:
        try:
            with the_hub().db.read() as session:
                session.execute(sa.text("SELECT 1"))
        except SQLAlchemyError:
            app.logger.exception("the database does not answer")
            return jsonify(status="the database does not answer"), 503
        return jsonify(status="ok", version=version("medienzentren-hub")), 200

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
