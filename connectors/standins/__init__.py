"""Servers that speak a protocol where the real one cannot be had: for tests and demonstration."""
