"""From whatever a user names (a path, an array, a data set) to images."""
