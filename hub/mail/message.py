"""A mail of the outbox as a message of the internet (RFC 5322): UTF-8, one recipient."""

from __future__ import annotations

from base64 import b64decode
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256

from hub.mail import address
from hub.mail.outbox import one_line
from hub.models import Mail, Site

LONGEST_NAME = 100


def build(mail: Mail, site: Site | None, sender: str) -> EmailMessage:
    """The message, the same whenever it is built. `sender` is the address of the hub.

    It comes in the name of the centre; answers go where the mail says, or else to the centre's own
    address where it has one.
    Raises `ValueError` for what cannot be a header.
    """
    message = EmailMessage(policy=SMTP)
    local, _, domain = sender.rpartition("@")
    name = one_line(site.name, LONGEST_NAME) if site is not None else ""
    message["From"] = Address(name, local, domain)
    message["To"] = Address(addr_spec=mail.recipient)
    answers = address.recipient(
        mail.reply_to or (str(site.contact.get("email", "")) if site is not None else "")
    )
    if answers is not None:
        message["Reply-To"] = Address(name, addr_spec=answers)
    message["Subject"] = mail.subject
    message["Date"] = mail.queued_at
    message["Message-ID"] = _identifier(mail.key, domain)
    if mail.thread:
        # Nobody has the mail of this name; all that refer to it are shown as one conversation.
        message["In-Reply-To"] = message["References"] = _identifier(mail.thread, domain)
    # So that no absence note and no other program answers (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body, cte="quoted-printable")
    for one in mail.attachments:
        media_type = _media_type(one["media_type"])
        message.add_attachment(
            b64decode(one["content"]),
            maintype=media_type.get_content_maintype(),
            subtype=media_type.get_content_subtype(),
            filename=one["name"],
            params=dict(media_type["Content-Type"].params),
        )
    return message


def _identifier(key: str, domain: str) -> str:
    return f"<{sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def _media_type(text: str) -> EmailMessage:
    """What only holds this media type, to read it by the rules of MIME."""
    holder = EmailMessage()
    holder["Content-Type"] = text
    return holder
