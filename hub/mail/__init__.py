"""Mails of the hub: written (`letters`), queued with what they are about (`outbox`), sent by the
worker (`sending`).

Whoever has something to tell a person calls `letters.write_to` in the transaction in which it
happens, so a mail goes out if and only if that is committed. A mail may come twice when a worker
dies between the server's word and its note of it; both have the same Message-ID.
"""
