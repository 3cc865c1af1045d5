"""Names that reading and writing have in common."""

LOM = "http://ltsc.ieee.org/xsd/LOM"
EAF_LANGUAGE = "x-t-eaf"
"""As edu-sharing marks what is of the EAF's thesaurus."""
