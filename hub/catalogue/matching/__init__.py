"""Finding the same work where records share no key: pure functions, no database.

`text` takes from a record what can be compared, `vectors` weighs character 3- and 4-grams by how
rare they are, `blocks` names the few rare n-grams under which candidates are looked up, `vetoes`
says what must never be merged by a machine, `scoring` judges a pair and gives its reasons, and
`pairing` keeps a pair only where each is the other's best.
"""

VERSION = 1
"""Grows whenever the same two records are judged otherwise."""
