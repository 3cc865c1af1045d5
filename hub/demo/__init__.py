"""The demonstration network: invented holdings, written as the files and answers of real systems.

Nothing here reaches the catalogue by itself: the sources that are written here are read by the
same plugins as real ones.
"""
