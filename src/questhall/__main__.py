"""`python -m questhall`."""

from questhall.cli import main

main()
