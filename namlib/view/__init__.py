"""From results to SVG, tables, sentences and figures. No state, no files."""
