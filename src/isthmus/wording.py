"""Seconds and bytes as people say them."""


def spell_seconds(seconds: float) -> str:
    """Seconds, from two minutes on with minutes and hours."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def spell_bytes(count: int) -> str:
    """Bytes in the largest unit that leaves a number of 1 or more."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} GiB"
