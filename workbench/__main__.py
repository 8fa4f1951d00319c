"""The command as `python -m workbench`, for where the installed `workbench` is not on the path."""

from workbench.cli import main

raise SystemExit(main())
