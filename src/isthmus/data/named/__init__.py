"""The named data sets, and the formats that they are published in."""
