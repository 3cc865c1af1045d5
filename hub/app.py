"""The web application: pages, plugin pages, operation."""

from __future__ import annotations

from secrets import token_hex

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from hub import api
from hub.runtime import Hub
from hub.web import (
    about,
    account,
    again,
    api_tokens,
    assets,
    booking,
    booking_check,
    booking_rules,
    calendar_feed,
    cart,
    centres,
    certificate,
    connections,
    crawlers,
    credentials,
    csrf,
    demand,
    desk,
    embedding,
    errors,
    finder,
    flows,
    free,
    headers,
    heads,
    institutions,
    lacking,
    language,
    licences,
    lists,
    live,
    log_pages,
    logging_in,
    login,
    mails,
    mapping,
    missed,
    mounting,
    moving,
    my_bookings,
    network,
    oai,
    offer,
    opening,
    operation,
    overview,
    page,
    papers,
    passkeys,
    personal,
    processing,
    profile,
    purchases,
    quality,
    recommendations,
    recommending,
    reports,
    runs,
    search,
    second_factor,
    self_service,
    setup_copy,
    shared_lists,
    staff,
    statistics,
    takeaway,
    team,
    texts,
    trials,
    works,
)

MAX_REQUEST = 1_000_000
"""Bytes of a request's body; uploads will have their own limit."""


def create_app(hub: Hub | None = None) -> Flask:
    """The WSGI application on an initialised database; raises `NotInitialised`.

    Without `hub` the settings of the environment are used (`SettingsError`).
    """
    hub = hub or Hub.open()
    hub.check_initialised()
    app = Flask("hub", static_folder=None, template_folder="web/templates")
    app.config.update(
        SECRET_KEY=hub.settings.secret_key or token_hex(),
        MAX_CONTENT_LENGTH=MAX_REQUEST,
        MAX_FORM_MEMORY_SIZE=MAX_REQUEST,
    )
    app.extensions["hub"] = hub
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for part in (language, headers, login, csrf, assets, texts, page, errors, operation):
        part.init_app(app)
    for pages in (
        search,
        live,
        takeaway,
        crawlers,
        offer,
        opening,
        free,
        booking,
        booking_check,
        booking_rules,
        again,
        cart,
        calendar_feed,
        moving,
        my_bookings,
        certificate,
        overview,
        desk,
        papers,
        heads,
        finder,
        centres,
        profile,
        team,
        embedding,
        network,
        about,
        oai,
        logging_in,
        self_service,
        account,
        api_tokens,
        institutions,
        personal,
        processing,
        second_factor,
        passkeys,
        log_pages,
        staff,
        mails,
        demand,
        missed,
        lacking,
        purchases,
        lists,
        shared_lists,
        recommendations,
        recommending,
        licences,
        statistics,
        reports,
        flows,
        connections,
        runs,
        trials,
        mapping,
        quality,
        credentials,
        setup_copy,
        works,
    ):
        app.register_blueprint(pages.pages)
    api.init_app(app)
    mounting.init_app(app, hub)
    if hub.settings.base_url.startswith("https:"):
        # TLS ends at a proxy in front of the hub, which says so in one hop of headers.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    return app
