"""Bookings of things of limited number: one ledger, the rules of each site, what becomes of them.

`ledger` decides what is free and never lets more be taken than there is; `rules` and `opening`
say, as pure functions, what a site allows; `progress` moves a booking from state to state;
`keeping` is the base of plugins that keep their bookings here.
"""
