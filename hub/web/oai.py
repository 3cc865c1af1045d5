"""The OAI-PMH provider over HTTP: `/oai` for the network, `/oai/<site>` for one site."""

from __future__ import annotations

import gzip

from flask import Blueprint, Response, abort, current_app, request
from sqlalchemy.exc import InterfaceError, OperationalError

from hub.catalogue.oai.answers import Repository
from hub.web import context, csrf

COMPRESSED = 1_000
"""Bytes from which an answer is worth compressing."""
RETRY_AFTER = 60
"""Seconds after which a harvester may try again while the database does not answer."""

pages = Blueprint("oai", __name__)


@pages.route("/oai", methods=["GET", "POST"])
@pages.route("/oai/<site>", methods=["GET", "POST"])
@csrf.exempt  # the protocol lets harvesters ask by POST; it changes nothing
def answer(site: str = "") -> Response:
    given = (request.form if request.method == "POST" else request.args).items(multi=True)
    found = _repository(site).answer(given)
    response = Response(found.body, content_type="text/xml; charset=utf-8")
    # Weak, because `responseDate` differs while nothing else does.
    response.set_etag(found.tag, weak=True)
    response.vary.add("Accept-Encoding")
    if request.method != "POST":
        response.make_conditional(request)
    if (
        response.status_code == 200
        and len(found.body) >= COMPRESSED
        and request.accept_encodings["gzip"] > 0
    ):
        response.set_data(gzip.compress(found.body, compresslevel=1))
        response.content_encoding = "gzip"
    return response


def _repository(site: str) -> Repository:
    hub = context.the_hub()
    settings = hub.settings
    if not site:
        return Repository(hub.db, settings.base_url, settings.admin_email)
    row = context.sites().get(site)
    if row is None:
        abort(404)
    return Repository(hub.db, settings.base_url, settings.admin_email, site=site, name=row.name)


@pages.errorhandler(OperationalError)
@pages.errorhandler(InterfaceError)
def database_gone(error: Exception) -> Response:
    current_app.logger.error("the database does not answer", exc_info=error)
    text = "The database does not answer. Try again later.\n"
    return Response(text, 503, {"Retry-After": str(RETRY_AFTER)}, mimetype="text/plain")
