"""`python -m raro.cli`: the command without its script."""

from raro.cli.app import main

main()
