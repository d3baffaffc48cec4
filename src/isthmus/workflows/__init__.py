"""What joins the parts: train, export, evaluate and report."""
