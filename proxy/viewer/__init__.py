"""Pages for people: directory, map and snippets."""
