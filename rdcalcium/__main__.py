"""`python -m rdcalcium` is the command line."""

from rdcalcium.cli import main

main()
