"""The FBA loss and claim workbench."""
