"""`python -m proxy` is `cogproxy`."""

from proxy.cli import main

main(prog_name="cogproxy")
