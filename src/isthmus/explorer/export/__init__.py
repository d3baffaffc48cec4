"""The explorer as one HTML file: the page, with the run in it."""
