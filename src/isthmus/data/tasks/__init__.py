"""From an image to an input and a target: corruptions, holes, grey versions, masks, augmentation."""
