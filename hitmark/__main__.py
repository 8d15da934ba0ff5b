"""`python -m hitmark` is the `hitmark` command."""

from hitmark.cli import main

main()
