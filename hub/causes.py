"""Why a source could not be read, in words for whoever looks after it: cause and fix.

What stops a run is told by connectors and plugins in English, for logs and developers. The causes
that occur again and again are known by these words; whatever else was told stands as it is.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Cause(NamedTuple):
    """What has happened, and what helps."""

    cause: str
    fix: str


def known(message: str, language: str) -> Cause | None:
    """Cause and fix of a message in this language (`de`, `en`); None where it is none of them."""
    for pattern, texts in _KNOWN:
        if pattern.search(message):
            return Cause(*texts["en" if language == "en" else "de"])
    return None


def _cause(pattern: str, de: tuple[str, str], en: tuple[str, str]) -> _Known:
    return re.compile(pattern), {"de": de, "en": en}


_Known = tuple[re.Pattern[str], dict[str, tuple[str, str]]]
_KNOWN: tuple[_Known, ...] = (
    _cause(
        r"\bthe name is unknown\b",
        (
            "Den Rechnernamen in der Adresse kennt niemand.",
            "Prüfen Sie die Adresse auf Tippfehler; stimmt sie, ist die Quelle umgezogen oder "
            "abgeschaltet.",
        ),
        (
            "Nobody knows the host name in the address.",
            "Look for a slip in the address; if there is none, the source has moved or is off.",
        ),
    ),
    _cause(
        r"\bthe connection was refused\b",
        (
            "Der Rechner ist da, nimmt aber keine Verbindung an.",
            "Prüfen Sie Port und Adresse; stimmen sie, ist der Dienst gerade aus. Der nächste Lauf "
            "versucht es wieder.",
        ),
        (
            "The host is there but takes no connections.",
            "Check port and address; if they are right, the service is down. The next run tries "
            "again.",
        ),
    ),
    _cause(
        r"\bdid not (answer|finish its answer) within\b|\bgave no sign of life\b",
        (
            "Die Quelle hat nicht in der vorgesehenen Zeit geantwortet.",
            "Meist ist sie überlastet, und der nächste Lauf gelingt; sonst erhöhen Sie die "
            "Wartezeit oder fragen den Betreiber der Quelle.",
        ),
        (
            "The source did not answer in the time set for it.",
            "Mostly it is overloaded and the next run succeeds; else raise the time to wait, or "
            "ask whoever runs the source.",
        ),
    ),
    _cause(
        r"\bhas no valid certificate\b",
        (
            "Das Zertifikat der Quelle ist abgelaufen oder passt nicht zu ihrer Adresse.",
            "Der Betreiber der Quelle muss es erneuern; der Hub liest dort nichts, solange er "
            "nicht sicher ist, mit wem er spricht.",
        ),
        (
            "The certificate of the source has expired or is that of another address.",
            "Whoever runs the source has to renew it; the hub reads nothing there while it cannot "
            "be sure to whom it speaks.",
        ),
    ),
    _cause(
        r"\banswered 401\b|\bthe login was refused\b|\bwrong passphrase\b|\bnot accept the token",
        (
            "Die Quelle hat die Zugangsdaten abgelehnt.",
            "Geben Sie Benutzernamen und Passwort neu ein; sind sie abgelaufen, gibt Ihnen der "
            "Betreiber der Quelle neue.",
        ),
        (
            "The source refused the credentials.",
            "Enter user name and password anew; if they have expired, whoever runs the source "
            "gives you new ones.",
        ),
    ),
    _cause(
        r"\banswered 403\b",
        (
            "Die Quelle verweigert dem Hub den Zugriff.",
            "Fragen Sie den Betreiber der Quelle, ob Ihr Zugang noch gilt und der Hub "
            "freigeschaltet ist.",
        ),
        (
            "The source denies access to the hub.",
            "Ask whoever runs the source whether your access still holds and lets the hub in.",
        ),
    ),
    _cause(
        r"\banswered (404|410)\b",
        (
            "Unter der Adresse gibt es nichts.",
            "Prüfen Sie die Adresse in den Einstellungen; die Quelle kann umgezogen sein.",
        ),
        (
            "There is nothing at the address.",
            "Check the address in the settings; the source may have moved.",
        ),
    ),
    _cause(
        r"\banswered 429\b",
        (
            "Die Quelle wurde zu oft gefragt und bittet um eine Pause.",
            "Sie müssen nichts tun: Der Hub wartet und fragt wieder. Kommt es oft vor, lassen Sie "
            "seltener einlesen.",
        ),
        (
            "The source was asked too often and wants a pause.",
            "Nothing needs to be done: the hub waits and asks again. If it happens often, let it "
            "be read less often.",
        ),
    ),
    _cause(
        r"\banswered 5\d\d\b",
        (
            "Die Quelle hat eine Störung.",
            "Der nächste Lauf versucht es wieder; hält es an, melden Sie es dem Betreiber der "
            "Quelle.",
        ),
        (
            "The source is out of order.",
            "The next run tries again; if it lasts, tell whoever runs the source.",
        ),
    ),
    _cause(
        r"\ban HTML page came\b|\bsent a page for people\b|\bis a web page or XML\b",
        (
            "Statt der Daten kam eine Internetseite.",
            "Prüfen Sie die Adresse: Sie muss zur Schnittstelle führen, nicht zur Startseite. Oft "
            "ist es auch eine Wartungs- oder Anmeldeseite.",
        ),
        (
            "A web page came in place of the data.",
            "Check the address: it must lead to the interface, not to the front page. Often it is "
            "a page about maintenance or for logging in, too.",
        ),
    ),
    _cause(
        r"\bmore than \d+( bytes|\.?$)|\bis larger than \d|\bbytes, above \d",
        (
            "Die Quelle hat mehr geschickt, als der Hub auf einmal annimmt.",
            "Ist sie wirklich so groß, erhöhen Sie die Höchstgröße in den Einstellungen; sonst "
            "prüfen Sie die Adresse.",
        ),
        (
            "The source sent more than the hub takes at once.",
            "If it really is so large, raise the largest size in the settings; else check the "
            "address.",
        ),
    ),
    _cause(
        r"\bno well-formed XML\b|\bno JSON\b|\bneither XML nor JSON\b|\bno feed\b|\bDOCTYPE\b"
        r"|\bno valid HTTP\b|\bcame where <|\bis no OAI-PMH\b|\bThe document is \b"
        r"|\banswer without\b|\bnested too deeply\b",
        (
            "Was die Quelle geschickt hat, hat nicht die erwartete Form.",
            "Prüfen Sie Adresse und Format in den Einstellungen; stimmen sie, ist die Quelle "
            "fehlerhaft und ihr Betreiber muss sie berichtigen.",
        ),
        (
            "What the source sent does not have the form that was expected.",
            "Check address and format in the settings; if they are right, the source is faulty "
            "and whoever runs it has to mend it.",
        ),
    ),
    _cause(
        r"\bno column is taken for the title\b|\bNo header was found\b",
        (
            "In der Tabelle ist keine Spalte für den Titel zu erkennen.",
            "Sagen Sie unter „Zuordnung“, aus welcher Spalte er kommt; die Überschriften müssen in "
            "der ersten Zeile stehen.",
        ),
        (
            "No column of the table can be told to be that of the title.",
            "Say under “Mapping” from which column it comes; the headings must stand in the first "
            "row.",
        ),
    ),
    _cause(
        r"\bThere is no column “",
        (
            "Eine Spalte, die in den Einstellungen steht, gibt es in der Tabelle nicht.",
            "Berichtigen Sie die Überschrift in der Tabelle oder in den Einstellungen; welche es "
            "gibt, steht in der Meldung.",
        ),
        (
            "The table does not have a column that the settings name.",
            "Put the heading right in the table or in the settings; the message tells which there "
            "are.",
        ),
    ),
    _cause(
        r"^None of the \d+",
        (
            "Kein einziger Eintrag der Quelle ist lesbar; deshalb bleibt alles, wie es ist.",
            "Prüfen Sie das Format in den Einstellungen; hat die Quelle ihre Schnittstelle "
            "geändert, braucht das Plugin eine neue Version.",
        ),
        (
            "Not one record of the source can be read; so all stays as it is.",
            "Check the format in the settings; if the source has changed its interface, the plugin "
            "needs a new version.",
        ),
    ),
    _cause(
        r"\bempty page\b|\ba page twice\b|\bthe same page\b|\bannounced \d+ records\b"
        r"|\btokens? (to )?expire\b|\bdoes not end its list\b|\bdid not turn up\b",
        (
            "Die Quelle hat ihre Liste nicht vollständig geliefert; deshalb wird nichts entfernt.",
            "Der nächste Lauf beginnt von vorn; hält es an, muss der Betreiber der Quelle helfen.",
        ),
        (
            "The source did not give the whole of its list; so nothing is withdrawn.",
            "The next run begins anew; if it lasts, tell whoever runs the source.",
        ),
    ),
    _cause(
        r"\bthe open internet\b",
        (
            "Die Adresse führt in ein internes Netz; dorthin geht der Hub nicht von sich aus.",
            "Gehört die Quelle zu Ihrem Netz, muss der Betrieb des Hubs sie für Ihren Standort "
            "freigeben (internal_hosts).",
        ),
        (
            "The address leads into an internal network, where the hub does not go by itself.",
            "If the source is in your network, whoever runs the hub has to allow it for your site "
            "(internal_hosts).",
        ),
    ),
    _cause(
        r"\bonly http and https addresses\b|\bis no valid address\b|\bholds a blank, a backslash\b"
        r"|\bto no valid address\b|\bmust not hold a name or a password\b",
        (
            "Die Adresse ist so nicht zu benutzen.",
            "Berichtigen Sie sie in den Einstellungen: http oder https, ohne Leerzeichen, "
            "Benutzernamen und Passwort.",
        ),
        (
            "The address cannot be used as it is.",
            "Put it right in the settings: http or https, without blanks, user name and password.",
        ),
    ),
    _cause(
        r"^The file .+ (is not there|may not be read)\.",
        (
            "Die Datei fehlt im Dateiordner des Standorts, oder der Hub darf sie nicht lesen.",
            "Legen Sie sie unter genau diesem Namen dort ab oder berichtigen Sie den Namen in den "
            "Einstellungen.",
        ),
        (
            "The file is missing in the folder of the site’s files, or the hub may not read it.",
            "Put it there under exactly this name, or put the name right in the settings.",
        ),
    ),
    _cause(
        r"^The run would withdraw \d+ of \d+ offers",
        (
            "Ein Lauf würde ungewöhnlich viele Angebote entfernen und wartet deshalb auf Sie.",
            "Sehen Sie nach, ob die Quelle vollständig ist, und geben Sie den Lauf frei oder "
            "lehnen Sie ihn ab.",
        ),
        (
            "A run would withdraw unusually many offers and therefore waits for you.",
            "See whether the source is whole, and release or refuse the run.",
        ),
    ),
    _cause(
        r"\bfailed with an error of its own\b",
        (
            "Das Plugin selbst hat einen Fehler.",
            "Melden Sie ihn mit den Diagnosedaten seinem Entwickler; im Protokoll des Hubs stehen "
            "die Einzelheiten.",
        ),
        (
            "The plugin itself has a defect.",
            "Report it to its developer with the diagnostics; the hub’s log has the details.",
        ),
    ),
    _cause(
        r"^The run broke off\b",
        (
            "Der Lauf ist im Hub abgebrochen.",
            "Lassen Sie die Quelle neu einlesen; geschieht es wieder, fragen Sie den Betrieb des "
            "Hubs.",
        ),
        (
            "The run broke off inside the hub.",
            "Let the source be read again; if it happens again, ask whoever runs the hub.",
        ),
    ),
    _cause(
        r"\bconnection was (reset|closed)\b|\bwas cut short\b|\bcould not be unpacked\b"
        r"|\bno connection \(|\bthe proxy did not let\b|\bredirects more than\b",
        (
            "Die Verbindung zur Quelle kam nicht zustande oder riss ab.",
            "Der nächste Lauf versucht es wieder; hält es an, prüfen Sie die Adresse oder fragen "
            "den Betreiber der Quelle.",
        ),
        (
            "There was no connection to the source, or it broke.",
            "The next run tries again; if it lasts, check the address or ask whoever runs the "
            "source.",
        ),
    ),
)
