"""Image files around archives: pixels of plain image files, and files for the images that come out."""
