"""Controls, one model call and one view each."""
