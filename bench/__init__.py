"""Measures of what RARO must reach, against a real `raro up` on this machine: `make bench`."""
