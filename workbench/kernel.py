"""The kernel that reports run in: an ordinary IPython kernel that starts faster.

`rfc3987_syntax` builds grammars for 0.9 s when jsonschema is first imported, for a check of `iri` formats that no
notebook needs; jsonschema does without it when it cannot be imported.
"""

from __future__ import annotations

import sys


def skip_slow_imports() -> None:
    """Keep jsonschema from importing its IRI grammars; to be called before altair, nbformat or papermill is imported."""
    sys.modules.setdefault("rfc3987_syntax", None)


def main() -> None:
    """Run a kernel; the arguments are those of ipykernel."""
    skip_slow_imports()
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()


if __name__ == "__main__":
    main()
