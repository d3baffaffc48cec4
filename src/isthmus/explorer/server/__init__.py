"""The explorer over HTTP: the page, the API and what protects both."""
