"""Who somebody is, and what they may do: login, sessions, roles, permissions."""
