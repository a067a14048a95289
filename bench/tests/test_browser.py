"""What a page loads, and what a form sends: read from the words of a page."""

import pytest

from bench.browser import Answer, assets_in_style, assets_of, errors, fields_of

PAGE = """
<link rel="icon" href="/static/img/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/css/a.css?v=1">
<link rel="canonical" href="/elsewhere/">
<script src="/static/js/a.js" defer></script>
<a href="/orders/">Orders</a>
<img alt="" src="picture.png"><img src="data:image/png;base64,AA=="><img src="https://other.example/x.png">
<svg><use href="#wheat"></use></svg>
<img alt="" src="picture.png">
"""


def test_a_page_loads_styles_scripts_and_pictures_of_this_host_each_once():
    assert assets_of(PAGE, "/menu/") == [
        "/static/img/icon.svg",
        "/static/css/a.css?v=1",
        "/static/js/a.js",
        "/menu/picture.png",
    ]


def test_a_style_sheet_loads_fonts_and_other_sheets():
    style = "@import 'more.css'; a { src: url(\"../f/x.woff2\") } b { src: url(data:x) } c { src: url(../f/x.woff2) }"
    assert assets_in_style(style, "/static/css/a.css") == ["/static/css/more.css", "/static/f/x.woff2"]


@pytest.mark.parametrize("order", ['name="quantity" value="3"', 'value="3" name="quantity"'])
def test_a_form_sends_its_fields_as_they_stand(order):
    page = f"""
    <form id="other"><input name="no" value="1"></form>
    <form method="post" id="assign" action="/x/"><input type="hidden" name="csrfmiddlewaretoken" value="t">
    <input {order}><input type="checkbox" name="box" value="on"><input name="empty"></form>
    <input name="late" value="2">"""
    assert fields_of(page, "assign") == {"quantity": "3"}


def answer(status, **headers):
    return Answer(status=status, headers=headers, body=b"", size=0, seconds=0.1)


RECORDED, MENU = answer(200, **{"HX-Redirect": "/runs/1/"}), answer(200)


@pytest.mark.parametrize(
    ("recorded", "read", "count"),
    [
        ([RECORDED], [MENU], 0),
        ([RECORDED, answer(422)], [MENU], 1),
        ([RECORDED], [MENU, answer(500)], 1),
        ([RECORDED], [answer(302, Location="/login/"), answer(503)], 2),
    ],
)
def test_a_recording_without_a_run_and_an_empty_page_that_is_none_are_errors(recorded, read, count):
    assert errors(recorded, read) == count
