"""What the hub itself does with personal data: the part of the notice that no plugin declares.

The privacy notice of a site and its Verzeichnis von Verarbeitungstätigkeiten (DSGVO Art. 13, 30)
are this and what the plugins enabled there declare.
"""

from __future__ import annotations

from hub.plugin import PersonalData

OWN: tuple[PersonalData, ...] = (
    PersonalData(
        what={
            "de": "Konto: Name und E-Mail-Adresse, soweit die Anmeldung sie nennt, Kennung des "
            "Anmeldedienstes, Rollen, Schule, letzte Anmeldung",
            "en": "Account: name and e-mail address as far as the login gives them, identifier of "
            "the login service, roles, school, last login",
        },
        purpose={
            "de": "Anmeldung, Rechte und Lizenzen",
            "en": "Login, permissions and licences",
        },
        retention={
            "de": "bis zum Löschen, spätestens 24 Monate nach der letzten Anmeldung",
            "en": "until erased, at the latest 24 months after the last login",
        },
    ),
    PersonalData(
        what={
            "de": "Angemeldete Geräte: Browser, gekürzte Netzadresse, Beginn und letzte Nutzung",
            "en": "Devices that are logged in: browser, shortened network address, begin and use",
        },
        purpose={
            "de": "Anmeldung schützen und beenden können",
            "en": "Protecting logins and ending them",
        },
        retention={
            "de": "bis zum Abmelden, höchstens 12 Stunden, gelöscht in der folgenden Nacht",
            "en": "until logout, at most 12 hours, erased in the night that follows",
        },
    ),
    PersonalData(
        what={
            "de": "Fehlgeschlagene Anmeldungen: Konto und gekürzte Netzadresse, nur als Prüfwert",
            "en": "Failed logins: account and shortened network address, as a check value only",
        },
        purpose={
            "de": "Erraten von Passwörtern verhindern",
            "en": "Keeping passwords from being guessed",
        },
        retention={"de": "24 Stunden", "en": "24 hours"},
    ),
    PersonalData(
        what={
            "de": "Änderungsprotokoll: wer was wann geändert hat",
            "en": "Log of changes: who changed what when",
        },
        purpose={
            "de": "Nachvollziehbarkeit von Rechten und Einstellungen",
            "en": "Accountability for permissions and settings",
        },
        retention={"de": "12 Monate", "en": "12 months"},
    ),
    PersonalData(
        what={
            "de": "E-Mails des Hubs: Adresse, Betreff, Text, Zeitpunkt",
            "en": "E-mails of the hub: address, subject, text, time",
        },
        purpose={
            "de": "Benachrichtigungen, um die es im Konto geht",
            "en": "Messages about what happens in the account",
        },
        retention={
            "de": "Text eine Woche, Adresse und Betreff 90 Tage nach dem Versand",
            "en": "text one week, address and subject 90 days after sending",
        },
    ),
    PersonalData(
        what={
            "de": "Team im Steckbrief: Aufgabe, dienstliche Mailadresse und Rufnummer, mit "
            "Einwilligung der Name",
            "en": "Team in the profile: task, e-mail address and phone number of the office, with "
            "consent the name",
        },
        purpose={
            "de": "Ansprechpersonen des Zentrums nennen",
            "en": "Saying whom to ask at the centre",
        },
        retention={
            "de": "bis zum Entfernen durch das Zentrum oder bis zum Enddatum",
            "en": "until the centre takes it out, or until its end date",
        },
    ),
    PersonalData(
        what={
            "de": "Medienlisten: Titel, Beschreibung, Angebote und Notizen",
            "en": "Media lists: title, description, offers and notes",
        },
        purpose={
            "de": "Angebote für den Unterricht sammeln und auf Wunsch teilen",
            "en": "Collecting offers for lessons and sharing them if wanted",
        },
        retention={
            "de": "bis zum Löschen durch die Person, danach höchstens acht Tage; spätestens mit "
            "dem Konto",
            "en": "until the person deletes them, then eight days at most; at the latest with the "
            "account",
        },
    ),
)
