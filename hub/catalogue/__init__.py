"""The federated catalogue: sync, normalisation, works, index and search, entitlement."""
