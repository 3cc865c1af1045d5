"""The catalogue as a repository of OAI-PMH 2.0 (openarchives.org/OAI/openarchivesprotocol.html).

Every offer is an item, withdrawn ones stay as deleted records. `protocol` reads requests, `tokens`
resumption tokens, `listing` the database, `documents` keeps rendered metadata, `answers` puts
the answer together; `moments` says what time it is. HTTP is the business of `hub.web.oai`.
"""
