"""Small pieces of a cache: keys, store, flight."""
