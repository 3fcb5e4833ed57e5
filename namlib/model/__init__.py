"""Pure functions over records and findings. Nothing here opens a file or draws."""
