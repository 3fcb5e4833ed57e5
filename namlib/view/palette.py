"""Colours of the course, after Okabe and Ito; text or shape always repeats what a colour says."""

BLUE = "#0072B2"
ORANGE = "#E69F00"
VERMILLION = "#D55E00"
GREEN = "#009E73"
GREY = "#767676"
