"""Schools and other institutions: taken in, kept with their history, led to their centre."""
