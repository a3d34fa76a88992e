"""What tests do with the page, and read from it."""

import json
from urllib.parse import parse_qsl

IS_DONE = "document.getElementById('status').textContent.includes('round trips included')"
IS_WRONG = "!document.getElementById('error').hidden"


def value(table, row, column):
    return f"""Number(document.querySelector(
        '#{table} [data-name={row}] [data-column={column}] data').value)"""


def text(element):
    return f"document.getElementById('{element}').textContent"


def change(element, new):
    return f"""(() => {{
        const element = document.querySelector({json.dumps(element)});
        if (element.type === 'radio') element.checked = true;
        else element.value = {json.dumps(str(new))};
        element.dispatchEvent(new Event('input', {{bubbles: true}}));
        element.dispatchEvent(new Event('change', {{bubbles: true}}));
    }})()"""


def start(browser, stub, address=""):
    stub.requests.clear()
    browser.open(f"{stub.url}#{address}")
    browser.wait_for(f"{IS_WRONG} || {IS_DONE}")


def address(browser):
    return dict(parse_qsl(browser.evaluate("location.hash.slice(1)")))
