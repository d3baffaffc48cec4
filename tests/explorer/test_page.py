"""The page in a real browser: what a person does with it, and what comes of it."""

from base64 import urlsafe_b64encode
from io import BytesIO

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

import isthmus
from isthmus.recipes import with_fields

WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
SERIOUS = ("serious", "critical")
IS_DRAWN = """(canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
    .every((value, i) => i % 4 < 3 || value === 255)"""


@pytest.fixture
def open_page(chromium, explorer):
    """Open the explorer in a fresh window, where the points need not travel; any error on the page fails the test."""
    contexts, faults = [], []

    def open_at(fragment="", served=explorer, **options):
        usual = {"viewport": WIDE, "accept_downloads": True, "reduced_motion": "reduce"}
        context = chromium.new_context(**{**usual, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: is_fault(message) and faults.append(message.text))
        page.on("request", lambda request: faults.append(request.url) if is_foreign(request.url, served) else None)
        page.goto(served.address + fragment)
        page.wait_for_selector("html[data-ready]")
        until(page, "document.getElementById('facts').textContent.length > 20")
        # A canvas has this width until it is painted; an image that comes late would count as the first change.
        until(page, "document.getElementById('decoded').width !== 300")
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert faults == []


def is_fault(message):
    """An error, but not the browser's remark that a request was refused: the page tells of that itself."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


def is_foreign(url, served):
    return not url.startswith((served.address, "data:", "blob:"))


@pytest.fixture
def page(open_page):
    page = open_page()
    settle(page)
    return page


def settle(page):
    """Wait until the points are at their places."""
    page.wait_for_selector("#stage[aria-busy=false]")


def image(page, canvas="decoded"):
    return page.evaluate(f"document.getElementById('{canvas}').toDataURL()")


def changes(page, act, canvas="decoded"):
    """Whether an image is another after something was done."""
    before = image(page, canvas)
    act()
    page.wait_for_function(f"old => document.getElementById('{canvas}').toDataURL() !== old", arg=before)


def until(page, condition):
    """Wait for something in JavaScript to hold; as a function, since the page's policy forbids code from text."""
    page.wait_for_function(f"() => {condition}")


def text_of(code):
    """A code as a link has it."""
    return urlsafe_b64encode(np.array(code, np.float32).tobytes()).decode().rstrip("=")


def middle_of(page, selector):
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_first_image_is_that_of_a_typical_image(page, tiny_run):
    data = page.evaluate(
        "Array.from(document.getElementById('decoded').getContext('2d').getImageData(0, 0, 10, 12).data)"
    )
    found = np.array(data, np.uint8).reshape(12, 10, 4)[..., :1]
    assert np.abs(found.astype(int) - tiny_run.decode(tiny_run.typical_code[None])[0]).max() <= 1


def test_points_travel_to_their_places(open_page, page):
    moving = open_page(reduced_motion="no-preference")
    settle(moving)
    assert image(moving, "stage-dots") == image(page, "stage-dots")


def test_the_image_follows_the_finger(page):
    x, y = middle_of(page, "#stage")

    def drag():
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(10):
            page.mouse.move(x + 20 * step, y - 12 * step)

    changes(page, drag)
    loupe = page.locator("#loupe").bounding_box()
    assert abs(loupe["x"] + loupe["width"] / 2 - (x + 180)) < 4
    page.mouse.up()


def test_a_click_on_a_point_shows_its_image_beside_the_decoded_one(page):
    place = page.evaluate(
        """async () => {
            const answer = await fetch("api/projection", { headers: { Accept: "application/json" } });
            return (await answer.json()).places.sort((a, b) => b[1] - a[1])[0];
        }"""
    )
    # Where the highest point is on the screen, from the view that the link tells.
    until(page, "location.hash.includes('v=')")
    x, y = page.evaluate(
        """([px, py]) => {
            const box = document.getElementById("stage").getBoundingClientRect();
            const [cx, cy, scale] = new URLSearchParams(location.hash.slice(1)).get("v").split(",").map(Number);
            const unit = scale * Math.min(box.width, box.height);
            return [box.x + box.width / 2 + (px - cx) * unit, box.y + box.height / 2 - (py - cy) * unit];
        }""",
        place,
    )
    page.mouse.move(x, y)
    page.wait_for_selector("#hover-card:not([hidden])")
    assert page.locator("#hover-card canvas").count() == 1
    page.mouse.wheel(0, -120)
    page.wait_for_selector("#hover-card", state="hidden")
    page.mouse.click(x, y)
    page.wait_for_selector("#original-figure:not([hidden])")
    page.wait_for_selector("#reading-of:has-text('of the input image')")


def test_arrow_keys_move_the_cursor_and_say_where_it_is(page):
    page.focus("#stage")
    changes(page, lambda: page.keyboard.press("Shift+ArrowRight"))
    until(page, "document.getElementById('announcement').textContent.startsWith('At ')")
    page.keyboard.press("Enter")
    page.wait_for_selector("#original-figure:not([hidden])")
    for key in ("+", "-", "0", "Alt+ArrowUp"):
        page.keyboard.press(key)


def linked(page, name):
    """What the address says of something, once it has followed what was done."""
    return page.evaluate("(name) => new URLSearchParams(location.hash.slice(1)).get(name)", name)


def until_linked(page, name, condition):
    """Wait until the address says something else of `name`: `condition` is JavaScript on `value`."""
    until(page, f"((value) => {condition})(new URLSearchParams(location.hash.slice(1)).get('{name}'))")


def test_the_buttons_on_the_map_answer_to_enter(page):
    until_linked(page, "v", "value")
    code = linked(page, "z")
    for name, way in (("Zoom in", ">"), ("Zoom out", "<"), ("Zoom in", ">"), ("Show all", "<")):
        before = float(linked(page, "v").split(",")[2])
        page.get_by_role("button", name=name).press("Enter")
        until_linked(page, "v", f"Number(value.split(',')[2]) {way} {before}")
    assert linked(page, "z") == code
    assert not page.locator("#original-figure").is_visible()


def test_sliders_move_the_image_and_the_image_moves_sliders(page):
    slider, shown = page.locator(".dimension input").first, page.locator(".dimension output").first
    before = shown.inner_text()
    changes(page, lambda: slider.fill("1.5"))
    assert shown.inner_text() == "1.50"
    page.get_by_role("button", name="Back to the start").click()
    until(page, f"document.querySelector('.dimension output').textContent === '{before}'")
    assert page.evaluate("document.querySelector('.dimension .strip').width") == 90


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 420}, NARROW], ids=["low", "narrow"])
def test_every_strip_is_drawn_once_it_is_looked_at(open_page, serving, tiny_ae_run, viewport):
    from isthmus.explorer.service import Service

    with serving(Service(tiny_ae_run)) as served:
        page = open_page(served=served, viewport=viewport)
        strips = page.locator(".dimension .strip")
        shapes = "[...document.querySelectorAll('.dimension .strip')].map(({ width, height }) => [width, height])"
        assert page.evaluate(shapes) == [[90, 12]] * 3
        for number in (2, 0):
            strips.nth(number).scroll_into_view_if_needed()
            until(page, f"({IS_DRAWN})(document.querySelectorAll('.dimension .strip')[{number}])")


def test_dimensions_are_sorted_by_what_they_tell(page, service):
    names = page.locator(".dimension .slider-name").all_inner_texts()
    order = np.argsort(-service.cloud.result.information[0])
    assert [name.split()[0] for name in names] == [f"z[{k}]" for k in order]


def test_rate_and_distortion_are_those_of_the_api(page, explorer):
    until(page, "document.getElementById('total').textContent !== '–'")
    rate, distortion, total = (float(page.locator(f"#{name}").inner_text()) for name in ("rate", "distortion", "total"))
    assert rate + distortion == pytest.approx(total, abs=0.2)
    pixels = explorer.ask("/api/decode", {"codes": [[0, 0]]}, {"Accept": "application/octet-stream"}).body
    found = explorer.ask("/api/encode", pixels, {"Content-Type": "application/octet-stream"}).json
    assert found["rate"][0] == pytest.approx(rate, abs=0.1)
    assert found["distortion"][0] == pytest.approx(distortion, abs=0.1)
    page.wait_for_selector("#unusual:not([hidden])")
    assert "%" in page.locator("#unusual-text").inner_text() or "all" in page.locator("#unusual-text").inner_text()


def test_drawing_is_encoded_as_it_grows(page):
    page.click("#tab-drawing")
    x, y = middle_of(page, ".pad")

    def draw():
        page.mouse.move(x - 50, y - 60)
        page.mouse.down()
        for step in range(12):
            page.mouse.move(x - 50 + 8 * step, y - 60, steps=2)
        page.mouse.up()

    changes(page, draw)
    page.wait_for_selector("#original-figure:not([hidden])")
    assert page.locator("#original-name").inner_text() == "your drawing"
    for name in ("Undo", "Invert", "Clear", "Start from the image shown"):
        page.get_by_role("button", name=name, exact=True).click()


def test_an_image_can_be_dropped_and_opened(page, others, explorer):
    file = BytesIO()
    Image.fromarray(others[0][4, ..., 0]).save(file, "PNG")
    drop = """(bytes) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], "bar.png", { type: "image/png" }));
        const how = { dataTransfer: transfer, bubbles: true, cancelable: true };
        for (const type of ["dragover", "drop"]) {
            document.body.dispatchEvent(new DragEvent(type, how));
        }
    }"""
    page.evaluate(drop, list(file.getvalue()))
    page.wait_for_selector("#original-figure:not([hidden])")
    assert page.locator("#original-name").inner_text() == "bar.png"
    shown = page.evaluate(
        "Array.from(document.getElementById('original').getContext('2d').getImageData(0, 0, 10, 12).data)"
    )
    np.testing.assert_array_equal(np.array(shown, np.uint8).reshape(12, 10, 4)[..., 0], others[0][4, ..., 0])
    page.set_input_files("input[type=file]", {"name": "no.png", "mimeType": "image/png", "buffer": b"nothing"})
    page.wait_for_selector("#toast:not([hidden])")
    assert "expected an image file" in page.locator("#toast").inner_text()


@pytest.fixture(scope="module")
def see_through(tiny_ae_recipe, tmp_path_factory):
    """A run of images with opacity: red squares on nothing."""
    images = np.zeros((16, 8, 8, 4), np.uint8)
    for number, image in enumerate(images):
        image[2:6, 2:6] = [200 + number, 20, 20, 255]
    recipe = with_fields(tiny_ae_recipe, {"training.epochs": 1})
    return isthmus.train((images, np.zeros(16, int)), recipe, tmp_path_factory.mktemp("runs") / "rgba", report=False)


@pytest.mark.slow
def test_what_is_seen_through_stays_so_on_the_pad(open_page, serving, see_through):
    from isthmus.explorer.service import Service

    given = np.zeros((8, 8, 4), np.uint8)
    given[4:, 2:6] = [20, 200, 20, 255]
    file = BytesIO()
    Image.fromarray(given).save(file, "PNG")
    with serving(Service(see_through)) as served:
        page = open_page("#t=drawing", served=served)

        def pixels(canvas):
            size, values = page.evaluate(
                """(selector) => {
                    const canvas = document.querySelector(selector);
                    const { width, height } = canvas;
                    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
                    return [[height, width, 4], Array.from(data)];
                }""",
                canvas,
            )
            return np.array(values, np.uint8).reshape(size)

        def click_on(row, column, **how):
            page.locator(".pad").scroll_into_view_if_needed()
            box = page.locator(".pad").bounding_box()
            page.mouse.click(
                box["x"] + (column + 0.5) * box["width"] / 8, box["y"] + (row + 0.5) * box["height"] / 8, **how
            )

        click_on(0, 0)
        page.wait_for_selector("#original-name:has-text('your drawing')")
        page.set_input_files("input[type=file]", {"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()})
        page.wait_for_selector("#original-name:has-text('a.png')")
        np.testing.assert_array_equal(pixels(".pad")[::35, ::35], given)

        click_on(1, 4, button="right")
        assert page.inner_text("#original-name") == "a.png"
        click_on(1, 4)
        page.wait_for_selector("#original-name:has-text('your drawing')")
        found = pixels("#original")
        assert found[1, 4, 3] > 200
        assert found[1, 4, :3].max() == 0
        np.testing.assert_array_equal(found[3:], given[3:])  # a dot changes nothing elsewhere

        page.get_by_label("Eraser").check()
        changes(page, lambda: click_on(6, 4), "original")
        assert pixels("#original")[6, 4, 3] < 55

        page.get_by_role("button", name="Clear").click()
        assert not pixels(".pad").any()


def test_an_interpolation_plays_and_is_saved_as_a_film(page):
    page.click("#tab-interpolation")
    until(page, "document.querySelector('#panel-interpolation .strip').width === 110")
    changes(page, lambda: page.get_by_role("button", name="Play").click())
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("Spherical").check()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as GIF").click()
    film = Image.open(saved.value.path())
    assert film.format == "GIF"
    assert film.n_frames == 24 + 4 + 22
    assert film.size[0] % 10 == film.size[1] % 12 == 0
    frames = []
    for number in range(film.n_frames):
        film.seek(number)
        frames.append(np.asarray(film.convert("L")))
    assert (frames[0] != frames[25]).any()
    np.testing.assert_array_equal(frames[3], frames[-1])  # the way back is the way there


def test_the_film_shows_what_the_decoder_gives(open_page, tiny_run):
    """The pixels of the film's ends are those of the codes in the link."""
    ends = np.array([[-1.5, 0.5], [1.0, -1.0]], np.float32)
    page = open_page(f"#t=interpolation&ab={'.'.join(map(text_of, ends))}&w=linear")
    until(page, "document.querySelector('#panel-interpolation .strip').width === 110")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as GIF").click()
    film = Image.open(saved.value.path())
    zoom = film.size[0] // 10
    for number, image in ((0, tiny_run.decode(ends)[0]), (26, tiny_run.decode(ends)[1])):
        film.seek(number)
        found = np.asarray(film.convert("L"))[::zoom, ::zoom]
        assert np.abs(found.astype(int) - image[..., 0]).max() <= 1


def test_more_like_this_is_near_at_a_low_temperature(page):
    page.click("#tab-variations")
    until(page, "document.querySelectorAll('#panel-variations .thumb').length === 12")
    page.get_by_label("Temperature").fill("0")
    until(
        page,
        """[...document.querySelectorAll('#panel-variations .thumb')].every(
            (canvas) => canvas.toDataURL() === document.getElementById('decoded').toDataURL())""",
    )
    page.get_by_label("Temperature").fill("1")
    until(
        page,
        """new Set([...document.querySelectorAll('#panel-variations .thumb')].map((c) => c.toDataURL())).size > 6""",
    )
    changes(page, lambda: page.locator("#panel-variations .image-button").first.click())
    changes(page, lambda: page.get_by_role("button", name="A new image of class 1").click())


def test_images_to_go_to_keep_the_focus_and_say_where_they_lead(page):
    focused = "document.activeElement.getAttribute('aria-label')"
    changes(page, lambda: page.locator(".dimension input").first.fill("1.5"))  # away from all images
    third = page.locator("#neighbours button:not([aria-label$=' distance 0.00'])").nth(2)
    third.wait_for()
    third = page.locator("#neighbours button").nth(2)
    third.focus()
    goal, _ = page.evaluate(focused).removeprefix("Go to image ").rsplit(", ", 1)
    page.keyboard.press("Enter")
    page.wait_for_function("goal => document.getElementById('announcement').textContent === `Image ${goal}`", arg=goal)
    # The button stands for another image now, no farther than the one that it led to.
    until(page, "document.activeElement.getAttribute('aria-label').endsWith(' distance 0.00')")
    assert third.evaluate("(button) => button === document.activeElement")

    page.click("#tab-variations")
    second = page.locator("#panel-variations .image-button").nth(1)
    second.focus()
    drawn = "document.querySelectorAll('#panel-variations .image-button canvas')[1].toDataURL()"
    for _ in range(2):
        before = page.evaluate(drawn)
        changes(page, lambda: page.keyboard.press("Enter"))
        until(page, "document.getElementById('announcement').textContent === 'Variation 2'")
        # Until new variations are drawn, the button leads to the one that is shown.
        page.wait_for_function(f"old => {drawn} !== old", arg=before)
        assert page.evaluate(focused) == "Go to variation 2"
    assert page.locator("#panel-variations .image-button").count() == 12


def hold(page, path):
    """Keep what the page asks of a path from being answered, until `release()`, which waits for the page to know."""
    held = []

    def release():
        page.route(path, lambda route: route.continue_())
        for route in held:
            route.continue_()
        for route in held:
            route.request.response().finished()
        # An answer that came earlier was also read earlier; what is drawn for it is drawn within two frames.
        page.evaluate(
            """async () => {
                await (await fetch("api/describe")).json();
                for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
            }"""
        )

    page.route(path, lambda route: held.append(route))
    return release


@pytest.mark.parametrize(
    ("path", "ask"),
    [
        ("**/api/images", lambda page: page.click("#surprise")),
        ("**/api/sample", lambda page: page.get_by_role("button", name="A new image of class 1").click()),
        ("**/api/encode", lambda page: page.get_by_role("button", name="Invert").click()),
    ],
    ids=["image", "sample", "drawing"],
)
def test_an_answer_that_comes_too_late_moves_nothing(page, path, ask):
    page.wait_for_selector("#neighbours button")
    page.click("#tab-drawing" if "encode" in path else "#tab-variations")
    release = hold(page, path)
    with page.expect_request(path):
        ask(page)
    page.click("#tab-dimensions")
    changes(page, lambda: page.locator(".dimension input").first.fill("1.5"))
    release()
    assert page.locator(".dimension output").first.inner_text() == "1.50"
    assert not page.locator("#original-figure").is_visible()


def test_an_interpolation_ends_where_a_hand_takes_over(page):
    page.click("#tab-interpolation")
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").wait_for()
    x, y = middle_of(page, "#stage")
    page.mouse.click(x + 90, y + 60)
    page.get_by_role("button", name="Play").wait_for()


def test_arithmetic_adds_what_one_group_has_and_another_has_not(page, service):
    page.click("#tab-arithmetic")
    selects = page.locator("#panel-arithmetic select")
    selects.nth(0).select_option("2")
    selects.nth(1).select_option("0")
    page.get_by_label("Strength").fill("1")
    cloud = service.cloud.result
    labels = np.asarray(cloud.source.labels)
    direction = cloud.codes[labels == 2].mean(axis=0) - cloud.codes[labels == 0].mean(axis=0)
    page.click("#tab-dimensions")
    values = page.evaluate("[...document.querySelectorAll('.dimension input')].map((input) => input.valueAsNumber)")
    order = np.argsort(-cloud.information[0])
    np.testing.assert_allclose(values, (service.run.typical_code + direction)[order], atol=0.03)


def test_points_can_be_lassoed(page):
    page.click("#tab-arithmetic")
    page.get_by_label("Lasso").check()
    box = page.locator("#stage").bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    for x, y in ((0.99, 0.01), (0.99, 0.99), (0.01, 0.99)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
    page.mouse.up()
    until(page, "document.getElementById('panel-arithmetic').textContent.includes('Selected images: 120.')")


def test_a_link_restores_the_view(open_page, page):
    page.click("#tab-variations")
    page.get_by_label("Temperature").fill("0.8")
    page.get_by_label("Both").check()
    page.get_by_role("button", name="Surprise me").click()
    page.wait_for_selector("#original-figure:not([hidden])")
    page.click("#copy-link")
    address = page.evaluate("location.hash")
    other = open_page(address)
    other.wait_for_selector("#original-figure:not([hidden])")
    other.wait_for_function("old => document.getElementById('decoded').toDataURL() === old", arg=image(page))
    assert other.locator("#original-name").inner_text() == page.locator("#original-name").inner_text()
    assert other.locator("#tab-variations").get_attribute("aria-selected") == "true"
    assert other.get_by_label("Temperature").input_value() == "0.8"
    assert other.locator("input[value=both]").is_checked()


def test_a_link_restores_colours_hidden_classes_and_arithmetic(open_page, page):
    page.get_by_label("Colour of the points").select_option("rate")
    page.get_by_label("Colour of the points").select_option("label")
    page.locator(".chip").nth(1).click()
    page.get_by_label("Colour of the points").select_option("rate")
    page.click("#tab-arithmetic")
    without = image(page)
    changes(page, lambda: page.get_by_label("Strength").fill("1"))
    until_linked(page, "s", "value === '1'")
    other = open_page(page.evaluate("location.hash"))
    until(other, "document.querySelector('#panel-arithmetic output').textContent === '1.00'")
    assert other.get_by_label("Colour of the points").input_value() == "rate"
    other.wait_for_selector("#legend .gradient")
    other.get_by_label("Colour of the points").select_option("label")
    pressed = "[...document.querySelectorAll('.chip')].map((chip) => chip.getAttribute('aria-pressed'))"
    assert other.evaluate(pressed) == ["true", "false", "true"]
    # The slider goes on from where it was: without what was added the image is the one before.
    other.get_by_label("Strength").fill("0")
    other.wait_for_function("old => document.getElementById('decoded').toDataURL() === old", arg=without)


def test_surprise_me_always_shows_another_image(page):
    page.evaluate("Math.random = () => 0.5")
    for _ in range(2):
        changes(page, page.get_by_role("button", name="Surprise me").click)


def test_a_link_that_is_entered_is_followed_and_so_is_the_way_back(page):
    page.click("#tab-variations")
    changes(page, page.get_by_role("button", name="Surprise me").click)  # decoded, however slow the machine
    page.wait_for_selector("#original-figure:not([hidden])")
    until_linked(page, "i", "value")
    address, name, seen = page.evaluate("location.hash"), page.inner_text("#original-name"), image(page)
    page.click("#tab-dimensions")
    changes(page, lambda: page.get_by_role("button", name="Back to the start").click())
    until_linked(page, "t", "value === 'dimensions'")
    page.evaluate("(hash) => (location.hash = hash)", address)
    page.wait_for_selector("#original-figure:not([hidden])")
    page.wait_for_function("old => document.getElementById('decoded').toDataURL() === old", arg=seen)
    assert page.inner_text("#original-name") == name
    assert page.locator("#tab-variations").get_attribute("aria-selected") == "true"
    until_linked(page, "i", "value")
    page.evaluate("history.back()")
    page.wait_for_selector("#original-figure", state="hidden")
    assert page.locator("#tab-dimensions").get_attribute("aria-selected") == "true"


def test_a_link_does_not_pull_back_who_moved_before_the_points_were_there(open_page, serving, tiny_run, others):
    from isthmus.explorer.service import Service

    with serving(Service(tiny_run, others), background=False) as served:
        page = open_page("#i=3", served=served)
        changes(page, lambda: page.locator(".dimension input").first.fill("1.5"))
        seen = image(page)
        served.service.start()
        settle(page)
        until_linked(page, "v", "value")
        assert linked(page, "i") is None
        assert image(page) == seen


@pytest.mark.parametrize(
    "fragment", ["#z=%%%&v=a,b&t=nothing&ab=..", "#z=AAAA&i=99999999&g=.&T=9&l=x", "#z=" + "A" * 5000]
)
def test_a_truncated_link_is_no_fault(open_page, fragment):
    page = open_page(fragment)
    settle(page)


def test_the_manifold_covers_the_prior(page):
    page.click("#tab-manifold")
    until(page, "document.querySelector('.manifold').width === 180")
    changes(page, lambda: page.locator(".manifold").click(position={"x": 10, "y": 10}))


def test_labels_can_be_hidden_and_images_shown_under_the_points(page):
    dots = "document.getElementById('stage-dots').toDataURL()"
    before = page.evaluate(dots)
    page.locator(".chip").first.click()
    page.wait_for_function(f"old => {dots} !== old", arg=before)
    tiles = "document.getElementById('stage-tiles').toDataURL()"
    before = page.evaluate(tiles)
    page.get_by_label("Both").check()
    page.wait_for_function(f"old => {tiles} !== old", arg=before)


def test_an_embedding_has_points_and_no_images_between_them(page, service):
    places = np.array(service.cloud.result.codes, np.float32) ** 3
    page.route(
        "**/api/projection?name=umap",
        lambda route: route.fulfill(
            body=safetensors.numpy.save({"places": places}, {"names": '["UMAP 1", "UMAP 2"]'}),
            content_type="application/octet-stream",
        ),
    )
    page.route("**/api/describe", lambda route: route.fulfill(json=with_umap(route.fetch().json())))
    page.reload()
    settle(page)
    page.get_by_label("Both").check()
    page.get_by_label("Projection").select_option("umap")
    page.wait_for_selector("#toast:not([hidden])")
    assert "UMAP has no latent codes between its points" in page.inner_text("#toast")
    assert page.get_by_label("Points", exact=True).is_checked()
    assert page.get_by_label("Images", exact=True).is_disabled()
    page.get_by_label("Projection").select_option("latent")
    page.get_by_label("Images", exact=True).check()


def with_umap(about):
    return about | {"projections": [*about["projections"], "umap"]}


@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [
        pytest.param(WIDE, "light", id="wide-light"),
        pytest.param(NARROW, "dark", id="narrow-dark"),
        pytest.param(WIDE, "dark", id="wide-dark", marks=pytest.mark.thorough),
        pytest.param(NARROW, "light", id="narrow-light", marks=pytest.mark.thorough),
    ],
)
@pytest.mark.slow
def test_nothing_stands_in_the_way_of_assistive_technology(open_page, scheme, viewport):
    axe = pytest.importorskip("axe_core_python.sync_playwright").Axe()
    page = open_page(color_scheme=scheme, viewport=viewport)
    page.wait_for_selector("#unusual:not([hidden])")
    for tab in page.locator("[role=tab]").all():
        tab.click()
        until(page, "document.getAnimations().length === 0")  # colours on their way have contrasts of their own
        found = axe.run(page)["violations"]
        faults = [
            (fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found if fault["impact"] in SERIOUS
        ]
        assert faults == [], tab.inner_text()


@pytest.mark.parametrize("viewport", [WIDE, NARROW, {"width": 320, "height": 640}], ids=["wide", "narrow", "least"])
def test_many_classes_leave_the_map_its_place(open_page, serving, tiny_run, others, viewport):
    from isthmus.explorer.service import Service

    with serving(Service(tiny_run, (others[0], np.arange(120)))) as served:
        page = open_page("#t=interpolation", served=served, viewport=viewport)
        page.wait_for_selector(".chip >> nth=119", state="attached")
        heights = page.evaluate("['stage', 'legend'].map((id) => document.getElementById(id).clientHeight)")
        assert heights[0] > 250
        assert heights[1] < 125
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        for select in page.locator("#toolbar select").all():
            assert select.bounding_box()["width"] > 145  # "Colour by distortion" and the arrow
        ways = page.locator("#panel-interpolation .segments").bounding_box()
        assert ways["width"] < 0.7 * page.locator("#panel-interpolation").bounding_box()["width"]


def test_sliders_say_where_they_stand_and_what_a_code_is(open_page):
    page = open_page(f"#t=arithmetic&g=2.0&s=0.333&z={text_of([3.4, -1.234])}")
    # The slider's steps are of 0.02.
    until(page, "document.querySelector('#panel-arithmetic output').textContent === '0.34'")
    page.click("#tab-dimensions")
    assert sorted(page.locator(".dimension output").all_inner_texts()) == ["-1.23", "3.40"]


def test_costs_below_nothing_have_their_histogram(page, service):
    """What Gaussians of little noise cost: densities above one."""
    distortion = -1000 - 10 * np.arange(len(service.cloud.result.codes), dtype=np.float32)
    page.route(
        "**/api/distortions",
        lambda route: route.fulfill(
            body=safetensors.numpy.save({"distortion": distortion}), content_type="application/octet-stream"
        ),
    )
    page.reload()
    page.wait_for_selector("#unusual-mark", state="attached")
    heights = page.evaluate(
        "[...document.querySelectorAll('#unusual-chart rect')].map((bar) => bar.height.baseVal.value)"
    )
    # Even costs make even bars; a seventh of the room is left for what costs more.
    assert np.count_nonzero(heights[:40]) == 40
    assert sum(heights[43:]) == 0


def test_dark_follows_the_system_and_the_button(open_page):
    page = open_page(color_scheme="dark")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.click("#theme")
    assert page.locator("html").get_attribute("data-theme") == "light"


def test_a_phone_shows_all_of_it_without_scrolling_sideways(open_page):
    page = open_page(viewport=NARROW, has_touch=True, is_mobile=True)
    page.wait_for_selector("#legend button")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for tab in page.locator("[role=tab]").all():
        tab.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, tab.inner_text()
    settle(page)
    x, y = middle_of(page, "#stage")
    changes(page, lambda: page.touchscreen.tap(x + 60, y + 70))


def test_all_of_it_can_be_reached_by_the_keyboard(page):
    page.focus("#tab-dimensions")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-manifold"
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.id") == "tab-arithmetic"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-dimensions"


def test_without_images_the_prior_is_there_to_explore(open_page, serving, tiny_run, wait_for):
    from isthmus.explorer.service import Service

    with serving(Service(tiny_run)) as served:
        wait_for(lambda: served.service.cloud.error)
        page = open_page(served=served)
        until(page, "document.getElementById('toolbar').textContent.includes('No images')")
        x, y = middle_of(page, "#stage")
        changes(page, lambda: page.mouse.click(x + 90, y + 60))
        page.click("#tab-interpolation")
        until(page, "document.querySelector('#panel-interpolation .strip').width === 110")


def test_a_plain_autoencoder_of_three_dimensions_too(open_page, serving, tiny_ae_run, others, wait_for):
    from isthmus.explorer.service import Service

    with serving(Service(tiny_ae_run, others)) as served:
        wait_for(lambda: served.service.distortions.result is not None)
        page = open_page(served=served)
        settle(page)
        assert not page.locator("#rate-row").is_visible()
        assert page.locator("#tab-manifold").count() == 0
        assert "PC1" in page.locator("#axis-x").inner_text()
        x, y = middle_of(page, "#stage")
        changes(page, lambda: page.mouse.click(x + 90, y + 60))
