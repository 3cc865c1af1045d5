"""What a Landesmedienzentrum sees of the network: coverage, freshness, the map."""
