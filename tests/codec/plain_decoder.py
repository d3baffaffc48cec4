"""A second decoder of archives, slow and plain: whole numbers of Python and its standard library, nothing of isthmus.

It was written from docs/format.md, and reads sound archives that hold their model.
"""

import bisect
import hashlib
import json
import lzma
import zlib
from decimal import Decimal, getcontext, localcontext
from functools import cache

getcontext().prec = 80
WHOLE = 1 << 24


def little(content):
    return int.from_bytes(content, "little")


def words_of(content):
    return [little(content[i : i + 4]) for i in range(0, len(content), 4)]


class Stack:
    def __init__(self, words):
        self.bulk = list(words)
        self.state = self.bulk.pop() if self.bulk else 0
        if self.bulk:
            self.state = self.state << 32 | self.bulk.pop()

    def pop(self, below):
        part = self.state % WHOLE
        symbol = bisect.bisect_right(below, part) - 1
        self.state = (self.state >> 24) * (below[symbol + 1] - below[symbol]) + part - below[symbol]
        if self.state < 1 << 32 and self.bulk:
            self.state = self.state << 32 | self.bulk.pop()
        return symbol

    def push(self, symbol, below):
        mass = below[symbol + 1] - below[symbol]
        if self.state >= mass << 40:
            self.bulk.append(self.state % (1 << 32))
            self.state >>= 32
        self.state = (self.state // mass << 24) + below[symbol] + self.state % mass

    def words(self):
        low, high = self.state % (1 << 32), self.state >> 32
        return self.bulk + ([low, high] if high else [low] if low else [])


# Tables.


@cache
def pi():
    def arctan_of_inverse(n):
        return sum((-1) ** k / (Decimal(2 * k + 1) * Decimal(n) ** (2 * k + 1)) for k in range(60))

    return 16 * arctan_of_inverse(5) - 4 * arctan_of_inverse(239)


def normal(x):
    """Φ by the alternating series about 0 (Abramowitz & Stegun 26.2.10); 80 digits outlast what cancels."""
    term, total, n = x, x, 0
    while abs(term) > Decimal(10) ** -40:
        n += 1
        term = -term * x * x / (2 * n)
        total += term / (2 * n + 1)
    return Decimal("0.5") + total / (2 * pi()).sqrt()


def logistic(x):
    return 1 / (1 + (-x).exp())


def nearest(value, bits):
    return int((value * (1 << bits)).to_integral_value(rounding="ROUND_HALF_EVEN"))


@cache
def cumulative(family):
    reach = {"normal": 8, "logistic": 16}[family]
    points = [Decimal(i) / 64 for i in range(-64 * reach, 64 * reach + 1)]
    exact = [normal(x) if family == "normal" else logistic(x) for x in points]
    slopes = [
        (-x * x / 2).exp() / (2 * pi()).sqrt() if family == "normal" else f * (1 - f)
        for x, f in zip(points, exact, strict=True)
    ]
    values, rises = [nearest(v, 40) for v in exact], [nearest(s, 34) for s in slopes]
    table = []
    for i in range(len(points) - 1):
        for j in range(64):
            cubic = (
                (2 * j**3 - 192 * j**2 + 64**3) * values[i]
                + (j**3 - 128 * j**2 + 64**2 * j) * rises[i]
                + (192 * j**2 - 2 * j**3) * values[i + 1]
                + (j**3 - 64 * j**2) * rises[i + 1]
            )
            table.append(max(cubic >> 28, table[-1] if table else -1))
    return [*table, values[-1] >> 10], reach


@cache
def scaled(family, symbols):
    table, reach = cumulative(family)
    room = WHOLE - symbols
    table = [value * room >> 30 for value in table]
    table[0], table[-1] = 0, room
    return table, reach << 12


def look_up(family, symbols, steps):
    table, reach = scaled(family, symbols)
    return table[min(max(steps, -reach), reach) + reach]


@cache
def function_table(kind):
    function, bits = {
        "posterior": (lambda x: (-x / 2).exp(), 12),
        "pixels": (lambda x: (-x).exp() / 255, 20),
        "weights": (lambda x: x.exp(), 20),
    }[kind]
    return [nearest(function(Decimal(i) / 64), bits) for i in range(-1024, 1025)]


def interpolate(table, x, fraction):
    below = fraction - 6
    place = min(max((x >> below) + 1024, 0), 2047)
    rest = x - ((place - 1024) << below)
    return table[place] + (((table[place + 1] - table[place]) * rest + (1 << below >> 1)) >> below)


# Networks.


def run_network(network, numbers):
    values = [numbers]
    for node in network["nodes"][1:]:
        values.append(compute(node, [values[source] for source in node["sources"]]))
    return {name: values[number] for name, (number, _) in network["outputs"].items()}


def cut(value, bound):
    return min(max(value, -bound), bound)


def compute(node, sources):
    x, op = sources[0], node["op"]
    if op == "lookup":
        return [node["table"][v] for v in x]
    if op == "interpolation":
        return [cut(interpolate(node["table"], v, node["source_fraction"]), node["bound"]) for v in x]
    if op == "rectifier":
        return [max(v, 0) + (min(v, 0) * node["slope"] + 2048 >> 12 if node["slope"] else 0) for v in x]
    if op == "shifted":
        return [v + w for v, w in zip(x, node["values"], strict=True)]
    if op == "sum":
        return [cut(v + w, node["bound"]) for v, w in zip(*sources, strict=True)]
    if op == "join":
        return [v for source in sources for v in source]
    if op == "rearranged":
        return [x[i] if i >= 0 else 0 for i in node["index"]]
    if op == "constant":
        return node["values"]
    assert op == "product"
    rows, terms = node["index_shape"]
    columns = len(node["bias"])
    half = 1 << node["shift"] >> 1
    out = []
    for row in range(rows):
        gathered = [x[i] if i >= 0 else 0 for i in node["index"][row * terms : (row + 1) * terms]]
        for column in range(columns):
            total = sum(v * node["weights"][t * columns + column] for t, v in enumerate(gathered) if v)
            out.append(cut(total + node["bias"][column] + half >> node["shift"], node["bound"]))
    return out


def read_model(content):
    size = little(content[:4])
    model = json.loads(zlib.decompress(content[4 : 4 + size]))
    at, packed = 4 + size, iter(model["arrays"])
    plain = []
    for name in ("encoder", "decoder"):
        for node in model[name]["nodes"]:
            for key in [key for key in ARRAYS[node["op"]] if key in node]:
                method, length = next(packed)
                shape = node[key]
                count = 1
                for side in shape:
                    count *= side
                node[key], node[f"{key}_shape"] = unpack(method, content[at : at + length], count), shape
                plain.append(node[key])
                at += length
    return model, plain


ARRAYS = {
    "lookup": ["table"],
    "interpolation": ["table"],
    "product": ["index", "weights", "bias"],
    "shifted": ["values"],
    "rearranged": ["index"],
    "constant": ["values"],
    "input": [],
    "rectifier": [],
    "sum": [],
    "join": [],
}


def unpack(method, content, count):
    if method == "differences":
        raw, total, numbers = zlib.decompress(content), 0, []
        for i in range(count):
            total += int.from_bytes(raw[8 * i : 8 * i + 8], "little", signed=True)
            numbers.append(total)
        return numbers
    assert method == "histogram"
    least = int.from_bytes(content[:8], "little", signed=True)
    low, length = little(content[8:16]), little(content[16:24])
    counts = words_of(zlib.decompress(content[32 : len(content) - 4 * length]))
    summed, total = [0], sum(counts)
    for counted in counts:
        summed.append(summed[-1] + counted)
    below = [s * (WHOLE - 256) // total + i for i, s in enumerate(summed)]
    stack = Stack(words_of(content[len(content) - 4 * length :]))
    numbers = [stack.pop(below) << low for _ in range(count)]
    for start in reversed(range(0, low, 8)):
        bits = min(8, low - start)
        even = [i * (WHOLE >> bits) for i in range((1 << bits) + 1)]
        for i in range(count):
            numbers[i] |= stack.pop(even) << start
    return [number + least for number in numbers]


# Distributions.


def levels_below(cumulate, high=None):
    """The numbers below each of 16 symbols: of the high four bits, or of the low four given the high."""
    if high is None:
        return [cumulate(16 * i) for i in range(17)]
    within = [cumulate(16 * high + i) - cumulate(16 * high) for i in range(17)]
    return [w * (WHOLE - 16) // within[16] + i for i, w in enumerate(within)]


def cumulator(edge, family, mean, steepness, bits, far):
    def cumulate(k):
        at = -far if k == 0 else far if k == 256 else edge(k)
        return look_up(family, 256, (at - mean) * steepness >> bits) + k

    return cumulate


def code_cumulators(posterior):
    return [
        cumulator(
            lambda k: (2 * k - 257) << 7,
            "normal",
            mean >> 4,
            min(max(interpolate(function_table("posterior"), log_variance, 16), 1), 1 << 26),
            12,
            1 << 30,
        )
        for mean, log_variance in zip(posterior["mean"], posterior["log_variance"], strict=True)
    ]


def component(family, mean, log_scale):
    steepness = min(max(interpolate(function_table("pixels"), log_scale, 16), 1 << 8), 1 << 26)
    return cumulator(lambda k: (2 * k - 1) << 11, family, mean * 255 >> 4, steepness, 20, 1 << 34)


def pixel_cumulators(likelihood, parameters, count):
    family = likelihood["kind"]
    if not likelihood["mixture"]:
        means = parameters["mean"]
        scales = parameters.get("log_scale", [likelihood["log_scale"]])
        return [component(family, means[i], scales[i if len(scales) == count else 0]) for i in range(count)]
    found = []
    several = len(parameters["mixture_logits"]) // count
    for i in range(count):
        part = slice(i * several, (i + 1) * several)
        logits = parameters["mixture_logits"][part]
        top = max(logits)
        weights = [interpolate(function_table("weights"), max(v - top, -16 << 16), 16) for v in logits]
        parts = [
            component(family, mean, scale)
            for mean, scale in zip(parameters["means"][part], parameters["log_scales"][part], strict=True)
        ]

        def mixed(k, weights=weights, parts=parts):
            return sum(w * (f(k) - k) for w, f in zip(weights, parts, strict=True)) // sum(weights) + k

        found.append(mixed)
    return found


def pop_levels(stack, cumulators):
    high = [stack.pop(levels_below(cumulate)) for cumulate in cumulators]
    low = [stack.pop(levels_below(cumulate, h)) for cumulate, h in zip(cumulators, high, strict=True)]
    return [16 * upper + lower for upper, lower in zip(high, low, strict=True)]


def push_levels(stack, cumulators, levels):
    for cumulate, level in reversed(list(zip(cumulators, levels, strict=True))):
        stack.push(level % 16, levels_below(cumulate, level // 16))
    for cumulate, level in reversed(list(zip(cumulators, levels, strict=True))):
        stack.push(level // 16, levels_below(cumulate))


@cache
def prior():
    edges = [-(1 << 20), *((2 * k - 257) << 7 for k in range(1, 256)), 1 << 20]
    return [look_up("normal", 256, edge) + k for k, edge in enumerate(edges)]


def white_below(logits):
    return [[0, WHOLE - 1 - look_up("logistic", 2, logit >> 4), WHOLE] for logit in logits]


def decode_images(model, words, blocks):
    stack = Stack(words)
    count = model["shape"][0] * model["shape"][1] * model["shape"][2]
    dim = model["decoder"]["nodes"][0]["size"]
    images = []
    for block in reversed(blocks):
        levels = [stack.pop(prior()) for _ in range(block * dim)]
        codes = [levels[i * dim : (i + 1) * dim] for i in range(block)]
        given = [run_network(model["decoder"], [level - 128 for level in code]) for code in codes]
        if model["pixels"]["kind"] == "bernoulli":
            pixels = [255 * stack.pop(below) for parameters in given for below in white_below(parameters["logits"])]
        else:
            cumulators = [f for parameters in given for f in pixel_cumulators(model["pixels"], parameters, count)]
            pixels = pop_levels(stack, cumulators)
        found = [pixels[i * count : (i + 1) * count] for i in range(block)]
        cumulators = [f for image in found for f in code_cumulators(run_network(model["encoder"], image))]
        push_levels(stack, cumulators, levels)
        images = found + images
    expected = b"".join(hashlib.sha256(f"isthmus bits-back {i}".encode()).digest() for i in range(1000))
    left = stack.words()
    assert left == [word | 1 for word in words_of(expected[: 4 * len(left)])]
    return images


# The container.


def records(content):
    assert content[:8] == b"\x89ISTH\r\n\x1a"
    at, identity, number = 8, b"", 0
    while at < len(content) - 16:
        head = content[at : at + 24]
        assert head[:4] == b"\x93isr"
        assert little(head[8:12]) == number
        assert zlib.crc32(head[:20]) == little(head[20:])
        size = little(head[12:20])
        body = content[at + 24 : at + 24 + size]
        check = hashlib.blake2b(identity + head + body, digest_size=16).digest()
        assert check == content[at + 24 + size : at + 40 + size]
        if not number:
            identity = hashlib.blake2b(body, digest_size=16).digest()
        yield head[4:8].decode(), body
        at, number = at + 40 + size, number + 1
    assert content[-8:] == b"isthend\n"


def names_of(runs):
    for before, digits, first, behind, count in runs:
        for i in range(count):
            yield before + (f"{first + i:0{digits}d}" + behind if digits else "")


def decode(content):
    """The images of an archive: name, shape (None for a file) and bytes of each."""
    model, images = None, []
    for kind, body in records(content):
        if kind == "head":
            about = json.loads(zlib.decompress(body))
            assert about["format"] in (1, 2)
        elif kind == "modl":
            model, plain = read_model(body)
            assert about["image"] == model["shape"]
            described = json.loads(zlib.decompress(body[4 : 4 + little(body[:4])]))
            del described["arrays"]
            digest = hashlib.sha256(json.dumps(described, sort_keys=True, separators=(",", ":")).encode())
            for array in plain:
                digest.update(b"".join(int(v).to_bytes(8, "little", signed=True) for v in array))
            assert digest.hexdigest() == about["model"]
        elif kind == "chnk":
            images += decode_chunk(model, body)
    return images


def decode_chunk(model, body):
    size = little(body[:4])
    told = json.loads(zlib.decompress(body[4 : 4 + size]))
    at = 4 + size
    words = words_of(body[at : at + 4 * told["words"]])
    at += 4 * told["words"]
    images = [None] * told["images"]
    names = list(names_of(told["names"]))
    for group in told["escaped"]:
        places = [place for start, stop in group["places"] for place in range(start, stop)]
        parts, inside, start = [], body, at
        if "packed" in group:
            inside, start = lzma.decompress(body[at : at + group["packed"]]), 0
        for length in group["sizes"]:
            parts.append(inside[start : start + length])
            start += length
        at = at + group["packed"] if "packed" in group else start
        if group["shape"] is None:
            for place, part in zip(places, parts, strict=True):
                images[place] = (names[place], None, part)
            continue
        height, width, channels = group["shape"]
        raw = bytearray(zlib.decompress(parts[0][1:]))
        if parts[0][0] == 1:
            for i in range(len(raw)):
                if i % (width * channels) >= channels:
                    raw[i] = (raw[i] + raw[i - channels]) % 256
        each = height * width * channels
        for i, place in enumerate(places):
            images[place] = (names[place], tuple(group["shape"]), bytes(raw[i * each : (i + 1) * each]))
    coded = iter(decode_images(model, words, told["blocks"]) if told["blocks"] else [])
    for place in range(len(images)):
        if images[place] is None:
            images[place] = (names[place], tuple(model["shape"]), bytes(next(coded)))
    check = 0
    for _, _, content in images:
        check = zlib.crc32(content, check)
    assert check == told["check"]
    return images


# Lossy archives.


@cache
def masses_below(width):
    table, end = scaled("normal", 1024)
    with localcontext() as context:
        context.prec = 60
        step = int((Decimal(4096) / Decimal(2) ** (Decimal(width) / 8)).to_integral_value())
    inner = [table[cut((2 * k - 1025) * step >> 1, end) + end] + k for k in range(1, 1024)]
    return [0, *inner, WHOLE]


def pop_quantised(words, widths, count):
    stack = Stack(words)
    columns = [[stack.pop(masses_below(width)) - 512 for _ in range(count)] for width in widths]
    assert stack.words() == []
    return [list(row) for row in zip(*columns, strict=True)]


def signed(content, size):
    return [int.from_bytes(content[i : i + size], "little", signed=True) for i in range(0, len(content), size)]


def decode_lossy(content):
    """The names and the codes of a lossy archive."""
    assert content[:5] == b"ISTL\x01"
    assert zlib.crc32(content[5:14] + content[18:]) == little(content[14:18])
    named, body, runs = content[5], content[18:], None
    if named:
        length, packed = little(body[:4]), little(body[4:8])
        text = zlib.decompress(body[8 : 8 + packed])
        assert len(text) == length
        runs, body = json.loads(text), body[8 + packed :]
    count, dim, size = little(body[:4]), little(body[4:6]), little(body[6:8])
    grid, words = body[8 : 8 + size], words_of(body[8 + size :])
    middles, spreads = signed(grid[:8], 2), signed(grid[8:12], 1)
    rows = [
        [value + middle for value, middle in zip(row, middles, strict=True)]
        for row in pop_quantised(words_of(grid[12:]), spreads, dim)
    ]
    quantised = pop_quantised(words, [total - step for step, total, _, _ in rows], count)
    codes = [
        [(value + 256 * high + low) * 2 ** (step / 8) for value, (step, _, low, high) in zip(row, rows, strict=True)]
        for row in quantised
    ]
    names = list(names_of(runs)) if runs else [f"{n:0{len(str(count - 1))}d}" for n in range(count)]
    return names, codes
