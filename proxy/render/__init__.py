"""One request, one direction: plan, read, functions, finish, encode."""
