"""Reports and exchange formats."""
