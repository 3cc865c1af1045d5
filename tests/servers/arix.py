"""Starts the stand-in ARIX server as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

RECORDS = """<result>
<r identifier="DEMO-4900001" contexts="NRW"><f n="nr">4900001</f><f n="titel">Wasserkreislauf</f>
<f n="typ">49</f><f n="laenge">12 min f</f><f n="geb">80, 28010</f><f n="adressat">A(3-6)</f>
<f n="text">Wolken, Regen &amp; Flüsse.
Mit Arbeitsblättern.</f><f n="schlag">Wasser; Wetter</f></r>
<r identifier="demo-5500002" contexts="NRW/TST"><f n="nr">5500002</f><f n="titel">Burgen</f>
<f n="typ">55</f><f n="text">Leben im Mittelalter: Ritter, Bauern, Mägde.</f></r>
<r identifier="DEMO-4900003" contexts="NRW/VIE"><f n="titel">Nur in Viersen: Wasser</f></r>
<r identifier="DEMO-5800004" contexts="NRW"><f n="titel">Wasserportal</f><f n="typ">58</f>
<f n="url">https://wasser.example/portal?pid=fnodv5er6v9hfjr0cefjtiicm7</f></r>
<r identifier="DEMO-4900005" contexts="NRW"><f n="titel">Abgelaufen</f><f n="typ">49</f>
<f n="licence">2015-12-31</f></r>
<r identifier="DEMO-4600006" contexts="NRW/TST"><f n="typ">46</f><f n="text">ohne Titel</f></r>
<r identifier="DEMO-4600007" contexts="NRW/TST"><f n="titel">Wüsten</f><f n="typ">46</f></r>
</result>
"""
"""Five records for the centre TST that can be read, one that cannot, one that is not for it."""


@contextmanager
def running(*arguments: str | Path) -> Iterator[str]:
    """The base address of a server with these arguments; it ends with the block."""
    command = [sys.executable, "-m", "connectors.standins.arix_server", "--with-parent"]
    process = subprocess.Popen(
        [*command, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    try:
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError(process.stderr.read())
        yield address
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
        process.stderr.close()
